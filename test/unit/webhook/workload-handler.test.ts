import t from 'tap';
import { STAMPS } from '../../../src/core/api/annotations.ts';
import { reading } from '../../support/controller/source-reader-harness.ts';
import { AUTO, digestOf, NAMESPACE, ref, source } from '../../support/controller/builders.ts';
import { api, ask, fresh, update, type Stored } from '../../support/webhook/workload-handler-harness.ts';

const OLD = { a: '1' };
const NEW = { a: '2' };
const now = { 'cm/app': fresh('cm/app', NEW) };
const lever = (value: string) => ({ name: 'STAKATER_APP_CONFIGMAP', value });
const stampOf = (content: typeof OLD) => ({ h: digestOf('cm/app', content), uid: 'uid-cm/app', rv: '9' });
const stamped = { stamps: { 'cm/app': stampOf(OLD) }, n: 4 };
const mapOf = ({ metadata }: Stored) => JSON.parse(metadata.annotations?.[STAMPS] ?? 'null') as object | null;
const envOf = ({ spec }: Stored) => spec.template.spec.containers[0]?.env;

t.test('a CREATE, which has neither uid nor resourceVersion, gets a map and no lever', async (t) => {
  const { metadata, spec } = api({});
  const { name, namespace, annotations } = metadata;
  const object = { metadata: { name, namespace, annotations }, spec };
  const { stored, answer } = await ask({ operation: 'CREATE', oldObject: null, object }, now);
  t.same(mapOf(stored), {
    v: 1,
    n: 1,
    key: 'k1',
    for: `${NAMESPACE}/Deployment/api`,
    s: { 'cm/app': stampOf(NEW) },
  });
  t.same(stored.spec, object.spec);
  t.notOk(answer.warnings);
});

t.test('a CREATE with the map and the lever of another object gets its own map', async (t) => {
  const object = api({ ...stamped, env: [lever('old')] });
  const { stored } = await ask({ operation: 'CREATE', oldObject: null, object }, now);
  t.has(mapOf(stored), { n: 1, s: { 'cm/app': stampOf(NEW) } });
  t.same(envOf(stored), [lever('old')], 'nobody knows whether there will be such a workload');
});

t.test('an UPDATE that starts pods makes the levers and the map current', async (t) => {
  const before = api({ ...stamped, env: [lever('old')] });
  const after = api({ env: [lever('old')] }, 'b');
  const { stored, answer } = await ask(update(before, after), now);
  t.same(mapOf(stored), {
    ...mapOf(before),
    n: 5,
    s: { 'cm/app': { ...stampOf(NEW), was: stampOf(OLD).h } },
  });
  t.same(envOf(stored), [lever('sha1 of 2')]);
  t.equal(stored.spec.template.spec.containers[0]?.image, 'b');
  t.notOk(answer.warnings);
});

t.test('an UPDATE that starts pods without a lever gets none, and its map says what it was', async (t) => {
  const { stored } = await ask(update(api(stamped), api({}, 'b')), now);
  t.same(stored.spec, api({}, 'b').spec);
  t.has(mapOf(stored), { s: { 'cm/app': { ...stampOf(NEW), was: stampOf(OLD).h } } });
});

t.test('an UPDATE without a lever while a rollout is under way leaves its sources to a roll', async (t) => {
  const before = { ...api(stamped), status: { replicas: 2, updatedReplicas: 1, availableReplicas: 2 } };
  const { stored } = await ask(update(before, api({}, 'b')), now);
  t.has(mapOf(stored), { s: { 'cm/app': { h: stampOf(OLD).h } } });
  const after = api({ env: [lever('old')] }, 'b');
  const returned = await ask(update(before, after), now);
  t.has(
    mapOf(returned.stored),
    { s: { 'cm/app': { h: stampOf(OLD).h } } },
    'nor does a lever of somebody help',
  );
  const bearing = { ...api({ ...stamped, env: [lever('older')] }), status: before.status };
  const levered = await ask(update(bearing, after), now);
  t.has(mapOf(levered.stored), { s: { 'cm/app': stampOf(NEW) } }, 'its template is a new one');
});

t.test('a map that becomes current keeps the history and ends a hold', async (t) => {
  const ours = { 'restamp.dev/last-roll': '[]', 'restamp.dev/held': '{}' };
  const before = api({ ...stamped, annotations: { ...AUTO, ...ours } });
  const forged = { 'restamp.dev/last-roll': 'forged', 'restamp.dev/held': 'forged' };
  const { stored } = await ask(update(before, api({ annotations: { ...AUTO, ...forged } }, 'b')), now);
  t.match(stored.metadata.annotations, { 'restamp.dev/last-roll': '[]', 'restamp.dev/held': undefined });
});

