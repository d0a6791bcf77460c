import t from 'tap';
import { LAST_RELOADED_FROM, STAMPS } from '../../../src/core/api/annotations.ts';
import { digestOf } from '../../support/controller/builders.ts';
import { api, ask, fresh, update } from '../../support/webhook/workload-handler-harness.ts';

// A variable that is named like a lever, and is none of this workload, is its owner's; so is `last-reloaded-from` of no source of
// this workload.

const OLD = { a: '1' };
const now = { 'cm/app': fresh('cm/app', { a: '2' }) };
const stamp = (key: string) => ({ [key]: { h: digestOf(key, OLD), uid: `uid-${key}`, rv: '9' } });
const stamped = { stamps: stamp('cm/app'), n: 4 };
const variable = (name: string, value: string) => ({ name, value });
const own = (value: string) => variable('STAKATER_LICENCE_SECRET', value);
const lever = variable('STAKATER_APP_CONFIGMAP', 'rolled');
const envOf = (object: ReturnType<typeof api>) => object.spec.template.spec.containers[0]?.env;

for (const [who, parts] of [
  ['opted in', stamped],
  ['opted out, with a map', { ...stamped, annotations: {} }],
  ['opted out, without a map', { annotations: {} }],
] as const) {
  t.test(`${who}: the new value of an own variable stands`, async (t) => {
    const [before, after] = [
      api({ ...parts, env: [own('a'), lever] }),
      api({ ...parts, env: [own('b'), lever] }),
    ];
    const { stored, answer } = await ask(update(before, after), now);
    t.match(envOf(stored)?.[0], own('b'));
    t.notOk(answer.warnings);
  });

  t.test(`${who}: a leftover variable that a person takes away stays away`, async (t) => {
    const [before, after] = [api({ ...parts, env: [own('a')] }), api({ ...parts, env: [] })];
    const { stored, answer } = await ask(update(before, after), now);
    t.same(envOf(stored) ?? [], []);
    t.notOk(answer.warnings);
  });
}

t.test('a change of an own variable starts pods: the map becomes current', async (t) => {
  const before = api({ ...stamped, env: [own('a')] });
  const { stored } = await ask(update(before, api({ env: [own('b')] })), now);
  const map = JSON.parse(stored.metadata.annotations?.[STAMPS] ?? '{}') as { s: object };
  t.match(map.s, { 'cm/app': { h: digestOf('cm/app', { a: '2' }) } });
});

t.test('a lever of what is a dependency by the map alone is a lever still', async (t) => {
  const parts = { stamps: { ...stamp('cm/app'), ...stamp('secret/licence') }, n: 4 };
  const before = api({ ...parts, env: [own('rolled')] });
  const { stored, answer } = await ask(update(before, api({ env: [] })), now);
  t.match(envOf(stored)?.[0], own('rolled'));
  t.equal(answer.warnings?.length, 1);
});

const told = (name: string) => JSON.stringify({ type: 'CONFIGMAP', name, namespace: 'apps', hash: 'x' });
const telling = (parts: Parameters<typeof api>[0], text: string | undefined) => {
  const object = api(parts);
  const annotations = text === undefined ? {} : { [LAST_RELOADED_FROM]: text };
  return { ...object, spec: { template: { ...object.spec.template, metadata: { annotations } } } };
};

t.test('what last-reloaded-from tells of no source of the workload is its owner’s', async (t) => {
  for (const parts of [stamped, { ...stamped, annotations: {} }, { annotations: {} }])
    for (const [was, is] of [
      [told('old'), undefined],
      ['own text', 'another'],
      ['own text', undefined],
      [undefined, told('old')],
      [told('app'), 'own text'],
    ]) {
      const { stored, answer } = await ask(update(telling(parts, was), telling(parts, is)), now);
      t.equal(stored.spec.template.metadata?.annotations?.[LAST_RELOADED_FROM], is, `${was} to ${is}`);
      t.notOk(answer.warnings);
    }
});

t.test('what it tells of a source of the workload is put back', async (t) => {
  const { stored, answer } = await ask(
    update(telling(stamped, told('app')), telling(stamped, undefined)),
    now,
  );
  t.equal(stored.spec.template.metadata?.annotations?.[LAST_RELOADED_FROM], told('app'));
  t.equal(answer.warnings?.length, 1);
});
