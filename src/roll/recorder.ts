import { atMost, type Clock } from '../clock.ts';
import type { RollEntry } from '../core/history.ts';
import { MAX_NAMES } from '../core/name-list.ts';
import type { RollSource } from '../core/roll-source.ts';
import { parseStampKey, sourceRow } from '../core/source.ts';
import { workloadKey, type Workload } from '../core/workload.ts';
import { hasCode, reasonOf, RestampError, type ErrorCode } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { isTerminating } from './terminations.ts';

/** Reloader's two reasons of Events (reloader.md 7.3), and one of ours. */
export type WorkloadEvent = {
  readonly workload: Workload;
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'Reloaded' | 'ReloadFail' | 'TooManySources';
  readonly message: string;
  /** `reloader-configmaps`, `reloader-secrets` or `reloader-secretproviderclasspodstatuses`. */
  readonly component: string;
};

export type RecorderOptions = {
  readonly clock: Clock;
  readonly faults: Faults;
  /** One line of the audit log. */
  readonly audit: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly error: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly countRoll: (roll: {
    readonly success: boolean;
    readonly kind: string;
    readonly namespace: string;
    readonly attributed: boolean;
    /** Since the first change of it was seen. */
    readonly seconds?: number;
    /** Why it failed. */
    readonly code?: ErrorCode;
  }) => void;
  readonly sendEvent: (event: WorkloadEvent) => Promise<void>;
  /** Hears of each roll; it holds back what it sends while it is told to be busy. */
  readonly alerts?:
    { rolled(workload: Workload, entry: RollEntry): void; setBusy(busy: boolean): void } | undefined;
};

const EVENTS_AT_ONCE = 4;
/** Events are for people; what would be lost of a longer list stands in the log. */
const MAX_EVENTS = 5_000;
/** How long the end of the process waits for Events: as long as for alerts, and at the same time. */
const LAST_MS = 3_000;

