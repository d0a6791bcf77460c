import type { RollEntry } from '../../src/core/history.ts';
import type { RollSource } from '../../src/core/roll-source.ts';
import type { WorkloadEvent } from '../../src/roll/event-line.ts';
import { Recorder } from '../../src/roll/recorder.ts';
import { noFaults } from '../helpers/faults.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { journal } from '../helpers/journal.ts';
import { workload } from './things.ts';

export const api = workload('api');
export const CHANGED = '2026-11-22T12:00:00.000Z';

export function from(source: string, more: Partial<RollSource> = {}): RollSource {
  return { source, cause: 'changed', keys: ['a'], by: 'ann', changed: CHANGED, ...more };
}

export function entry(...sources: readonly RollSource[]): RollEntry {
  return { rolled: '2026-11-22T12:00:01.500Z', sources };
}

/** A recorder whose Events are sent at once, unless they are held, and fail if the test says so. */
export function recording(fail?: Error) {
  const audit: [Readonly<Record<string, unknown>>, string][] = [];
  const errors: [Readonly<Record<string, unknown>>, string][] = [];
  const counted: object[] = [];
  const sent = journal<WorkloadEvent>();
  const release: (() => void)[] = [];
  let holding = false;
  let dropped = 0;
  const clock = fakeClock(0);
  const recorder = new Recorder({
    clock,
    faults: noFaults,
    audit: (fields, message) => audit.push([fields, message]),
    error: (fields, message) => errors.push([fields, message]),
    countRoll: (roll) => counted.push(roll),
    countDropped: (count) => (dropped += count),
    sendEvent: async (event) => {
      sent.note(event);
      if (holding) await new Promise<void>((resolve) => release.push(resolve));
      if (fail !== undefined) throw fail;
    },
  });
  const hold = (): void => {
    holding = true;
  };
  return { recorder, clock, audit, errors, counted, sent, release, hold, dropped: () => dropped };
}
