import type { Clock } from '../clock.ts';
import type { KindName } from '../core/api/kind.ts';
import { sourceRow } from '../core/api/source.ts';
import { asRestampError, type RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { Lookout } from './discovery-poller.ts';

export type LateCsiOptions = {
  readonly enabled: boolean;
  readonly clock: Clock;
  /** Under which name the API server serves a kind; undefined while it does not. */
  readonly find: (kind: KindName) => Promise<string | undefined>;
  readonly log: { info(fields: object, message: string): void };
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
};

const KINDS = [sourceRow('spc').kind, 'SecretProviderClassPodStatus'];

/** The kinds of the Secrets Store CSI driver, which may be installed later than Restamp. */
export class LateCsi {
  readonly #options: LateCsiOptions;
  readonly #enabled: boolean;
  readonly #lookout: Lookout;
  #served = false;

  constructor(options: LateCsiOptions) {
    this.#options = options;
    this.#enabled = options.enabled;
    this.#lookout = new Lookout(options.clock, options.faults);
  }

  /** Whether they were served when somebody looked last; never where the integration is off. */
  get served(): boolean {
    return this.#served;
  }

  /** Looks for the first time, and tells in Reloader's words what was found. Never rejects. */
  async look(): Promise<void> {
    if (!this.#enabled) return;
    await this.#lookout.first(() => this.#find());
    this.#options.log.info(
      {},
      this.#served
        ? 'CSI provider is installed'
        : 'CSI provider is not installed: it is followed as soon as it is',
    );
  }

  /** Looks again from time to time until they are served. */
  watch(onFound: () => void): void {
    if (!this.#enabled || this.#served) return;
    this.#lookout.watch(
      () => this.#find(),
      () => {
        if (!this.#served) return true;
        this.#options.log.info({}, 'CSI provider is installed, and followed');
        onFound();
        return false;
      },
    );
  }

  stop(): void {
    this.#lookout.stop();
  }

  /** False if the API server could not tell. */
  async #find(): Promise<boolean> {
    const { group, version } = sourceRow('spc');
    try {
      const found = await Promise.all(KINDS.map((kind) => this.#options.find({ group, version, kind })));
      this.#served = !found.includes(undefined);
      return true;
    } catch (error) {
      if (this.#lookout.stopped) return false;
      this.#options.onTrouble(asRestampError(error, 'RESTAMP_KUBE_PROTOCOL', group));
      return false;
    }
  }
}
