import type { Clock } from '../clock.ts';
import type { KindRow, Kinds, KindSpec } from '../core/api/kind.ts';
import { asRestampError, type RestampError } from '../errors.ts';
import type { Faults } from '../faults.ts';
import { Lookout } from './discovery-poller.ts';

export type LateKindsOptions = {
  readonly kinds: Kinds;
  readonly clock: Clock;
  /** Under which name the API server serves a kind; undefined while it does not. */
  readonly find: (spec: KindSpec) => Promise<string | undefined>;
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
};

/** Kinds that are added by configuration: each is taken into the table as soon as the API server serves it. */
export class LateKinds {
  readonly #options: LateKindsOptions;
  readonly #lookout: Lookout;
  /** Kinds that the API server did not serve when it was asked before. */
  readonly #absent = new Set<KindSpec>();
  #missing: readonly KindSpec[];
  #failed = false;

  constructor(specs: readonly KindSpec[], options: LateKindsOptions) {
    this.#missing = specs;
    this.#options = options;
    for (const spec of specs) options.kinds.await(spec);
    this.#lookout = new Lookout(options.clock, options.faults);
  }

  /** Kinds that are not served yet. */
  get missing(): readonly KindSpec[] {
    return this.#missing;
  }

  /**
   * Looks before the start, and again for a while as long as the API server cannot tell: one failed answer does not
   * mean that a kind is not served. All objects of what is found are listed before anything is judged. Never rejects.
   */
  async begin(): Promise<void> {
    await this.#lookout.first(async () => {
      for (const row of await this.look()) this.#options.kinds.known(row);
      return !this.#failed;
    });
  }

  /** Looks for what is missing once. Never rejects. */
  async look(): Promise<KindRow[]> {
    const { kinds, find, onTrouble } = this.#options;
    const found: KindRow[] = [];
    const missing: KindSpec[] = [];
    this.#failed = false;
    for (const spec of this.#missing)
      try {
        const resource = await find(spec);
        if (resource === undefined) {
          missing.push(spec);
          // An API server that starts says this of any kind for a moment.
          if (this.#absent.has(spec)) kinds.known(spec);
          this.#absent.add(spec);
        } else {
          kinds.await(spec);
          found.push(kinds.add(spec, resource));
        }
      } catch (error) {
        if (this.#lookout.stopped) return found;
        this.#failed = true;
        missing.push(spec);
        onTrouble(
          asRestampError(error, 'RESTAMP_KUBE_PROTOCOL', `${spec.group}/${spec.version} ${spec.kind}`),
        );
      }
    this.#missing = missing;
    return found;
  }

  /** Looks again from time to time until nothing is missing; who is told says when all of the kind is known. */
  watch(onFound: (row: KindRow) => void): void {
    if (this.#missing.length === 0) return;
    this.#lookout.watch(
      () => this.look(),
      (rows) => {
        for (const row of rows) this.#options.faults.contain(row.kind, () => onFound(row));
        return this.#missing.length > 0;
      },
    );
  }

  stop(): void {
    this.#lookout.stop();
  }
}
