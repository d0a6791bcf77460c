import type { Annotations } from '../core/api/annotations.ts';
import type { KindRow, Kinds } from '../core/api/kind.ts';
import { newerVersion } from '../core/api/resource-version.ts';
import { isRecord, isText } from '../core/api/shape.ts';
import { valueAt } from '../core/api/value-at.ts';
import { workloadKey, type WorkloadObject } from '../core/objects/workload.ts';

/** A workload that another object speaks for. */
export type Borrower = { readonly row: KindRow; readonly namespace: string; readonly name: string };

type Loan = {
  readonly borrower: Borrower;
  readonly annotations: Annotations;
  /** The write that brought them. */
  readonly version: string;
};

/**
 * Argo Rollouts that take their pod template from a Deployment (`workloadRef`): the two are one workload, so that
 * the Rollout's annotations count as the Deployment's, where it has none of its own. While one Rollout takes the place
 * of another, both refer to it: each lends what it has, in the order of their names.
 */
export class Lenders {
  readonly #kinds: Kinds;
  readonly #byLender = new Map<string, Loan>();
  /** The loans of each borrower, by lender. */
  readonly #byBorrower = new Map<string, Map<string, Loan>>();
  /** What they come to. */
  readonly #lent = new Map<string, Annotations>();

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  /** A lender was seen; returns the workloads for which it makes a difference. */
  put(row: KindRow, object: WorkloadObject): Borrower[] {
    if (row.reference === undefined) return [];
    const { namespace = '', name } = object.metadata;
    const annotations = object.metadata.annotations ?? {};
    const lender = workloadKey({ kind: row.kind, namespace, name });
    const borrower = this.#borrowerOf(row.reference, namespace, object);
    const before = this.#byLender.get(lender);
    const same = JSON.stringify(before?.annotations) === JSON.stringify(annotations);
    if (same && borrower !== undefined && before !== undefined && keyOf(before.borrower) === keyOf(borrower))
      return [];
    const touched = this.#forget(lender);
    if (borrower === undefined) return touched;
    const loan = { borrower, annotations, version: object.metadata.resourceVersion };
    const key = keyOf(borrower);
    this.#byLender.set(lender, loan);
    this.#byBorrower.set(key, (this.#byBorrower.get(key) ?? new Map<string, Loan>()).set(lender, loan));
    this.#add(key);
    return [...touched.filter((one) => keyOf(one) !== keyOf(borrower)), borrower];
  }

  /** A lender is gone; returns the workloads for which it makes a difference. */
  remove(id: { readonly kind: string; readonly namespace: string; readonly name: string }): Borrower[] {
    return this.#forget(workloadKey(id));
  }

  /** The annotations that are lent to a workload: the same object until they change. */
  annotations(key: string): Annotations | undefined {
    return this.#lent.get(key);
  }

  /** The version of the write by which a workload was lent what it is; `now` where that cannot be known. */
  lentAt(key: string, now: string | undefined): string | undefined {
    const versions = [...(this.#byBorrower.get(key)?.values() ?? [])].map(({ version }) => version);
    const newest = versions.reduce<string | undefined>(newerVersion, undefined);
    return this.#kinds.knowsLenders ? (newest ?? now) : now;
  }

  /** Whether nothing else can be lent to a workload than what it was read with. */
  hasAll(key: string, borrowed: Annotations | undefined): boolean {
    return this.#kinds.knowsLenders && this.#lent.get(key) === borrowed;
  }

  /** The workload that a lender speaks for: its pods are that one's. */
  borrower(lender: string): string | undefined {
    const loan = this.#byLender.get(lender);
    return loan && keyOf(loan.borrower);
  }

  #forget(lender: string): Borrower[] {
    const loan = this.#byLender.get(lender);
    if (loan === undefined) return [];
    const key = keyOf(loan.borrower);
    this.#byLender.delete(lender);
    this.#byBorrower.get(key)?.delete(lender);
    this.#add(key);
    return [loan.borrower];
  }

  /** Adds up what is lent to a borrower. */
  #add(key: string): void {
    const loans = [...(this.#byBorrower.get(key) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    if (loans.length === 0) {
      this.#byBorrower.delete(key);
      this.#lent.delete(key);
    } else
      this.#lent.set(
        key,
        Object.assign({}, ...loans.map(([, { annotations }]) => annotations)) as Annotations,
      );
  }

  #borrowerOf(path: readonly string[], namespace: string, object: WorkloadObject): Borrower | undefined {
    const ref = valueAt(object, path);
    if (!isRecord(ref) || !isText(ref['kind']) || !isText(ref['name'])) return undefined;
    const row = this.#kinds.get(ref['kind']);
    return row && { row, namespace, name: ref['name'] };
  }
}

function keyOf({ row, namespace, name }: Borrower): string {
  return workloadKey({ kind: row.kind, namespace, name });
}
