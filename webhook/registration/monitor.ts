import type { Clock } from '../../src/clock.ts';
import { reasonOf } from '../../src/errors.ts';
import type { Log } from '../../src/telemetry/log.ts';

export type GuardOptions = {
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** How often to look, in milliseconds. */
  readonly everyMs: number;
  readonly isRegistered: () => Promise<boolean>;
  /** The registration is gone; called once each time. */
  readonly onLost: () => Promise<unknown>;
};

/**
 * Looks whether the API server still calls us. Who took a registration away may have meant it, and everything but
 * attribution, preview and restamping goes on without: so it is said, not undone (DESIGN 5).
 */
export class RegistrationGuard {
  readonly #options: GuardOptions;
  #registered = false;
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Whether the registration was there when it was last looked at. */
  get registered(): boolean {
    return this.#registered;
  }

  /** The registration has just been made. */
  start(): void {
    this.#registered = true;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #schedule(): void {
    if (!this.#stopped)
      this.#cancel = this.#options.clock.after(this.#options.everyMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { log, isRegistered, onLost } = this.#options;
    try {
      const before = this.#registered;
      const now = await isRegistered();
      if (this.#stopped) return;
      this.#registered = now;
      if (before && !now) {
        log.warn({}, 'The webhook registration is gone: rolls go on, unattributed and without a preview');
        await onLost().catch((error: unknown) =>
          log.warn({}, `No Event could be made of it: ${reasonOf(error)}`),
        );
      } else if (!before && now) log.info({}, 'The webhook registration is back');
    } catch (error) {
      log.warn({}, `Whether the webhook is registered could not be seen: ${reasonOf(error)}`);
    }
    this.#schedule();
  }
}
