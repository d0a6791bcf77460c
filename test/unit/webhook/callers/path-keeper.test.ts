import t from 'tap';
import {
  blankKeySecret,
  readPathKeys,
  withPathKeys,
  type SecretObject,
} from '../../../../certs/key-secret.ts';
import { createHmacKeys, type HmacKeys } from '../../../../certs/keys.ts';
import { reviewPaths } from '../../../../certs/review-paths.ts';
import { RestampError } from '../../../../src/errors.ts';
import { PathKeeper } from '../../../../webhook/callers/path-keeper.ts';
import { leaksIn } from '../../../support/certs/canary.ts';
import { memorySecrets } from '../../../support/certs/memory-secrets.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const NAME = 'apps/restamp';
const SWITCH_MS = 5_000;
const FORMER_MS = 10 * 60_000;
const AGAIN_MS = 60_000;
const first = createHmacKeys();
const started = withPathKeys(blankKeySecret('apps', 'restamp'), first);
const settle = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

/** Replicas that follow one key Secret; `tell` lets their watches show what is stored. */
function replicas(count: number) {
  const clock = fakeClock(0);
  const secrets = memorySecrets(started);
  const warnings: string[] = [];
  const switches: number[] = [];
  const state = { registered: true };
  const all = Array.from(
    { length: count },
    (_, index) =>
      new PathKeeper({
        clock,
        keys: first,
        log: { info: () => undefined, warn: (_fields, message) => warnings.push(message) },
        replace: (secret) => secrets.replace(secret),
        onSwitch: () => switches.push(index),
        isRegistered: async () => state.registered,
      }),
  );
  const stored = (): SecretObject => secrets.stored.get(NAME)!;
  const tell = (): void => {
    const now = stored();
    for (const keeper of all) keeper.put(now);
  };
  const put = async (keys: HmacKeys | undefined): Promise<void> => {
    const others = Object.entries(stored().data ?? {}).filter(([key]) => key !== 'paths.json');
    const secret = { ...stored(), data: Object.fromEntries(others) };
    await secrets.replace(keys === undefined ? secret : withPathKeys(secret, keys));
    tell();
  };
  return { clock, secrets, warnings, switches, state, all, keeper: all[0]!, stored, tell, put };
}

const knows = (keeper: PathKeeper, { current }: HmacKeys): boolean =>
  keeper.routeOf(reviewPaths(current).sources) === 'sources' &&
  keeper.routeOf(reviewPaths(current).workloads) === 'workloads';

t.test('a key that is added is accepted, then registered; a former one until it is removed', async (t) => {
  const { clock, switches, keeper, put } = replicas(1);
  const next = createHmacKeys();
  await put({ current: next.current, former: [first.current] });
  t.ok(knows(keeper, next), 'at once');
  t.ok(knows(keeper, first));
  t.same(keeper.registered, reviewPaths(first.current), 'other replicas may not have heard of it yet');
  clock.advance(SWITCH_MS);
  t.same(keeper.registered, reviewPaths(next.current));
  t.same(switches, [0]);
  await put(next);
  t.notOk(knows(keeper, first), 'what is removed is not accepted any more');
  t.ok(knows(keeper, next));
});

t.test('a key that takes the place of another one, which is not kept, is registered at once', async (t) => {
  const { switches, keeper, put } = replicas(1);
  const next = createHmacKeys();
  await put(next);
  t.same(keeper.registered, reviewPaths(next.current));
  t.same(switches, [0]);
  t.notOk(knows(keeper, first));
});

t.test(
  'a key that is taken away is replaced by one new one, and its successor takes over everywhere',
  async (t) => {
    const { clock, secrets, switches, all, stored, tell, put } = replicas(3);
    await put(undefined);
    await settle();
    tell();
    const made = readPathKeys(stored())!;
    t.same(made.former, [first.current]);
    for (const keeper of all) t.ok(knows(keeper, made) && knows(keeper, first));
    clock.advance(SWITCH_MS);
    t.same(switches, [0, 1, 2]);
    clock.advance(FORMER_MS);
    await settle();
    tell();
    t.same(readPathKeys(stored()), { current: made.current, former: [] });
    for (const keeper of all) t.notOk(knows(keeper, first));
    const calls = secrets.calls.length;
    clock.advance(10 * FORMER_MS);
    await settle();
    t.equal(secrets.calls.length, calls, 'nothing is left to be done');
  },
);

t.test('a former key stays while the API server is not known to call the next one', async (t) => {
  const { clock, state, stored, put } = replicas(1);
  state.registered = false;
  await put({ current: createHmacKeys().current, former: [first.current] });
  clock.advance(2 * FORMER_MS);
  await settle();
  t.equal(readPathKeys(stored())?.former.length, 1);
  state.registered = true;
  clock.advance(AGAIN_MS);
  await settle();
  t.equal(readPathKeys(stored())?.former.length, 0);
});

t.test('whoever takes every key away makes us write once a minute', async (t) => {
  const { clock, secrets, tell, put } = replicas(1);
  const writes = (): number => secrets.calls.filter((call) => call === 'replace').length;
  for (let i = 0; i < 10; i += 1) {
    await put(undefined);
    await settle();
    tell();
  }
  t.equal(writes(), 11, 'ten are those of the other one');
  clock.advance(AGAIN_MS);
  await settle();
  t.equal(writes(), 12);
});

t.test('whatever stands in the Secret, what we have goes on, with one warning', async (t) => {
  const { warnings, switches, keeper, tell } = replicas(1);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  for (const text of ['AAAA', 7, base64('[]'), base64('{"v":1,"current":{},"former":[]}')])
    keeper.put({ ...started, data: { 'paths.json': text } } as SecretObject);
  keeper.remove();
  t.equal(warnings.length, 1);
  t.match(warnings[0], 'Secret apps/restamp, data key paths.json');
  t.same(leaksIn(warnings[0], [first.current.key]), []);
  t.ok(knows(keeper, first));
  tell();
  keeper.remove();
  t.equal(warnings.length, 2, 'and one for the next time');
  t.ok(knows(keeper, first));
  t.same(switches, []);
});

t.test('a write that fails is told and tried again, until the end', async (t) => {
  const clock = fakeClock(0);
  const warnings: string[] = [];
  let writes = 0;
  const keeper = new PathKeeper({
    clock,
    keys: first,
    log: { info: () => undefined, warn: (_fields, message) => warnings.push(message) },
    replace: async () => {
      writes += 1;
      throw new RestampError('RESTAMP_KUBE_FORBIDDEN', 'update secrets');
    },
    onSwitch: () => t.fail('nothing has changed'),
    isRegistered: async () => true,
  });
  keeper.put({ ...started, data: {} });
  await settle();
  t.match(warnings, [/A right is missing: update secrets/]);
  clock.advance(AGAIN_MS);
  await settle();
  t.equal(writes, 2);
  keeper.stop();
  clock.advance(10 * AGAIN_MS);
  t.equal(writes, 2);
});
