import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import type { Call } from '../../../src/kube/client.ts';
import { putConfigMap, type ConfigMapObject } from '../../../src/kube/config-maps.ts';

const object: ConfigMapObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'info', namespace: 'own' },
  data: { a: '1' },
};
const ALL = '/api/v1/namespaces/own/configmaps';

async function put(answer: () => unknown) {
  const calls: Call[] = [];
  let replaced = false;
  const send = async (call: Call): Promise<unknown> => {
    calls.push(call);
    return call.method === 'GET' ? answer() : object;
  };
  const done = putConfigMap({ send, open: () => Promise.reject(new Error('no watch')) }, object, () => {
    replaced = true;
  });
  await done;
  return { calls: calls.map(({ method, path }) => `${method} ${path}`), body: calls.at(-1)?.body, replaced };
}

t.test('a ConfigMap is created, or put in place of what is there', async (t) => {
  const missing = (): never => {
    throw new RestampError('RESTAMP_KUBE_NOT_FOUND', 'info');
  };
  t.same(await put(missing), { calls: [`GET ${ALL}/info`, `POST ${ALL}`], body: object, replaced: false });
  t.same(await put(() => object), {
    calls: [`GET ${ALL}/info`, `PUT ${ALL}/info`],
    body: object,
    replaced: true,
  });
});

t.test('any other failure is the caller’s', async (t) => {
  const forbidden = (): never => {
    throw new RestampError('RESTAMP_KUBE_FORBIDDEN', 'info');
  };
  await t.rejects(put(forbidden), { code: 'RESTAMP_KUBE_FORBIDDEN' });
});
