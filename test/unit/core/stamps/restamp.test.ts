import t from 'tap';
import { annotationPatch, putBack, startsPods, type Write } from '../../../../src/core/stamps/restamp.ts';
import type { PodTemplate } from '../../../../src/core/api/pod-template.ts';
import { patched } from '../../../support/core/json-patch.ts';

const lever = { name: 'STAKATER_APP_CONFIGMAP', value: 'aa' };
const OURS = {
  'restamp.dev/stamps': '{"v":1,"n":3}',
  'restamp.dev/last-roll': '[1]',
  'restamp.dev/held': '{"reason":"stop"}',
};
const LEVERS = new Set(['STAKATER_APP_CONFIGMAP', 'STAKATER_DB_SECRET']);
type Sent = { annotations?: Record<string, string> | undefined; template?: PodTemplate };

function template(env?: readonly object[], image = 'a'): PodTemplate {
  const container = { name: 'app', image, ...(env === undefined ? {} : { env }) };
  return { spec: { containers: [container] } };
}

function write(before: Sent | undefined, after: Sent, foreignOwner = false): Write {
  const side = (sent: Sent) => ({ annotations: sent.annotations, template: sent.template ?? template() });
  return {
    before: before === undefined ? undefined : side(before),
    after: side(after),
    templatePath: '/spec/template',
    foreignOwner,
    levers: LEVERS,
    startsPodsOnChange: true,
  };
}

/** The object that is stored when the answer to this write is `patch`. */
function stored({ after }: Write, patch: Parameters<typeof patched>[1]) {
  const { annotations } = after;
  const metadata = annotations === undefined ? {} : { annotations };
  return patched({ metadata, spec: { template: after.template } }, patch) as {
    metadata: Sent;
    spec: { template: PodTemplate };
  };
}

t.test('pods start by a CREATE and by a change of anything but levers', async (t) => {
  t.equal(startsPods(write(undefined, {})), true);
  t.equal(startsPods(write({}, {})), false);
  t.equal(startsPods(write({}, { template: template(undefined, 'b') })), true);
  t.equal(startsPods(write({ template: template([lever]) }, {})), false, 'a lever is taken away');
  t.equal(startsPods(write({}, { template: template([{ ...lever, value: 'x' }]) })), false, 'one is added');
  t.equal(startsPods(write({}, { annotations: OURS })), false, 'only annotations');
});

t.test('putBack puts the template back byte for byte where only levers differ', async (t) => {
  const before = template([{ name: 'A', value: '1' }, lever, { name: 'B', value: '2' }]);
  const others: readonly PodTemplate[] = [
    template([
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]),
    template([
      { ...lever, value: 'old' },
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]),
  ];
  for (const after of others) {
    const asked = write({ annotations: OURS, template: before }, { annotations: OURS, template: after });
    const { patch, restored } = putBack(asked);
    t.ok(restored);
    t.equal(JSON.stringify(stored(asked, patch).spec.template), JSON.stringify(before));
  }
});

t.test('putBack touches nothing where nothing differs', async (t) => {
  const same = { annotations: OURS, template: template([lever]) };
  t.same(putBack(write(same, same)), { patch: [], restored: false });
});

t.test('putBack leaves the template to an owner that is not of our kinds', async (t) => {
  const asked = write({ annotations: OURS, template: template([lever]) }, { template: template() }, true);
  const { patch, restored } = putBack(asked);
  t.notOk(restored);
  const after = stored(asked, patch);
  t.same(after.spec.template, template());
  t.same(after.metadata.annotations, OURS, 'the annotations are ours all the same');
});

t.test('putBack never takes back what somebody changed beside levers', async (t) => {
  const asked = write({ template: template([lever]) }, { template: template(undefined, 'b') });
  t.same(putBack(asked), { patch: [], restored: false });
});

t.test('our annotations come from the old object, whatever the writer sends', async (t) => {
  const foreign = Object.fromEntries(Object.keys(OURS).map((key) => [key, 'forged']));
  for (const sent of [undefined, {}, { other: '1' }, foreign, { ...foreign, other: '1' }, OURS]) {
    const others = sent !== undefined && 'other' in sent ? { other: '1' } : {};
    const kept = write({ annotations: { ...OURS, gone: '1' } }, { annotations: sent });
    t.same(stored(kept, putBack(kept).patch).metadata.annotations, { ...OURS, ...others });
    const none = write({}, { annotations: sent });
    t.same(stored(none, putBack(none).patch).metadata.annotations ?? {}, others, 'the old one had none');
    const created = write(undefined, { annotations: sent });
    t.same(stored(created, putBack(created).patch).metadata.annotations ?? {}, others, 'nor has a new one');
  }
});

t.test('annotationPatch makes only the changes that are needed', async (t) => {
  t.same(annotationPatch(OURS, OURS), []);
  t.same(annotationPatch(undefined, undefined), []);
  t.same(annotationPatch(undefined, { 'restamp.dev/stamps': 'a' }), [
    { op: 'add', path: '/metadata/annotations', value: {} },
    { op: 'add', path: '/metadata/annotations/restamp.dev~1stamps', value: 'a' },
  ]);
  t.same(annotationPatch({ 'restamp.dev/held': 'a' }, {}), [
    { op: 'remove', path: '/metadata/annotations/restamp.dev~1held' },
  ]);
  t.same(annotationPatch({}, { other: 'a' }), [], 'others are none of our business');
});
