import t from 'tap';
import { afterUnseenWrite, isOtherTemplate } from '../../../../src/core/stamps/unseen-write.ts';
import { using, workload } from '../../../support/core/core-objects.ts';
import { entriesOf, mapOf, stampOf } from '../../../support/core/plan-harness.ts';

const ONE = { a: '1' };
const TWO = { a: '2' };
const rolled = mapOf({ 'cm/app': { ...stampOf(TWO), was: stampOf(ONE).h }, 'cm/other': stampOf(ONE) });

/** A Deployment with an image and perhaps a lever; no rollout of it is complete. */
function api(image: string, lever?: string, status?: object) {
  const env = lever === undefined ? [] : [{ name: 'STAKATER_APP_CONFIGMAP', value: lever }];
  const object = {
    annotations: { 'reloader.stakater.com/auto': 'true' },
    template: { spec: { containers: [{ ...using('app', 'cm/app'), image, env }] } },
  };
  return { ...workload(object), settled: status !== undefined };
}

t.test('another template is another image, lever or stamp, and nothing else', async (t) => {
  t.notOk(isOtherTemplate(api('a', 'x'), { ...api('a', 'x'), resourceVersion: '9' }));
  t.ok(isOtherTemplate(api('a'), api('b')));
  t.ok(isOtherTemplate(api('a', 'x'), api('a', 'y')));
  t.ok(isOtherTemplate(api('a'), { ...api('a'), templateStamp: '1.x' }));
});

t.test(
  'entries return to what pods may hold when a template without their lever has come unseen',
  async (t) => {
    const wanted = { 'cm/app': { h: stampOf(ONE).h }, 'cm/other': stampOf(ONE) };
    for (const [before, now] of [
      [api('b', 'x'), api('a')],
      [api('b', 'x'), api('a', 'y')],
      [api('b'), api('a')],
      [api('b'), api('a', 'y')],
    ] as const) {
      const made = afterUnseenWrite(rolled, before, now);
      t.same(entriesOf(made), wanted);
      t.equal(made.n, rolled.n, 'what is not written does not raise the counter');
    }
  },
);

t.test('a lever that has stayed tells that the pods are new', async (t) => {
  t.same(entriesOf(afterUnseenWrite(rolled, api('b', 'x'), api('a', 'x'))), entriesOf(rolled));
});

t.test('where the rollout was complete no older pods run', async (t) => {
  t.equal(afterUnseenWrite(rolled, api('b', 'x', {}), api('a')), rolled);
});