t.test('an UPDATE that only lacks levers and map gets them back, with a warning', async (t) => {
  const before = api({ ...stamped, env: [lever('rolled')] });
  const { stored, answer, audit, reads } = await ask(update(before, api({})), now);
  t.equal(JSON.stringify(stored.spec), JSON.stringify(before.spec));
  t.same(stored.metadata.annotations, before.metadata.annotations);
  t.equal(answer.warnings?.length, 1);
  t.match(answer.warnings?.[0], 'Deployment/api');
  t.equal(audit.length, 1);
  t.equal(reads.length, 0, 'no source is read for it');
});

t.test('an UPDATE that changes nothing of ours is left alone, without a word', async (t) => {
  const before = api({ ...stamped, env: [lever('rolled')] });
  const { patch, answer, audit } = await ask(update(before, before), now);
  t.same([patch, answer.warnings, audit], [[], undefined, []]);
});

t.test('an UPDATE that only lacks the map gets it back without a warning', async (t) => {
  const { stored, answer, audit } = await ask(update(api(stamped), api({})), now);
  t.same(mapOf(stored), mapOf(api(stamped)));
  t.same([answer.warnings, audit], [undefined, []]);
});

t.test('a foreign owner keeps its template, also without levers', async (t) => {
  const owned = (object: Stored): Stored => {
    const ownerReferences = [{ kind: 'Shop', apiVersion: 'shop.io/v1', controller: true }];
    return { ...object, metadata: { ...object.metadata, ownerReferences } };
  };
  const before = owned(api({ ...stamped, env: [lever('rolled')] }));
  const { stored, answer } = await ask(update(before, owned(api({}))), now);
  t.same(stored.spec, api({}).spec);
  t.same(mapOf(stored), mapOf(before));
  t.notOk(answer.warnings);
});

/** Writes that Restamp has nothing to say about: what somebody changed in the template stays. */
const big = Object.fromEntries(
  Array.from({ length: 700 }, (_, at) => [`cm/source-with-a-long-name-${at}`, stampOf(OLD)]),
);
const bigNow = Object.fromEntries(Object.keys(big).map((key) => [key, fresh(key, NEW)]));
const others: readonly (readonly [string, Stored, Stored, Parameters<typeof ask>[1]])[] = [
  ['not opted in', api({ annotations: {} }), api({ annotations: {} }, 'b'), now],
  ['opted out by this write', api({}), api({ annotations: {} }, 'b'), now],
  ['opted out, with a map', api(stamped), api({ annotations: {} }, 'b'), now],
  ['without a source', api({ uses: [] }), api({ uses: [] }, 'b'), {}],
  ['with too large a map', api({ uses: Object.keys(big) }), api({ uses: Object.keys(big) }, 'b'), bigNow],
];

t.test('a change of the template stays where there is nothing to stamp', async (t) => {
  for (const [what, before, after, sources] of others) {
    const { stored, answer } = await ask(update(before, after), sources);
    t.same(stored.spec, after.spec, what);
    t.same(mapOf(stored), mapOf(before), `${what}: the map is that of the old object`);
    t.notOk(answer.warnings, what);
  }
});

t.test('a CREATE with nothing to stamp loses a map that its writer brings', async (t) => {
  for (const [what, , after, sources] of others) {
    const annotations = { ...after.metadata.annotations, [STAMPS]: 'forged' };
    const object = { ...after, metadata: { ...after.metadata, annotations } };
    const { stored } = await ask({ operation: 'CREATE', oldObject: null, object }, sources);
    t.same(stored, { ...after, metadata: { ...after.metadata } }, what);
  }
});

t.test('there is no first map while a source could not be read in time', async (t) => {
  const object = api({
    uses: ['cm/app', 'cm/unread'],
    env: [lever('old')],
  });
  for (const [request, value] of [
    [{ operation: 'CREATE', oldObject: null, object }, 'old'],
    [update(api({ uses: ['cm/app'], env: [lever('old')] }, 'before'), object), 'sha1 of 2'],
  ] as const) {
    const { stored } = await ask(request, now);
    t.equal(stored.metadata.annotations?.[STAMPS], undefined);
    t.same(envOf(stored), [lever(value)], 'its levers are current all the same');
  }
});

