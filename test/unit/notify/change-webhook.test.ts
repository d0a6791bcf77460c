import t, { type Test } from 'tap';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { createChangeHook } from '../../../src/notify/change-webhook.ts';
import { noFaults } from '../../support/contained-faults.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { journal, turn } from '../../support/recording.ts';
import { receiver } from '../../support/http-receiver.ts';
import { source, type StoredSource } from '../../support/controller/builders.ts';

function hooked(t: Test, url: URL | undefined) {
  const clock = fakeClock(0);
  const lines = journal<string>();
  const line = (_fields: unknown, message: string): void => lines.note(message);
  let now: StoredSource = source('app', { a: '0' }, { version: '1' });
  const hook = createChangeHook({
    url,
    clock,
    faults: noFaults,
    log: { info: line, warn: line, error: line },
    metrics: createMetrics(),
    onTrouble: () => undefined,
    leaseMs: 15_000,
    key: Buffer.from('0123456789abcdef'),
    selector: [],
    reloadOnCreate: false,
    reloadOnDelete: false,
    read: async () => now,
  });
  t.teardown(() => hook?.stop());
  const write = async (version: number): Promise<void> => {
    now = source('app', { a: String(version) }, { version: String(version) });
    hook?.follower('cm')?.put({ metadata: now.metadata });
    await turn();
  };
  return { hook, clock, lines, write };
}

t.test('without an address there is no hook', async (t) => {
  t.equal(hooked(t, undefined).hook, undefined);
});

t.test('each change is one POST with the body of Reloader; what changed stands in headers', async (t) => {
  const { url, got } = await receiver(t);
  const { hook, lines, write } = hooked(t, new URL('/hook?token=not-to-be-told', url));
  await write(1);
  hook?.start();
  hook?.setLeading(true);
  await write(2);
  const [post] = await got.until(1);
  t.match(post, {
    method: 'POST',
    url: '/hook?token=not-to-be-told',
    body: '{"webhook":"update successful"}',
    headers: {
      'content-type': 'application/json',
      'x-restamp-source': 'apps/cm/app',
      'x-restamp-version': '2',
    },
  });
  t.same(lines.items, [
    'All sources have been read: each change of data calls the webhook',
    `Changes detected in 'app' of type 'CONFIGMAP' in namespace 'apps', Sending webhook to '${url.origin}/hook'`,
  ]);
});

t.test('only the leader calls; a new one also tells of what changed while nobody led', async (t) => {
  const { url, got } = await receiver(t);
  const { hook, clock, write } = hooked(t, url);
  await write(1);
  hook?.start();
  await write(2);
  clock.advance(15_001);
  await write(3);
  clock.advance(14_000);
  t.equal(got.items.length, 0);
  hook?.setLeading(true);
  const [post] = await got.until(1);
  t.equal(post?.headers['x-restamp-version'], '3');
  hook?.setLeading(false);
  await write(4);
  clock.advance(20_000);
  hook?.setLeading(true);
  await write(5);
  t.equal((await got.until(2))[1]?.headers['x-restamp-version'], '5');
});
