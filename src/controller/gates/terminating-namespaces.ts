import type { Clock } from '../../clock.ts';
import type { Workload } from '../../core/objects/workload.ts';
import { hasCode } from '../../errors.ts';

type Shown = { readonly metadata: { readonly name: string; readonly deletionTimestamp?: string | null } };

/** A namespace of this name may be made anew, and who has no right to watch Namespaces is not told. */
const HEARD_MS = 300_000;

/**
 * What is being deleted: nothing of it is rolled, run or made anew. The watch of Namespaces tells; who may not follow them
 * hears of it from the API server, when something is to be created.
 */
export class Terminations {
  readonly #clock: Clock;
  readonly #shown = new Set<string>();
  /** Until when what was heard of a namespace counts, on the monotonic clock. */
  readonly #heard = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a namespace is being deleted. */
  has(namespace: string): boolean {
    const until = this.#heard.get(namespace);
    if (until !== undefined && until <= this.#clock.monotonic()) this.#heard.delete(namespace);
    return this.#shown.has(namespace) || this.#heard.has(namespace);
  }

  /** Whether a workload goes, by itself or with its namespace. */
  includes({ namespace, terminating }: Pick<Workload, 'namespace' | 'terminating'>): boolean {
    return terminating || this.has(namespace);
  }

  /** Takes in what a refusal says of a namespace; true if it says that the namespace is being deleted. */
  heard(namespace: string, error: unknown): boolean {
    const isSo = isTerminating(error);
    if (isSo) this.#heard.set(namespace, this.#clock.monotonic() + HEARD_MS);
    return isSo;
  }

  /** Follows the Namespaces. */
  put({ metadata }: Shown): void {
    if ((metadata.deletionTimestamp ?? undefined) !== undefined) this.#shown.add(metadata.name);
    else this.#forget(metadata.name);
  }

  /** A Namespace is gone. */
  remove({ name }: { readonly name: string }): void {
    this.#forget(name);
  }

  #forget(name: string): void {
    this.#shown.delete(name);
    this.#heard.delete(name);
  }
}

/** Whether the API server refuses to create something because the namespace is being deleted (NamespaceLifecycle). */
export function isTerminating(error: unknown): boolean {
  return hasCode(error, 'RESTAMP_KUBE_FORBIDDEN') && error.detail.includes('because it is being terminated');
}
