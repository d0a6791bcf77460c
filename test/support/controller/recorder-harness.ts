import type { RollEntry } from '../../../src/core/stamps/history.ts';
import type { RollSource } from '../../../src/core/objects/roll-source.ts';
import type { WorkloadEvent } from '../../../src/controller/reporting/event-queue.ts';
import { Recorder } from '../../../src/controller/reporting/roll-recorder.ts';
import { noFaults } from '../contained-faults.ts';
import { fakeClock } from '../fake-clock.ts';
import { journal } from '../recording.ts';
import { workload } from './builders.ts';

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
