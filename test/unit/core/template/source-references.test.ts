import t from 'tap';
import type { Container, PodTemplate, Volume } from '../../../../src/core/api/pod-template.ts';
import { findReferences } from '../../../../src/core/template/source-references.ts';
import { using } from '../../../support/core/core-objects.ts';

type Spec = NonNullable<PodTemplate['spec']>;
const found = (spec: Spec) => Object.fromEntries(findReferences({ spec }).references);
const mounting = (name: string, ...volumes: readonly string[]): Container => ({
  name,
  volumeMounts: volumes.map((volume) => ({ name: volume })),
});
const volume = (name: string, rest: Omit<Volume, 'name'>): Volume => ({ name, ...rest });
const inApp = { container: 'app', needs: [] };

t.test('findReferences finds a source in every place that a template can name one', async (t) => {
  const env = [
    { name: 'A', valueFrom: { configMapKeyRef: { name: 'by-key', key: 'a' } } },
    { name: 'B', valueFrom: { secretKeyRef: { name: 'by-key', key: 'b' } } },
    { name: 'C', value: 'plain' },
  ];
  const container = {
    ...mounting('app', 'one', 'two', 'three'),
    ...using('app', 'cm/whole', 'secret/whole'),
    env,
  };
  const volumes = [
    volume('one', { configMap: { name: 'mounted' } }),
    volume('two', { secret: { secretName: 'mounted' } }),
    volume('three', {
      projected: { sources: [{ configMap: { name: 'part' } }, { secret: { name: 'part' } }, {}] },
    }),
  ];
  t.same(found({ containers: [container], volumes }), {
    'cm/mounted': inApp,
    'secret/mounted': inApp,
    'cm/part': inApp,
    'secret/part': inApp,
    'cm/by-key': { container: 'app', needs: ['a'] },
    'secret/by-key': { container: 'app', needs: ['b'] },
    'cm/whole': inApp,
    'secret/whole': inApp,
  });
});

t.test('findReferences does not count a volume that nobody mounts', async (t) => {
  t.same(
    found({ containers: [{ name: 'app' }], volumes: [volume('v', { configMap: { name: 'app' } })] }),
    {},
  );
});

t.test('findReferences counts a second volume of a source of which the first is not mounted', async (t) => {
  const volumes = [
    volume('idle', { configMap: { name: 'app' } }),
    volume('used', { configMap: { name: 'app' } }),
  ];
  t.same(found({ containers: [mounting('app', 'used')], volumes }), { 'cm/app': inApp });
});

t.test(
  'findReferences counts what only an init container uses, and puts the lever in the first container',
  async (t) => {
    const containers = [{ name: 'app' }, { name: 'sidecar' }];
    t.same(found({ containers, initContainers: [using('init', 'cm/app')] }), { 'cm/app': inApp });
    const volumes = [volume('v', { secret: { secretName: 'db' } })];
    t.same(found({ containers, initContainers: [mounting('init', 'v')], volumes }), { 'secret/db': inApp });
  },
);

t.test('findReferences counts a native sidecar as the init container that it is', async (t) => {
  const sidecar = { ...using('proxy', 'cm/proxy'), restartPolicy: 'Always' };
  t.same(found({ containers: [{ name: 'app' }], initContainers: [sidecar] }), { 'cm/proxy': inApp });
});

t.test('findReferences picks the first container that mounts the volume', async (t) => {
  const volumes = [volume('v', { configMap: { name: 'app' } })];
  const containers = [{ name: 'first' }, mounting('second', 'v'), mounting('third', 'v')];
  t.equal(found({ containers, volumes })['cm/app']?.container, 'second');
});

t.test('findReferences picks by the order of volumes, not by that of containers', async (t) => {
  const volumes = [
    volume('v1', { configMap: { name: 'app' } }),
    volume('v2', { configMap: { name: 'app' } }),
  ];
  const containers = [mounting('first', 'v2'), mounting('second', 'v1')];
  t.equal(found({ containers, volumes })['cm/app']?.container, 'second');
});

t.test('findReferences looks at volumes before the environment', async (t) => {
  const volumes = [volume('v', { configMap: { name: 'app' } })];
  const containers = [using('first', 'cm/app'), mounting('second', 'v')];
  t.equal(found({ containers, volumes })['cm/app']?.container, 'second');
});

t.test(
  'findReferences lets a volume of an init container come before the environment of a container',
  async (t) => {
    const spec = {
      containers: [{ name: 'first' }, using('second', 'cm/app')],
      initContainers: [mounting('init', 'v')],
      volumes: [volume('v', { configMap: { name: 'app' } })],
    };
    t.equal(found(spec)['cm/app']?.container, 'first');
  },
);

t.test(
  'findReferences picks the first container by its environment, of one that is no init container',
  async (t) => {
    const containers = [{ name: 'first' }, using('second', 'cm/app'), using('third', 'cm/app')];
    t.equal(found({ containers, initContainers: [using('init', 'cm/app')] })['cm/app']?.container, 'second');
  },
);

t.test('findReferences keeps ConfigMaps and Secrets of one name apart', async (t) => {
  const spec = { containers: [using('first', 'cm/app'), using('second', 'secret/app')] };
  t.equal(found(spec)['cm/app']?.container, 'first');
  t.equal(found(spec)['secret/app']?.container, 'second');
});

