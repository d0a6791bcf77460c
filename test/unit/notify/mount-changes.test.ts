import t from 'tap';
import { MountChanges } from '../../../src/notify/mount-changes.ts';
import { NAMESPACE } from '../../support/controller/builders.ts';

/** What the driver writes, and what is told of it. */
function mounting() {
  const told: string[] = [];
  let version = 0;
  const changes = new MountChanges((change) =>
    told.push(`${change.namespace}/${change.type}/${change.name} ${change.version}`),
  );
  const put = (pod: string, mounted: string | undefined, of = 'vault'): void => {
    version += 1;
    const objects = mounted === undefined ? [] : [{ id: 'secret/db', version: mounted }];
    changes.put({
      metadata: {
        ...{ name: `${pod}-${of}`, namespace: NAMESPACE, uid: `uid-${pod}` },
        resourceVersion: String(version),
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      status: { podName: pod, secretProviderClassName: of, objects },
    });
  };
  const remove = (pod: string): void => changes.remove({ namespace: NAMESPACE, name: `${pod}-vault` });
  return { told, put, remove };
}

t.test('pods that rotate one after the other are one change of their class', async (t) => {
  const { told, put } = mounting();
  put('a', '1');
  put('b', '1');
  put('other', '1', 'azure');
  put('a', '2');
  put('a', '2');
  put('b', '2');
  put('other', '2', 'azure');
  t.same(told, ['apps/spc/vault 4', 'apps/spc/azure 7']);
});

t.test('a pod that comes or goes is no change, whatever it has mounted', async (t) => {
  const { told, put, remove } = mounting();
  put('a', '1');
  put('b', '2');
  remove('a');
  put('a', '3');
  t.same(told, []);
});

t.test('a class that returns to what it was has changed again', async (t) => {
  const { told, put } = mounting();
  put('a', '1');
  put('a', '2');
  put('a', '1');
  put('a', '2');
  t.same(told, ['apps/spc/vault 2', 'apps/spc/vault 3', 'apps/spc/vault 4']);
});

t.test('so has one that returns to it after pods have started with another version', async (t) => {
  const { told, put, remove } = mounting();
  put('a', '1');
  put('a', '2');
  remove('a');
  put('b', '3');
  put('b', '2');
  t.same(told, ['apps/spc/vault 2', 'apps/spc/vault 4']);
});

t.test('a status that had nothing mounted counts once it has, as in Reloader', async (t) => {
  const { told, put } = mounting();
  put('a', undefined);
  put('a', '1');
  put('a', undefined);
  t.same(told, ['apps/spc/vault 2']);
});
