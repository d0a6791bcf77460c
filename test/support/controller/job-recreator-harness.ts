import { createHash } from 'node:crypto';
import { STAMPS } from '../../../src/core/api/annotations.ts';
import type { JobManifest } from '../../../src/core/objects/job.ts';
import type { WorkloadObject } from '../../../src/core/objects/workload.ts';
import { RestampError, type ErrorCode } from '../../../src/errors.ts';
import { isSameRemake, type Remake } from '../../../src/controller/rollers/job-intent-store.ts';
import { Remakes } from '../../../src/controller/rollers/job-recreator.ts';
import type { JobPort } from '../../../src/controller/rollers/job-port.ts';
import { Terminations } from '../../../src/controller/gates/terminating-namespaces.ts';
import { fakeClock } from '../fake-clock.ts';
import { faultsTo } from '../contained-faults.ts';
import { turn } from '../recording.ts';

const manifest: JobManifest = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'migrate', namespace: 'prod' },
  spec: {},
};
export const remake: Remake = {
  namespace: 'prod',
  name: 'migrate',
  uid: 'old',
  resourceVersion: '7',
  manifest,
};
const error = (code: ErrorCode): RestampError => new RestampError(code, 'prod/migrate');

export const OLD: WorkloadObject = { metadata: { name: 'migrate', uid: 'old', resourceVersion: '7' } };
export const GOING: WorkloadObject = {
  metadata: { ...OLD.metadata, deletionTimestamp: '2026-11-22T12:00:00Z' },
};
export const JOB = 'prod/Job/migrate';

/** Where it is kept: the hash of `prod/migrate`. */
export const KEY = createHash('sha256').update('prod/migrate').digest('hex').slice(0, 32);

const STAMPED = { annotations: { [STAMPS]: 'the map' } };
export const withStamps: Remake = {
  ...remake,
  manifest: { ...manifest, metadata: { ...manifest.metadata, ...STAMPED } },
};
export const stamped = (uid: string): WorkloadObject => ({
  metadata: { name: 'migrate', uid, resourceVersion: '9', ...STAMPED },
});

/** One Job in memory; `fail` is thrown by the next call of that name, `lost` after it has been done. */
export function remaking() {
  const clock = fakeClock(0);
  const stored = new Map<string, Remake>();
  const done: string[] = [];
  const fail = new Map<keyof JobPort, ErrorCode>();
  const lost = new Set<keyof JobPort>();
  let finalized = false;
  /** What happens between a question and its answer. */
  const during = { read: (): void => undefined };
  let job: WorkloadObject | undefined = OLD;
  const failing = (call: keyof JobPort): void => {
    const code = fail.get(call);
    fail.delete(call);
    if (code !== undefined) throw error(code);
  };
  const answer = <T>(call: keyof JobPort, value: T): T => {
    if (lost.delete(call)) throw error('RESTAMP_KUBE_UNAVAILABLE');
    return value;
  };
  const jobs: JobPort = {
    read: async () => {
      done.push('look');
      failing('read');
      const now = job;
      during.read();
      if (now === undefined) throw error('RESTAMP_KUBE_NOT_FOUND');
      return now;
    },
    create: async (_manifest, dryRun) => {
      done.push(dryRun ? 'ask' : 'create');
      failing('create');
      if (job !== undefined) throw error('RESTAMP_KUBE_CONFLICT');
      if (!dryRun) job = { metadata: { name: 'migrate', uid: 'new', resourceVersion: '9' } };
      return answer('create', job ?? { metadata: { name: '', uid: '', resourceVersion: '' } });
    },
    running: async () => [],
    remove: async () => {
      done.push(`remove with ${stored.size} kept`);
      failing('remove');
      job = finalized ? GOING : undefined;
      answer('remove', undefined);
    },
  };
  const store = {
    all: async () => [...stored.values()],
    put: async (key: string, one: Remake) => void stored.set(key, one),
    holds: async (key: string, one: Remake) => {
      const kept = stored.get(key);
      return kept !== undefined && isSameRemake(kept, one);
    },
    remove: async (key: string, one: Remake) => {
      if (await store.holds(key, one)) stored.delete(key);
    },
  };
  const troubles: string[] = [];
  const terminations = new Terminations(clock);
  const made: string[] = [];
  const ended: string[] = [];
  const remakes = new Remakes({
    store,
    jobs,
    clock,
    terminations,
    faults: faultsTo(({ code }) => troubles.push(code)),
    onTrouble: ({ code }) => troubles.push(code),
    onMade: ({ metadata }) => made.push(metadata.uid),
    onEnd: (key) => ended.push(key),
  });
  const set = (next: WorkloadObject | undefined): void => void (job = next);
  /** The old Job is kept by a finalizer. */
  const keep = (): void => void (finalized = true);
  const pass = async (ms: number): Promise<void> => {
    await turn();
    for (let left = ms; left > 0; left -= 250) {
      clock.advance(Math.min(left, 250));
      await turn();
    }
  };
  const uid = (): string | undefined => job?.metadata.uid;
  return {
    clock,
    stored,
    done,
    fail,
    lost,
    troubles,
    terminations,
    remakes,
    made,
    ended,
    during,
    set,
    keep,
    pass,
    uid,
  };
}
