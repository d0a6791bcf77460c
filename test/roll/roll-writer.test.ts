import t from 'tap';
import { ARGO_ROLLOUT, Kinds } from '../../src/core/kind.ts';
import type { LeverChange } from '../../src/core/lever.ts';
import { reduceWorkload, type Workload } from '../../src/core/workload.ts';
import { RestampError } from '../../src/errors.ts';
import { RollWriter, type RollWriterOptions } from '../../src/roll/roll-writer.ts';
import { deployment, NAMESPACE, reloaderKeys } from './things.ts';

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
  stamp: '1.a',
  returns: false,
  print: [],
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