t.test('findReferences gathers the keys that must be there, once each', async (t) => {
  const items = (...keys: readonly string[]) => keys.map((key) => ({ key }));
  const env = (name: string, key: string, optional?: boolean) => ({
    valueFrom: { configMapKeyRef: { name, key, ...(optional === undefined ? {} : { optional }) } },
  });
  const spec = {
    containers: [
      {
        ...mounting('app', 'v'),
        env: [env('app', 'z'), env('app', 'b'), env('app', 'maybe', true), env('app', 'a', false)],
      },
      { name: 'other', env: [env('app', 'late')] },
    ],
    initContainers: [{ name: 'init', env: [env('app', 'early')] }],
    volumes: [volume('v', { configMap: { name: 'app', items: items('b', 'file') } })],
  };
  t.same(found(spec)['cm/app']?.needs, ['b', 'file', 'z', 'a', 'late', 'early']);
});

t.test('findReferences needs no key of an optional volume, but counts its use', async (t) => {
  const items = [{ key: 'k' }, {}];
  const volumes = [
    volume('a', { configMap: { name: 'optional', items, optional: true } }),
    volume('b', { secret: { secretName: 'needed', items, optional: false } }),
    volume('c', {
      projected: {
        sources: [
          { secret: { name: 'part', items } },
          { configMap: { name: 'maybe', items, optional: true } },
        ],
      },
    }),
  ];
  t.same(found({ containers: [mounting('app', 'a', 'b', 'c')], volumes }), {
    'cm/optional': inApp,
    'secret/needed': { container: 'app', needs: ['k'] },
    'secret/part': { container: 'app', needs: ['k'] },
    'cm/maybe': inApp,
  });
});

t.test('findReferences finds nothing where there is no container to put a lever in', async (t) => {
  const initContainers = [using('init', 'cm/app')];
  t.same(found({ initContainers }), {});
  t.same(found({ containers: [], initContainers }), {});
  t.equal(findReferences({}).references.size, 0);
});

t.test('findReferences leaves out what Reloader does not scan', async (t) => {
  const spec = {
    containers: [mounting('app', 'csi', 'inline', 'flex')],
    ephemeralContainers: [using('debug', 'cm/debug')],
    imagePullSecrets: [{ name: 'pull' }],
    serviceAccountName: 'robot',
    volumes: [
      {
        name: 'csi',
        csi: { volumeAttributes: {}, nodePublishSecretRef: { name: 'n' } },
      },
      { name: 'inline', csi: {} },
      { name: 'flex', flexVolume: { secretRef: { name: 'flex' } } },
    ],
  };
  t.same(found(spec), {});
});

t.test('a SecretProviderClass is used by a CSI volume that somebody mounts', async (t) => {
  const csi = (name: string) => volume(name, { csi: { volumeAttributes: { secretProviderClass: name } } });
  const volumes = ['main', 'early', 'nobody'].map(csi);
  const spec = {
    containers: [{ name: 'first' }, mounting('app', 'main')],
    initContainers: [mounting('init', 'early')],
    volumes,
  };
  t.same(found(spec), { 'spc/main': inApp, 'spc/early': { container: 'first', needs: [] } });
});

t.test('findReferences passes over names that are empty or missing', async (t) => {
  const env = [
    { valueFrom: { configMapKeyRef: { key: 'a' } } },
    { valueFrom: { secretKeyRef: { name: '', key: 'a' } } },
  ];
  const spec = {
    containers: [
      { ...mounting('app', 'v', 'w'), env, envFrom: [{ configMapRef: {} }, { secretRef: { name: '' } }] },
    ],
    volumes: [volume('v', { configMap: {} }), volume('w', { secret: { secretName: '' } })],
  };
  t.same(found(spec), {});
});

t.test('findReferences reads a template whose lists are null, as some writers send them', async (t) => {
  const spec = {
    containers: [{ name: 'app', env: null, envFrom: null, volumeMounts: null }],
    initContainers: null,
    volumes: null,
  } as unknown as Spec;
  t.same(found(spec), {});
});

t.test('findReferences follows a thousand sources, and counts each other one once', async (t) => {
  const names = Array.from({ length: 2_000 }, (_none, at) => `n${at}`);
  const volumes = names.slice(0, 600).map((name) => volume(name, { secret: { secretName: name } }));
  const env = names.map((name) => ({ name, valueFrom: { configMapKeyRef: { name, key: 'k' } } }));
  const spec = {
    volumes,
    containers: [
      { ...mounting('main', ...names), env: [...env, ...env] },
      using('side', 'cm/n1999', 'cm/n0', 'secret/n0', 'secret/n1999'),
    ],
  };
  const { references, beyond } = findReferences({ spec });
  t.equal(references.size, 1_000);
  t.equal(beyond, 1_601, '1,600 ConfigMaps and a Secret');
  t.ok(references.has('secret/n599'), 'volumes come first');
  t.ok(references.has('cm/n399'));
  t.notOk(references.has('cm/n400'));
  t.same(references.get('cm/n0'), { container: 'main', needs: ['k'] });
});

t.test('findReferences gathers ten thousand keys of one source', async (t) => {
  const keys = Array.from({ length: 10_000 }, (_none, at) => `k${at}`);
  const env = keys.map((key) => ({ name: key, valueFrom: { configMapKeyRef: { name: 'app', key } } }));
  t.same(found({ containers: [{ name: 'main', env }] }), { 'cm/app': { container: 'main', needs: keys } });
});