/** Tells of rolls: the audit line and the metrics at once, the Events and alerts when no patch waits (DESIGN 3.6). */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #events: WorkloadEvent[] = [];
  #sending = 0;
  #busy = false;
  /** Resolved when nothing is left to be sent; undefined before the end. */
  #ending: PromiseWithResolvers<undefined> | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  rolled(workload: Workload, entry: RollEntry): void {
    const { audit, countRoll, faults, alerts } = this.#options;
    const attributed = entry.sources.every((source) => source.by !== undefined);
    const since = Math.min(...entry.sources.map(({ changed }) => Date.parse(changed)));
    const seconds = (Date.parse(entry.rolled) - since) / 1000;
    const { kind, namespace, name } = workload;
    // One record that cannot be made costs no other one.
    faults.contain(workloadKey(workload), () =>
      countRoll({ success: true, kind, namespace, attributed, seconds }),
    );
    const found = changesDetected(workload, entry.sources);
    const object = `'${name}' of type '${kind}' in namespace '${namespace}'`;
    audit(
      {
        audit: 'roll',
        kind,
        namespace,
        name,
        attributed,
        sources: entry.sources,
      },
      // Byte for byte Reloader's (reloader.md 7.2), where one source has changed.
      `${found}; updated ${object}`,
    );
    this.#event(workload, 'Reloaded', `${found}, Updated ${object}`, entry.sources[0]);
    faults.contain(workloadKey(workload), () => alerts?.rolled(workload, entry));
  }

  /** Somebody asked to take what is stale as it is. */
  skipped(workload: Workload, entry: RollEntry): void {
    const { kind, namespace, name } = workload;
    this.#options.audit(
      { audit: 'skipped', kind, namespace, name, sources: entry.sources },
      `${changesDetected(workload, entry.sources)}; '${name}' of type '${kind}' was not rolled, as requested`,
    );
  }

  /** It would have been rolled, but this installation only observes. */
  observed(workload: Workload, entry: RollEntry): void {
    const { kind, namespace, name } = workload;
    this.#options.audit(
      { audit: 'observed', kind, namespace, name, sources: entry.sources },
      `${changesDetected(workload, entry.sources)}; would update '${name}' of type '${kind}', but only observes`,
    );
  }

  failed(workload: Workload, error: RestampError, entry: RollEntry): void {
    const { countRoll } = this.#options;
    const { kind, namespace, name } = workload;
    countRoll({ success: false, kind, namespace, attributed: false, code: error.code });
    const message = `Update for '${name}' of type '${kind}' in namespace '${namespace}' failed with error ${error.message}`;
    this.#options.error({ code: error.code, remedy: error.remedy, kind, namespace, name }, message);
    this.#event(workload, 'ReloadFail', message, entry.sources[0]);
  }

  /** It names more sources than one workload may; `left` of them are not followed. */
  tooMany(workload: Workload, left: number): void {
    const { kind, namespace, name } = workload;
    const message = `${kind} '${name}' names too many sources: the first ${MAX_NAMES} of its template and of each list are followed, ${left} are not; name fewer, or split it`;
    this.#options.error({ kind, namespace, name, left }, message);
    this.#event(workload, 'TooManySources', message, undefined);
  }

  /** Holds Events back while patches are on their way, and lets them go after. */
  setBusy(busy: boolean): void {
    this.#busy = busy;
    this.#options.alerts?.setBusy(busy);
    this.#flush();
  }

  /**
   * Sends the Events that wait, and those of rolls that are still under way, for three seconds at most; what has not been
   * sent by then is dropped. Ends as soon as nothing is left.
   */
  async stop(): Promise<void> {
    this.#ending = Promise.withResolvers<undefined>();
    this.#flush();
    const { promise } = this.#ending;
    await atMost(this.#options.clock, LAST_MS, () => promise);
    const lost = this.#events.splice(0).length;
    if (lost > 0) this.#options.error({ lost }, 'Events were not sent: this process ends');
  }

  #event(
    workload: Workload,
    reason: WorkloadEvent['reason'],
    message: string,
    source: RollSource | undefined,
  ): void {
    const type = parseStampKey(source?.source ?? '')?.type ?? 'cm';
    const event: WorkloadEvent = {
      workload,
      type: reason === 'Reloaded' ? 'Normal' : 'Warning',
      reason,
      message,
      component: `reloader-${sourceRow(type).changedBy}`,
    };
    if (this.#events.length < MAX_EVENTS) this.#events.push(event);
    this.#flush();
  }

  #flush(): void {
    const open = !this.#busy || this.#ending !== undefined;
    while (open && this.#sending < EVENTS_AT_ONCE) {
      const event = this.#events.shift();
      if (event === undefined) break;
      void this.#send(event);
    }
    if (!this.#busy && this.#sending === 0 && this.#events.length === 0) this.#ending?.resolve(undefined);
  }

  async #send(event: WorkloadEvent): Promise<void> {
    this.#sending += 1;
    try {
      await this.#options.sendEvent(event);
    } catch (error) {
      // Its namespace is going, or gone: there is nobody left to tell.
      if (isTerminating(error) || hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) return;
      const code = error instanceof RestampError ? error.code : undefined;
      this.#options.error({ code, reason: event.reason }, `An Event could not be sent: ${reasonOf(error)}`);
    } finally {
      this.#sending -= 1;
      this.#flush();
    }
  }
}

/** `Changes detected in 'a' of type 'CONFIGMAP' in namespace 'n'`; several sources stand in one list. */
function changesDetected(workload: Workload, sources: readonly RollSource[]): string {
  const named = sources.map(({ source }) => {
    const ref = parseStampKey(source);
    return ref === undefined ? `'${source}'` : `'${ref.name}' of type '${sourceRow(ref.type).word}'`;
  });
  return `Changes detected in ${named.join(', ')} in namespace '${workload.namespace}'`;
}
