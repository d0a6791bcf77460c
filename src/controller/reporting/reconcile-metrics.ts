import type { Clock } from '../../clock.ts';
import type { SourceRef } from '../../core/api/source.ts';
import { sourceRow } from '../../core/api/source.ts';
import { workloadKey, type Workload } from '../../core/objects/workload.ts';
import type { Log } from '../../telemetry/log.ts';
import type { ReloaderMetrics } from '../../telemetry/reloader-metrics.ts';
import type { Outcome } from '../outcome.ts';
import type { SourceState } from '../../state/source-reader.ts';

export type TallyOptions = {
  readonly clock: Clock;
  readonly log: Pick<Log, 'debug'>;
  readonly metrics: ReloaderMetrics;
};

/** Counts what the rolling side does in Reloader's terms (reloader.md 7.4). */
export class Tally {
  readonly #options: TallyOptions;
  /** Workloads whose roll has failed in the pass that goes on. */
  readonly #failed = new Set<string>();
  /** When the writing of a roll began, on the monotonic clock. */
  readonly #writing = new Map<string, number>();

  constructor(options: TallyOptions) {
    this.#options = options;
  }

  event(event: 'add' | 'update' | 'delete', ref: Pick<SourceRef, 'type'>): void {
    this.#options.metrics.events.inc({ event_type: event, resource_type: sourceRow(ref.type).changedBy });
  }

  /** A source has been read; `looked`: the kinds of what may depend on it, and whether each is stale now. */
  read(
    ref: SourceRef,
    state: SourceState,
    before: SourceState | undefined,
    looked: Iterable<{ readonly kind: string; readonly stale: boolean }> | undefined,
  ): void {
    const { metrics, log } = this.#options;
    for (const { kind, stale } of looked ?? []) {
      metrics.scanned.inc({ kind });
      if (stale) metrics.matched.inc({ kind });
    }
    if (looked !== undefined || state.state !== 'present' || before?.state !== 'present') return;
    // Read again for another reason than a write.
    if (state.resourceVersion === before.resourceVersion) return;
    metrics.skipped.inc({ reason: 'no_data_change' });
    // Reloader's words (reloader.md 7.2), once and not for each workload.
    const { name, namespace, type } = ref;
    log.debug(
      {},
      `No changes detected in '${name}' of type '${sourceRow(type).word}' in namespace '${namespace}'`,
    );
  }

  added(): void {
    this.#options.metrics.queueAdds.inc();
  }

  /** One workload was taken up; `waitedMs`: since it was put into the queue. */
  async passed(key: string, waitedMs: number, pass: Promise<Outcome>): Promise<Outcome> {
    const { metrics, clock } = this.#options;
    const started = clock.monotonic();
    const outcome = await pass;
    const failed = this.#failed.delete(key);
    const result = failed ? 'error' : outcome.is === 'done' ? 'success' : 'skipped';
    metrics.reconciles.inc({ result });
    metrics.reconcileSeconds.observe({ result }, (clock.monotonic() - started) / 1000);
    if (failed) metrics.errors.inc({ type: 'handler_error' });
    if (outcome.is === 'again') metrics.retries.inc();
    if (outcome.is === 'done') metrics.queueSeconds.observe(waitedMs / 1000);
    return outcome;
  }

  failed(workload: Workload): void {
    this.#failed.add(workloadKey(workload));
  }

  writing(workload: Workload): void {
    this.#writing.set(workloadKey(workload), this.#options.clock.monotonic());
  }

  /** The writing of a roll has ended. */
  written(workload: Workload, success: boolean): void {
    const { metrics, clock } = this.#options;
    const key = workloadKey(workload);
    const since = this.#writing.get(key);
    this.#writing.delete(key);
    if (success && since !== undefined)
      metrics.actionSeconds.observe({ workload_kind: workload.kind }, (clock.monotonic() - since) / 1000);
  }
}
