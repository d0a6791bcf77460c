import t from 'tap';
import { ARGO_ROLLOUT, Kinds } from '../../../../src/core/api/kind.ts';
import type { LeverChange } from '../../../../src/core/template/lever.ts';
import { reduceWorkload, type Workload } from '../../../../src/core/objects/workload.ts';
import { RestampError } from '../../../../src/errors.ts';
import { RollWriter, type RollWriterOptions } from '../../../../src/controller/rollers/roll-writer.ts';
import {
  deployment,
  deploymentRow,
  NAMESPACE,
  NOW,
  reloaderKeys,
} from '../../../support/controller/builders.ts';

const kinds = new Kinds();
const rollouts = kinds.add(ARGO_ROLLOUT, 'rollouts');
const settings = {
  keys: reloaderKeys,
  autoReloadAll: false,
  resourcesToIgnore: new Set<never>(),
  kinds,
  borrowed: () => undefined,
};
const judged = reduceWorkload(rollouts, deployment('api', { version: '10' }), settings) as Workload;

const change: LeverChange = {
  type: 'cm',
  name: 'app',
  namespace: NAMESPACE,
  container: 'main',
  value: 'new',
  at: 0,
};
const roll = {
  metadata: { resourceVersion: '10', annotations: {} },
  changes: [change],
  at: NOW,
  stamp: '1.a',
  returns: false,
  print: () => [],
};

/** Writes a roll of a Rollout by JSON Patch, while the API server answers as it is told to. */
function write(ways: Pick<RollWriterOptions, 'read' | 'patch'>): Promise<unknown> {
  const nothing = {} as never;
  return new RollWriter({ ...ways, jobs: nothing, remakes: nothing, strategyOf: () => 'env-vars' }).write(
    judged,
    roll,
  );
}

const refuse = async (): Promise<never> => {
  throw new RestampError('RESTAMP_KUBE_INVALID', 'the server rejected our request');
};

t.test('a JSON Patch that is refused because somebody wrote in between is a lost race', async (t) => {
  let version = '10';
  const read = async () => deployment('api', { version });
  const patch = async (): Promise<never> => {
    version = '11';
    return refuse();
  };
  await t.rejects(write({ read, patch }), { code: 'RESTAMP_KUBE_CONFLICT' });
});

t.test(
  'a JSON Patch that is refused for an object that somebody deleted in between is a lost race',
  async (t) => {
    let gone = false;
    const read = async () => {
      if (gone) throw new RestampError('RESTAMP_KUBE_NOT_FOUND', 'api');
      return deployment('api', { version: '10' });
    };
    const patch = async (): Promise<never> => {
      gone = true;
      return refuse();
    };
    await t.rejects(write({ read, patch }), { code: 'RESTAMP_KUBE_NOT_FOUND' });
  },
);

t.test('a JSON Patch that is refused for what was judged is a refusal', async (t) => {
  const read = async () => deployment('api', { version: '10' });
  await t.rejects(write({ read, patch: refuse }), { code: 'RESTAMP_KUBE_INVALID' });
});

/** The `restartAt` of a roll at {@link NOW}, of a Rollout that is like this. */
async function restartAt(changes: readonly LeverChange[], more: object = {}, restarted?: string) {
  const annotations = {
    'reloader.stakater.com/auto': 'true',
    'reloader.stakater.com/rollout-strategy': 'restart',
  };
  const made = deployment('api', { version: '10', annotations });
  const object = { ...made, metadata: { ...made.metadata, ...more }, ...{ spec: { restartAt: restarted } } };
  object.metadata.annotations = { ...annotations, ...(more as { annotations?: object }).annotations };
  let sent: object = {};
  const writer = new RollWriter({
    read: async () => object,
    patch: async (_workload, { body }) => {
      sent = body;
      return object;
    },
    jobs: {} as never,
    remakes: {} as never,
    strategyOf: () => 'env-vars',
  });
  await writer.write(reduceWorkload(rollouts, object, settings) as Workload, { ...roll, changes });
  return (sent as { spec: { restartAt: string } }).spec.restartAt;
}

t.test('a restart is after the roll, whatever the times of the source say', async (t) => {
  const months = Date.UTC(2026, 0, 1);
  t.equal(await restartAt([{ ...change, at: months }]), '2026-11-22T12:00:01Z', 'a key was taken away');
  t.equal(await restartAt([{ ...change, value: undefined, at: 0 }]), '2026-11-22T12:00:01Z', 'it is gone');
});

t.test('a restart is after all that bears a later time than our clock', async (t) => {
  const ahead = '2026-11-22T13:00:00Z';
  const after = '2026-11-22T13:00:01Z';
  t.equal(await restartAt([{ ...change, at: Date.parse(ahead) }]), after, 'the change');
  t.equal(await restartAt([change], { managedFields: [{ time: ahead }] }), after, 'a write of the workload');
  t.equal(await restartAt([change], {}, ahead), after, 'the restart before');
  const annotations = { 'restamp.dev/last-roll': JSON.stringify([{ rolled: ahead, sources: [] }]) };
  t.equal(await restartAt([change], { annotations }), after, 'the roll before');
  t.equal(await restartAt([change], {}, 'soon'), '2026-11-22T12:00:01Z', 'but no text that is no time');
});

t.test('where a container names a variable twice, its list is not merged', async (t) => {
  const env = ['A', 'B', 'A'].map((name) => ({ name, value: '1' }));
  for (const [list, type] of [
    [env, 'json'],
    [env.slice(0, 2), 'strategic'],
    [undefined, 'strategic'],
  ] as const) {
    const object = deployment('api', { version: '10', ...(list === undefined ? {} : { env: list }) });
    const sent: string[] = [];
    const writer = new RollWriter({
      read: async () => object,
      patch: async (_workload, patch) => {
        sent.push(patch.type);
        return object;
      },
      jobs: {} as never,
      remakes: {} as never,
      strategyOf: () => 'env-vars',
    });
    await writer.write(reduceWorkload(deploymentRow, object, settings) as Workload, roll);
    t.same(sent, [type]);
  }
});
