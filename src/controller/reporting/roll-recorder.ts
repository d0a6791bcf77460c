import { atMost, type Clock } from '../../clock.ts';
import { fitSources, type RollEntry } from '../../core/stamps/history.ts';
import { MAX_NAMES } from '../../core/api/name-list.ts';
import type { RollSource } from '../../core/objects/roll-source.ts';
import { shortList } from '../../core/api/short-list.ts';
import { parseStampKey, sourceRow } from '../../core/api/source.ts';
import { workloadKey, type Workload } from '../../core/objects/workload.ts';
import { reasonOf, RestampError, type ErrorCode } from '../../errors.ts';
import type { Faults } from '../../faults.ts';
import { Repeats } from '../../telemetry/repeats.ts';
import { keepNewest } from '../../keep-newest.ts';
import { EventLine, type WorkloadEvent } from './event-queue.ts';

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
  /** So many Events are lost, because too many wait. */
  readonly countDropped?: (count: number) => void;
  /** Hears of each roll; it holds back what it sends while it is told to be busy. */
  readonly alerts?:
    { rolled(workload: Workload, entry: RollEntry): void; setBusy(busy: boolean): void } | undefined;
};

/** Policies, webhooks and API servers may refuse in turns: so many causes of one workload are remembered. */
const MAX_CAUSES = 10;
/** What one audit line says of sources, in bytes: as much as of a hold. */
const MAX_BYTES = 8 * 1024;
/** How long the end of the process waits for Events: as long as for alerts, and at the same time. */
const LAST_MS = 3_000;

/** Tells of rolls: the audit line and the metrics at once, the Events and alerts when no patch waits (DESIGN 3.6). */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #events: EventLine;
  readonly #unsent: Repeats;
  /** Why the tries to roll each workload have failed since it was rolled last, as far as that was told. */
  readonly #failing = new Map<string, Map<string, true>>();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#unsent = new Repeats(options.clock);
    this.#events = new EventLine({
      send: options.sendEvent,
      onFailed: (event, error) => this.#unsentEvent(event, error),
      onDropped: (count) => options.countDropped?.(count),
    });
  }

  rolled(workload: Workload, entry: RollEntry): void {
    const { audit, countRoll, faults, alerts } = this.#options;
    const attributed = entry.sources.every((source) => source.by !== undefined);
    const since = Math.min(...entry.sources.map(({ changed }) => Date.parse(changed)));
    const seconds = (Date.parse(entry.rolled) - since) / 1000;
    const { kind, namespace, name } = workload;
    this.forget(workloadKey(workload));
    // One record that cannot be made costs no other one.
    faults.contain(workloadKey(workload), () =>
      countRoll({ success: true, kind, namespace, attributed, seconds }),
    );
    const found = changesDetected(workload, entry);
    const object = `'${name}' of type '${kind}' in namespace '${namespace}'`;
    audit(
      {
        audit: 'roll',
        kind,
        namespace,
        name,
        attributed,
        ...named(entry),
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
    this.forget(workloadKey(workload));
    this.#options.audit(
      { audit: 'skipped', kind, namespace, name, ...named(entry) },
      `${changesDetected(workload, entry)}; '${name}' of type '${kind}' was not rolled, as requested`,
    );
  }

  /** It would have been rolled, but this installation only observes. */
  observed(workload: Workload, entry: RollEntry): void {
    const { kind, namespace, name } = workload;
    this.#options.audit(
      { audit: 'observed', kind, namespace, name, ...named(entry) },
      `${changesDetected(workload, entry)}; would update '${name}' of type '${kind}', but only observes`,
    );
  }

  /** A try has failed. Each is counted; until it is rolled, each cause is told once. */
  failed(workload: Workload, error: RestampError, entry: RollEntry): void {
    const { countRoll } = this.#options;
    const { kind, namespace, name } = workload;
    countRoll({ success: false, kind, namespace, attributed: false, code: error.code });
    const key = workloadKey(workload);
    const cause = causeOf(error);
    const told = this.#failing.get(key) ?? new Map<string, true>();
    const isTold = told.has(cause);
    keepNewest(told, cause, true, MAX_CAUSES);
    this.#failing.set(key, told);
    if (isTold) return;
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

  /** The workload is gone, or fresh: the next failure is news. */
  forget(key: string): void {
    this.#failing.delete(key);
  }

  /** Holds Events back while patches are on their way, and lets them go after. */
  setBusy(busy: boolean): void {
    this.#options.alerts?.setBusy(busy);
    this.#events.setBusy(busy);
  }

  /**
   * Sends the Events that wait, and those of rolls that are still under way, for three seconds at most; what has not been
   * sent by then is dropped. Ends as soon as nothing is left.
   */
  async stop(): Promise<void> {
    await atMost(this.#options.clock, LAST_MS, () => this.#events.end());
    const lost = this.#events.clear();
    if (lost > 0) this.#options.error({ lost }, 'Events were not sent: this process ends');
  }

  #event(
    workload: Workload,
    reason: WorkloadEvent['reason'],
    message: string,
    source: RollSource | undefined,
  ): void {
    const type = parseStampKey(source?.source ?? '')?.type ?? 'cm';
    this.#events.add({
      workload,
      type: reason === 'Reloaded' ? 'Normal' : 'Warning',
      reason,
      message,
      component: `reloader-${sourceRow(type).changedBy}`,
    });
  }

  #unsentEvent({ reason }: WorkloadEvent, error: unknown): void {
    const code = error instanceof RestampError ? error.code : undefined;
    const message = `An Event could not be sent: ${reasonOf(error)}`;
    const more = this.#unsent.ask(code ?? '', message);
    if (more !== undefined) this.#options.error({ code, reason, ...(more > 0 ? { more } : {}) }, message);
  }
}

/** What stays the same of an error from try to try: it may name the request, or how long to wait. */
function causeOf({ code, message }: RestampError): string {
  return `${code} ${message.replace(/[0-9a-f-]{8,}|\d+/g, '#')}`;
}

/** What an audit line says of the sources: the first of them, and in `more` how many it does not name. */
function named(entry: RollEntry): Pick<RollEntry, 'sources' | 'more'> {
  const { sources, more } = fitSources(entry, MAX_BYTES) ?? { sources: [], more: entry.sources.length };
  return { sources, ...(more === undefined ? {} : { more }) };
}

/** `Changes detected in 'a' of type 'CONFIGMAP' in namespace 'n'`; several sources stand in one list. */
function changesDetected(workload: Workload, { sources, more }: RollEntry): string {
  const names = sources.map(({ source }) => {
    const ref = parseStampKey(source);
    return ref === undefined ? `'${source}'` : `'${ref.name}' of type '${sourceRow(ref.type).word}'`;
  });
  return `Changes detected in ${shortList(names, more)} in namespace '${workload.namespace}'`;
}