t.test('nor before the watches have shown all sources and all that may speak for it', async (t) => {
  const object = api({});
  const create = { operation: 'CREATE', oldObject: null, object };
  t.equal(mapOf((await ask(create, now, { knowsAll: false })).stored), null);
  const before = api({ stamps: { ...stamped.stamps, 'cm/lent': stampOf(OLD) } });
  const { stored } = await ask(update(before, api({}, 'other')), now, { knowsAll: false });
  t.has(mapOf(stored), { s: { 'cm/app': { h: stampOf(NEW).h }, 'cm/lent': stampOf(OLD) } });
});

t.test('a map goes on without a source that could not be read in time', async (t) => {
  const object = api({ uses: ['cm/app', 'cm/unread'] }, 'other');
  const { stored } = await ask(update(api(stamped), object), now);
  t.has(mapOf(stored), { n: 5, s: { 'cm/app': { h: stampOf(NEW).h } } });
  t.notMatch(stored.metadata.annotations?.[STAMPS], 'unread');
});

t.test('what pods mount of a SecretProviderClass is not missed in a first map', async (t) => {
  const object = api({ uses: ['cm/app', 'spc/vault'] });
  const { stored } = await ask({ operation: 'CREATE', oldObject: null, object }, now);
  t.has(mapOf(stored), { s: { 'cm/app': stampOf(NEW) } });
});

t.test('asking again with the answer to the first question changes nothing more', async (t) => {
  const before = api({ ...stamped, env: [lever('old')] });
  for (const after of [api({ env: [lever('old')] }, 'b'), api({}, 'b'), api({})]) {
    const first = await ask(update(before, after), now);
    const second = await ask(update(before, first.stored), now);
    t.same(second.stored, first.stored);
    t.same(mapOf(second.stored), mapOf(first.stored));
  }
});

t.test('the audit line says who wrote what, and which sources count', async (t) => {
  const who = { userInfo: { username: 'ann' }, options: { fieldManager: 'helm' }, dryRun: true, uid: 'r-9' };
  const fields = {
    audit: 'restamp',
    user: 'ann',
    manager: 'helm',
    operation: 'UPDATE',
    dryRun: true,
    requestUid: 'r-9',
    kind: 'Deployment',
    namespace: NAMESPACE,
    name: 'api',
  };
  const before = api({ ...stamped, env: [lever('old')] });
  const made = await ask(update(before, api({ env: [lever('old')] }, 'b'), who), now);
  t.same(made.audit[0]?.[0], { ...fields, sources: ['cm/app'], levers: 1 });
  t.match(made.audit[0]?.[1], 'Deployment/api');
  const back = await ask(update(before, api({}), who), now);
  t.same(back.audit[0]?.[0], fields);
  const nobody = { userInfo: {}, options: null, dryRun: undefined };
  const unknown = await ask(update(before, api({}), nobody), now);
  t.has(unknown.audit[0]?.[0], { user: '', manager: '', dryRun: false });
});

t.test('a kind that is not in the table is refused by name', async (t) => {
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const asked = ask(update(api({}), api({}), { resource }));
  await t.rejects(asked, { code: 'RESTAMP_ADMISSION_RESOURCE', message: /pods/ });
});

t.test('no value of a Secret is found in an answer or an audit line', async (t) => {
  const canary = 'canary-value-7f3a91';
  const base64 = Buffer.from(canary).toString('base64');
  const { reader, asked } = reading();
  const read = reader.read(ref('secret/db'));
  asked.items[0]!.answer(source('db', { password: base64 }));
  await read;
  const state = reader.state(ref('secret/db'))!;
  const sources = {
    'secret/db': { current: state, lever: state.state === 'present' ? state.lever : undefined },
  };
  const parts = { uses: ['secret/db'], env: [{ name: 'STAKATER_DB_SECRET', value: 'old' }] };
  const writes = [{ operation: 'CREATE', oldObject: null, object: api(parts) }];
  for (const request of [
    ...writes,
    update(api({ uses: [] }), api(parts, 'b')),
    update(api(parts), api({ ...parts, env: [] })),
  ]) {
    const { answer, audit } = await ask(request, sources);
    t.equal(audit.length, 1, 'it was looked at');
    const rendered = JSON.stringify([answer, audit]);
    for (const form of [canary, base64, Buffer.from(canary).toString('hex')]) t.notMatch(rendered, form);
  }
});
