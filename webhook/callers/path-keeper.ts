import { readPathKeys, withPathKeys, type SecretObject } from '../../certs/key-secret.ts';
import { createHmacKeys, type HmacKey, type HmacKeys } from '../../certs/keys.ts';
import { reviewPaths, type ReviewPaths, type ReviewRoute } from '../../certs/review-paths.ts';
import type { SecretPort } from '../../certs/ensure-key-secret.ts';
import type { Clock } from '../../src/clock.ts';
import { hasCode, reasonOf } from '../../src/errors.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { SecretPaths } from './secret-paths.ts';

export type PathKeeperOptions = {
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** The keys as the start has found or made them. */
  readonly keys: HmacKeys;
  readonly replace: SecretPort['replace'];
  /** Other addresses are to be registered from now on. */
  readonly onSwitch: () => void;
  /** Whether the API server calls us at the addresses that are to be registered. */
  readonly isRegistered: () => Promise<boolean>;
};

/** Another replica must accept an address before the API server is told of it: so long it has to hear of the key. */
const SWITCH_MS = 5_000;
/** What the API server has begun at a former address is over by then, and each replica has heard of the next one. */
const FORMER_MS = 10 * 60_000;
/** How often a new key is made at most, whoever takes it away; and when a write that failed is tried again. */
const AGAIN_MS = 60_000;

/**
 * Follows the keys of the addresses as the key Secret holds them. A key that is taken out of it is replaced by a new
 * one, in three steps: the new one is accepted beside the former, then registered, then the former one is removed. What
 * cannot be read changes nothing.
 */
export class PathKeeper {
  readonly #options: PathKeeperOptions;
  #secret: SecretObject | undefined;
  #keys: HmacKeys;
  #accepted: SecretPaths;
  #registered: HmacKey;
  #complained = false;
  #madeAt = -Infinity;
  #formerSince: number;
  #cancelSwitch: () => void = () => undefined;
  #cancelLook: () => void = () => undefined;
  #stopped = false;

  constructor(options: PathKeeperOptions) {
    this.#options = options;
    this.#keys = options.keys;
    this.#accepted = new SecretPaths(options.keys);
    this.#registered = options.keys.current;
    this.#formerSince = options.clock.monotonic();
  }

  /** The addresses that are to be registered. */
  get registered(): ReviewPaths {
    return reviewPaths(this.#registered);
  }

  /** What is reviewed at a path; undefined at none of our addresses. */
  routeOf(path: string): ReviewRoute | undefined {
    return this.#accepted.routeOf(path);
  }

  /** The Secret is stored so. */
  put(secret: SecretObject): void {
    this.#secret = secret;
    this.#look();
  }

  /** The Secret is gone. */
  remove(): void {
    this.#secret = undefined;
    this.#complain('The key Secret is gone; what it held goes on, and the next start makes a new one');
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelSwitch();
    this.#cancelLook();
  }

  /** Decides from what is stored now; called again when time alone changes the answer. */
  #look(): void {
    this.#cancelLook();
    if (this.#stopped || this.#secret === undefined) return;
    let keys: HmacKeys | undefined;
    try {
      keys = readPathKeys(this.#secret);
    } catch (error) {
      this.#complain(`${reasonOf(error)}; the addresses of the webhooks stay as they are`);
      return;
    }
    this.#complained = false;
    if (keys === undefined) this.#add(this.#secret);
    else {
      this.#use(keys);
      if (keys.former.length > 0) this.#removeFormer(this.#secret, keys);
    }
  }

  #add(secret: SecretObject): void {
    const { clock, log } = this.#options;
    const wait = this.#madeAt + AGAIN_MS - clock.monotonic();
    if (wait > 0) {
      this.#lookIn(wait);
      return;
    }
    this.#madeAt = clock.monotonic();
    log.info({}, 'The key of the addresses of the webhooks was taken away: a new one is made');
    void this.#write(secret, { current: createHmacKeys().current, former: [this.#keys.current] });
  }

  #use(keys: HmacKeys): void {
    const ids = ({ current, former }: HmacKeys): string => [current, ...former].map(({ id }) => id).join();
    if (ids(keys) === ids(this.#keys)) return;
    this.#keys = keys;
    this.#accepted = new SecretPaths(keys);
    this.#formerSince = this.#options.clock.monotonic();
    this.#cancelSwitch();
    if (keys.current.id === this.#registered.id) return;
    const stays = keys.former.some(({ id }) => id === this.#registered.id);
    const change = (): void => {
      this.#registered = keys.current;
      this.#options.onSwitch();
    };
    if (stays) this.#cancelSwitch = this.#options.clock.after(SWITCH_MS, change);
    else change();
  }

  #removeFormer(secret: SecretObject, { current }: HmacKeys): void {
    const { clock, isRegistered } = this.#options;
    const wait = this.#formerSince + FORMER_MS - clock.monotonic();
    if (wait > 0) {
      this.#lookIn(wait);
      return;
    }
    void isRegistered()
      .catch(() => false)
      .then((registered) => {
        if (registered && this.#secret === secret) return this.#write(secret, { current, former: [] });
        this.#lookIn(AGAIN_MS);
        return undefined;
      });
  }

  /** Who has written the Secret meanwhile is heard of next, and is answered then. */
  async #write(secret: SecretObject, keys: HmacKeys): Promise<void> {
    try {
      await this.#options.replace(withPathKeys(secret, keys));
    } catch (error) {
      if (hasCode(error, 'RESTAMP_KUBE_CONFLICT')) return;
      this.#options.log.warn({}, `The key Secret could not be written: ${reasonOf(error)}`);
      this.#lookIn(AGAIN_MS);
    }
  }

  #lookIn(ms: number): void {
    this.#cancelLook();
    if (!this.#stopped) this.#cancelLook = this.#options.clock.after(ms, () => this.#look());
  }

  #complain(message: string): void {
    if (!this.#complained) this.#options.log.warn({}, message);
    this.#complained = true;
  }
}
