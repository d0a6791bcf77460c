import { setTimeout as delay } from 'node:timers/promises';
import { FAULTS, scheduleOf, type FaultName, type Stand } from './faults.ts';
import { Random } from './random.ts';

export type StormOptions = {
  readonly seed: number;
  /** How many changes of sources. */
  readonly changes: number;
  /** How many faults, at even places among the changes. */
  readonly faults: number;
  readonly say: (line: string) => void;
};

/** How many there were of each kind. */
export type Counts = {
  readonly changes: Readonly<{ [what: string]: number }>;
  readonly faults: Readonly<{ [what: string]: number }>;
};

/** The changes, and beside them the faults at their places among the changes; returns when all of both are over. */
export async function blow(
  { seed, changes, faults, say }: StormOptions,
  stand: Stand,
  change: () => Promise<string>,
): Promise<Counts> {
  const pace = new Random(seed, 'pace');
  const done = { changes: {} as { [what: string]: number }, faults: {} as { [what: string]: number } };
  const count = (counts: { [what: string]: number }, what: string, by = 1): void => {
    counts[what] = (counts[what] ?? 0) + by;
  };
  const schedule = scheduleOf(faults, stand.random);
  let fault: Promise<void> = Promise.resolve();
  const breakOne = async (name: FaultName): Promise<void> => {
    for (const replica of stand.replicas) await replica.revive();
    await FAULTS[name](stand);
    count(done.faults, name);
  };
  for (let index = 0; index < changes; index += 1) {
    // One fault at a time: the changes wait for the one before only when the next is due.
    if (Math.floor((index * faults) / changes) > Math.floor(((index - 1) * faults) / changes)) {
      await fault;
      const name = schedule.shift();
      if (name !== undefined) {
        say(`change ${index} of ${changes}, fault: ${name}`);
        fault = breakOne(name);
        // It is awaited later; until then a failure is not unhandled.
        fault.catch(() => undefined);
      }
    }
    count(done.changes, await change());
    if (pace.chance(0.7)) await delay(pace.between(0, 250));
  }
  await fault;
  for (const { proxy } of stand.replicas) {
    proxy.mend();
    for (const [what, by] of Object.entries(proxy.figures)) count(done.faults, `requests ${what}`, by);
  }
  return done;
}
