import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { LateCsi } from '../../../src/informers/csi-discovery.ts';
import { noFaults } from '../../support/contained-faults.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { turn } from '../../support/recording.ts';

function looking(enabled: boolean, served: ReadonlySet<string>) {
  const clock = fakeClock(0);
  const lines: string[] = [];
  const asked: string[] = [];
  const troubles: string[] = [];
  const state = { failing: false, followed: 0 };
  const csi = new LateCsi({
    enabled,
    clock,
    find: async ({ group, version, kind }) => {
      asked.push(`${group}/${version} ${kind}`);
      if (state.failing) throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down');
      return served.has(kind) ? kind.toLowerCase() : undefined;
    },
    log: { info: (_fields: object, line: string) => void lines.push(line) },
    onTrouble: ({ code }) => troubles.push(code),
    faults: noFaults,
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await turn();
  };
  return {
    csi,
    clock,
    lines,
    asked,
    troubles,
    state,
    pass,
    watch: () => csi.watch(() => (state.followed += 1)),
  };
}
const BOTH = ['SecretProviderClass', 'SecretProviderClassPodStatus'];

t.test('a driver that is there is told of once', async (t) => {
  const { csi, lines, asked, watch, clock } = looking(true, new Set(BOTH));
  await csi.look();
  t.ok(csi.served);
  t.same(lines, ['CSI provider is installed']);
  t.same(
    asked,
    BOTH.map((kind) => `secrets-store.csi.x-k8s.io/v1 ${kind}`),
  );
  watch();
  t.equal(clock.waiting(), 0);
});

t.test('a first look that fails is made again before anything is said', async (t) => {
  const { csi, lines, state, pass } = looking(true, new Set(BOTH));
  state.failing = true;
  const looked = csi.look();
  await pass(250);
  state.failing = false;
  for (let waited = 0; waited < 2000; waited += 250) await pass(250);
  await looked;
  t.ok(csi.served);
  t.same(lines, ['CSI provider is installed']);
});

t.test('a driver that comes later is looked for until both of its kinds are there', async (t) => {
  const served = new Set<string>();
  const { csi, lines, troubles, state, watch, pass } = looking(true, served);
  await csi.look();
  t.notOk(csi.served);
  t.match(lines, [/^CSI provider is not installed/]);
  watch();
  served.add('SecretProviderClass');
  await pass(15_000);
  state.failing = true;
  await pass(15_000);
  t.same(troubles, ['RESTAMP_KUBE_UNAVAILABLE', ...troubles.slice(1)]);
  t.equal(state.followed, 0);
  state.failing = false;
  served.add('SecretProviderClassPodStatus');
  await pass(15_000);
  t.equal(state.followed, 1);
  t.equal(lines.at(-1), 'CSI provider is installed, and followed');
  await pass(60_000);
  t.equal(state.followed, 1);
});

t.test('where the integration is off, nobody looks', async (t) => {
  const { csi, lines, asked, watch, clock } = looking(false, new Set(BOTH));
  await csi.look();
  watch();
  t.notOk(csi.served);
  t.same([...lines, ...asked], []);
  t.equal(clock.waiting(), 0);
});

t.test('after the stop, nobody looks again', async (t) => {
  const { csi, asked, watch, pass } = looking(true, new Set());
  await csi.look();
  watch();
  csi.stop();
  await pass(60_000);
  t.equal(asked.length, BOTH.length);
});
