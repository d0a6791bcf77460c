import { setTimeout as delay } from 'node:timers/promises';
import type { Archive } from '../controlplane/archive.ts';
import { FAULTS, scheduleOf, type FaultName, type Stand } from './faults/faults.ts';
import { Random } from './random.ts';

export type StormOptions = {
  readonly seed: number;
  /** How many changes of sources. */
  readonly changes: number;
  /** At how many places among the changes there are faults: one, or two at once. */
  readonly faults: number;
  readonly say: (line: string) => void;
};

/** How many there were of each kind. */
export type Counts = {
  readonly changes: Readonly<{ [what: string]: number }>;
  readonly faults: Readonly<{ [what: string]: number }>;
  /** Writes of workloads by their own users. */
  readonly writes: Readonly<{ [what: string]: number }>;
};

/** What somebody does at random, and how it is called. */
export type Hands = {
  readonly change: () => Promise<string>;
  readonly write: () => Promise<string>;
  /** What happens beside all that, and is judged by nobody. */
  readonly beside: () => Promise<string>;
};

/** How often a change of a source is followed by a write of a workload. */
const WRITES = 0.4;
const BESIDE = 0.4;
/** Which part of the changes is over when everything is saved, and when that comes back. */
const SAVED = 0.4;
const BACK = 0.55;
type Numbers = { [what: string]: number };

/** Changes and writes one after the other, and beside them the faults at their places; returns when all are over. */
export async function blow(
  { seed, changes, faults, say }: StormOptions,
  stand: Stand,
  hands: Hands,
  archive: Pick<Archive, 'take' | 'bringBack'>,
): Promise<Counts> {
  const pace = new Random(seed, 'pace');
  const done = { changes: {} as Numbers, faults: {} as Numbers, writes: {} as Numbers };
  const count = (counts: Numbers, what: string, by = 1): void => {
    counts[what] = (counts[what] ?? 0) + by;
  };
  const schedule = scheduleOf(faults, stand.random);
  let fault: Promise<unknown> = Promise.resolve();
  const breakAll = async (names: readonly FaultName[]): Promise<void> => {
    for (const replica of stand.replicas) await replica.revive();
    await Promise.all(names.map((name) => FAULTS[name](stand)));
    for (const name of names) count(done.faults, name);
    if (names.length > 1) count(done.faults, 'two at once');
  };
  const [saved, back] = [Math.floor(changes * SAVED), Math.floor(changes * BACK)];
  for (let index = 0; index < changes; index += 1) {
    // The changes wait for the faults before only when the next ones are due.
    if (Math.floor((index * faults) / changes) > Math.floor(((index - 1) * faults) / changes)) {
      await fault;
      const names = schedule.shift();
      if (names !== undefined) {
        say(`change ${index} of ${changes}, fault: ${names.join(' and ')}`);
        fault = breakAll(names);
        // It is awaited later; until then a failure is not unhandled.
        fault.catch(() => undefined);
      }
    }
    count(done.changes, await hands.change());
    if (pace.chance(WRITES)) count(done.writes, await hands.write());
    if (pace.chance(BESIDE)) count(done.writes, await hands.beside());
    if (index === saved || index === back) await fault;
    if (index === saved) await archive.take();
    if (index === back) {
      say(`change ${index} of ${changes}: the API server is restored to what it had at change ${saved}`);
      await archive.bringBack();
      count(done.faults, 'restored');
    }
    if (pace.chance(0.7)) await delay(pace.between(0, 250));
  }
  await fault;
  for (const { proxy } of stand.replicas) {
    proxy.mend();
    for (const [what, by] of Object.entries(proxy.figures)) count(done.faults, `requests ${what}`, by);
  }
  return done;
}
