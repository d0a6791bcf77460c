import fc from 'fast-check';
import t from 'tap';
import { digestTemplate, sameButLevers } from '../../../../src/core/template/template-digest.ts';
import type { PodTemplate } from '../../../../src/core/api/pod-template.ts';

const plain: PodTemplate = { spec: { containers: [{ name: 'app', env: [{ name: 'HOME', value: '/' }] }] } };
const lever = { name: 'STAKATER_APP_CONFIGMAP', value: 'a' };
const LEVERS = new Set([
  'STAKATER_APP_CONFIGMAP',
  'STAKATER_A_SECRETPROVIDERCLASS',
  'STAKATER_A_CONFIGMAP',
  'STAKATER_B_SECRET',
]);

const TOLD = '{"type":"CONFIGMAP","name":"app","hash":"a"}';

const NO_TIME: object = { creationTimestamp: null };

/** Pairs of templates: whether they are the same but for levers. */
const pairs: readonly (readonly [string, boolean, PodTemplate, PodTemplate])[] = [
  ['a lever in a container', true, withEnv(lever), plain],
  ['another value of a lever', true, withEnv(lever), withEnv({ ...lever, value: 'b' })],
  ['levers of all types', true, withEnv({ ...lever, name: 'STAKATER_A_SECRETPROVIDERCLASS' }), plain],
  ['no env and an empty one', true, withContainer({}), withContainer({ env: [] })],
  ['no env and one with a lever alone', true, withContainer({}), withContainer({ env: [lever] })],
  ['a lever in an init container', true, withInit([lever]), withInit(undefined)],
  ['the annotation of Reloader', true, annotated({ 'reloader.stakater.com/last-reloaded-from': TOLD }), {}],
  ['an own text in its place', false, annotated({ 'reloader.stakater.com/last-reloaded-from': '{}' }), {}],
  ['a time of creation that older API servers write', true, { metadata: NO_TIME }, {}],
  ['our annotation', true, annotated({ 'restamp.dev/stamp': '1.a' }), annotated({})],
  ['no list of init containers and an empty one', true, { spec: { initContainers: [] } }, {}],
  ['another variable', false, withEnv({ name: 'PATH', value: '/' }), plain],
  ['a variable that only begins like a lever', false, withEnv({ name: 'STAKATER_APP', value: '1' }), plain],
  ['another value of a variable', false, withContainer({ env: [{ name: 'HOME', value: '/root' }] }), plain],
  ['another annotation', false, annotated({ 'restamp.dev/stamps': '1' }), {}],
  ['another container', false, { spec: { containers: [{ name: 'web' }] } }, plain],
  ['a variable elsewhere in the list', false, inOrder('A', 'B'), inOrder('B', 'A')],
  ['a volume', false, { spec: { volumes: [{ name: 'v' }] } }, {}],
];

function withContainer(more: object): PodTemplate {
  return { spec: { containers: [{ name: 'app', ...more }] } };
}
function withEnv(...more: readonly object[]): PodTemplate {
  return withContainer({ env: [{ name: 'HOME', value: '/' }, ...more] });
}
function withInit(env: readonly object[] | undefined): PodTemplate {
  return { spec: { initContainers: [{ name: 'init', ...(env === undefined ? {} : { env }) }] } };
}
function annotated(annotations: Readonly<Record<string, string>>): PodTemplate {
  return { metadata: { annotations } };
}
function inOrder(...names: readonly string[]): PodTemplate {
  return withContainer({ env: names.map((name) => ({ name, value: '1' })) });
}

t.test('sameButLevers sees through levers and through nothing else', async (t) => {
  for (const [what, same, one, other] of pairs) {
    t.equal(sameButLevers(one, other, LEVERS), same, what);
    t.equal(sameButLevers(other, one, LEVERS), same, `${what}, the other way round`);
  }
});

t.test('a variable that is only named like a lever is its owner’s', async (t) => {
  const own = (value: string): PodTemplate => withEnv({ name: 'STAKATER_LICENCE_SECRET', value });
  t.notOk(sameButLevers(own('a'), own('b'), LEVERS));
  t.notOk(sameButLevers(own('a'), plain, LEVERS));
  t.ok(sameButLevers(own('a'), own('a'), LEVERS));
  t.notOk(sameButLevers(withEnv(lever), plain, new Set()), 'nothing is a lever where nothing depends');
});

t.test('the digest without levers is equal exactly where templates are the same but for them', async (t) => {
  for (const [what, same, one, other] of pairs)
    t.equal(digestTemplate(one).bare === digestTemplate(other).bare, same, what);
});

t.test('the digest of the whole tells every lever from another one, and from one elsewhere', async (t) => {
  const app = { name: 'app', env: [{ name: 'HOME', value: '/' }] };
  const env = [...app.env, lever];
  const texts = [
    plain,
    { spec: { containers: [{ name: 'app' }] } },
    { spec: { containers: [{ name: 'app', env: [lever] }] } },
    { spec: { containers: [{ ...app, env }] } },
    { spec: { containers: [{ ...app, env: env.toReversed() }] } },
    { spec: { containers: [{ ...app, env: [...app.env, { ...lever, value: 'b' }] }] } },
    { spec: { containers: [{ ...app, env: [...app.env, { ...lever, valueFrom: {} }] }] } },
    { spec: { containers: [{ ...app, env: [...env, lever] }] } },
    { spec: { containers: [{ ...app, env }, app] } },
    { spec: { containers: [app, { ...app, env }] } },
    { spec: { initContainers: [{ ...app, env }], containers: [app] } },
    { spec: { initContainers: [app], containers: [{ ...app, env }] } },
    { ...plain, ...annotated({ 'restamp.dev/stamp': '1.a' }) },
    { ...plain, ...annotated({ 'restamp.dev/stamp': '2.a' }) },
    { ...plain, ...annotated({ 'reloader.stakater.com/last-reloaded-from': TOLD }) },
  ];
  const digests = texts.map((template) => digestTemplate(template).whole);
  t.equal(new Set(digests).size, texts.length);
  t.same(
    structuredClone(texts).map((template) => digestTemplate(template).whole),
    digests,
    'an equal one has the same',
  );
});

t.test('equality does not depend on the order of the keys of an object', async (t) => {
  const one = { metadata: { annotations: { a: '1', b: '2' } }, spec: { containers: [{ name: 'x' }] } };
  const other = { spec: { containers: [{ name: 'x' }] }, metadata: { annotations: { b: '2', a: '1' } } };
  t.ok(sameButLevers(one, other, LEVERS));
});

t.test('levers put in anywhere change no answer', async () => {
  const names = fc.constantFrom('HOME', 'STAKATER_A_CONFIGMAP', 'STAKATER_B_SECRET', 'STAKATER_', 'PATH');
  const env = fc.array(fc.record({ name: names, value: fc.constantFrom('1', '2') }), { maxLength: 4 });
  fc.assert(
    fc.property(env, fc.nat(4), (variables, at) => {
      const more = [...variables.slice(0, at), lever, ...variables.slice(at)];
      const [one, other] = [withContainer({ env: variables }), withContainer({ env: more })];
      return sameButLevers(one, other, LEVERS) && digestTemplate(one).bare === digestTemplate(other).bare;
    }),
  );
});
