import type { Workload } from '../../core/objects/workload.ts';
import { hasCode } from '../../errors.ts';
import { FairQueue } from '../../flowcontrol/fair-queue.ts';
import { isTerminating } from '../gates/terminating-namespaces.ts';

/** Reloader's two reasons of Events (reloader.md 7.3), and one of ours. */
export type WorkloadEvent = {
  readonly workload: Workload;
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'Reloaded' | 'ReloadFail' | 'TooManySources';
  readonly message: string;
  /** `reloader-configmaps`, `reloader-secrets` or `reloader-secretproviderclasspodstatuses`. */
  readonly component: string;
};

export type EventLineOptions = {
  readonly send: (event: WorkloadEvent) => Promise<void>;
  /** One could not be sent. */
  readonly onFailed: (event: WorkloadEvent, error: unknown) => void;
  /** So many are lost, because too many wait. */
  readonly onDropped: (count: number) => void;
};

const AT_ONCE = 4;
/** Events are for people; what would be lost of a longer list stands in the log. */
const MAX_WAITING = 5_000;
/** One namespace must not fill it. */
const MAX_WAITING_EACH = 1_000;

/** Events that wait until no patch is on its way: a few are sent at once, and the namespaces take turns. */
export class EventLine {
  readonly #options: EventLineOptions;
  readonly #waiting = new FairQueue<WorkloadEvent>(AT_ONCE);
  readonly #counts = new Map<string, number>();
  #next = 0;
  #busy = false;
  /** Resolved when nothing is left to be sent; undefined before the end. */
  #ending: PromiseWithResolvers<undefined> | undefined;

  constructor(options: EventLineOptions) {
    this.#options = options;
  }

  add(event: WorkloadEvent): void {
    const { namespace } = event.workload;
    const count = this.#counts.get(namespace) ?? 0;
    if (this.#waiting.size >= MAX_WAITING || count >= MAX_WAITING_EACH) this.#options.onDropped(1);
    else {
      this.#counts.set(namespace, count + 1);
      this.#waiting.add(`${namespace}/${this.#next}`, event);
      this.#next += 1;
    }
    this.#flush();
  }

  /** Holds Events back while patches are on their way, and lets them go after. */
  setBusy(busy: boolean): void {
    this.#busy = busy;
    this.#flush();
  }

  /** Sends what waits although patches are on their way; ends when nothing is left and none is on its way. */
  end(): Promise<unknown> {
    this.#ending ??= Promise.withResolvers<undefined>();
    this.#flush();
    return this.#ending.promise;
  }

  /** Drops what waits; returns how many. */
  clear(): number {
    const lost = this.#waiting.size;
    this.#waiting.clear();
    this.#counts.clear();
    return lost;
  }

  #flush(): void {
    const open = !this.#busy || this.#ending !== undefined;
    for (
      let next = open ? this.#waiting.next() : undefined;
      next !== undefined;
      next = this.#waiting.next()
    ) {
      const { namespace } = next.item.workload;
      const left = (this.#counts.get(namespace) ?? 1) - 1;
      if (left > 0) this.#counts.set(namespace, left);
      else this.#counts.delete(namespace);
      void this.#send(next.key, next.item);
    }
    if (!this.#busy && this.#waiting.runs + this.#waiting.size === 0) this.#ending?.resolve(undefined);
  }

  async #send(key: string, event: WorkloadEvent): Promise<void> {
    try {
      await this.#options.send(event);
    } catch (error) {
      // Its namespace is going, or gone: there is nobody left to tell.
      if (!isTerminating(error) && !hasCode(error, 'RESTAMP_KUBE_NOT_FOUND'))
        this.#options.onFailed(event, error);
    } finally {
      this.#waiting.done(key);
      this.#flush();
    }
  }
}
