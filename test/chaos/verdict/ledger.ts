import { sha1Of, type Data } from '../../e2e/support/objects.ts';
import type { AnySource } from '../population/kinds.ts';

/** What was asked of one source. */
export type Account = {
  /** The data that it has or had last. */
  readonly data: Data;
  readonly exists: boolean;
  /** The digest of each of its contents, oldest first; equal neighbours are one. */
  readonly digests: readonly string[];
  /** The version in which each of them was stored; shorter while the answer to the last one is on its way. */
  readonly versions: readonly bigint[];
  /** Each time that it was deleted: a version in which it was gone, and which content it is created with, if any. */
  readonly absences: readonly { readonly by: bigint; readonly until: number }[];
};

/** What was written to every source, in order: what may have rolled a workload, and how often. */
export class Ledger {
  #accounts = new Map<AnySource, Account>();
  /** All that was written, and when it was forgotten: for people; digests, never data. */
  readonly history: object[] = [];

  /** Returns what makes everything as it is now: for an API server that forgets what came after. */
  save(): () => void {
    const saved = new Map(this.#accounts);
    this.history.push({ at: new Date(), saved: saved.size });
    return () => {
      this.#accounts = new Map(saved);
      this.history.push({ at: new Date(), restored: saved.size });
    };
  }

  get(source: AnySource): Account {
    const account = this.#accounts.get(source);
    if (account === undefined) throw new Error(`${source} is not of this run`);
    return account;
  }

  /** To be called before the write: what reads the source may be faster than its answer. */
  write(source: AnySource, data: Data, digest = sha1Of(data)): void {
    const { digests = [], versions = [], absences = [] } = this.#accounts.get(source) ?? {};
    const grown = digests.at(-1) === digest ? digests : [...digests, digest];
    this.#accounts.set(source, { data, exists: true, digests: grown, versions, absences });
    this.history.push({ at: new Date(), source, digest, index: grown.length - 1 });
  }

  /** The answer to the write. */
  stored(source: AnySource, version: bigint): void {
    const account = this.get(source);
    const { digests, versions } = account;
    if (versions.length < digests.length)
      this.#accounts.set(source, { ...account, versions: [...versions, version] });
  }

  /** `by`: a version in which it was gone. */
  remove(source: AnySource, by: bigint): void {
    const account = this.get(source);
    const absences = [...account.absences, { by, until: account.digests.length }];
    this.#accounts.set(source, { ...account, exists: false, absences });
  }

  /** If it was certainly gone at this version: the content that it was created with after that. */
  createdAfter(source: AnySource, version: bigint): string | undefined {
    const { absences, digests, versions } = this.get(source);
    const absence = absences.findLast(({ by }) => by <= version);
    if (absence === undefined) return undefined;
    const created = versions[absence.until];
    return created === undefined || created <= version ? undefined : digests[absence.until];
  }

  /** How often the content has changed. */
  changes(source: AnySource): number {
    return this.get(source).digests.length - 1;
  }

  /** Which of its contents the source had when everything was at this version: what a pod reads that starts then. */
  indexAt(source: AnySource, version: bigint): number {
    return Math.max(
      0,
      this.get(source).versions.findLastIndex((at) => at <= version),
    );
  }

  digestAt(source: AnySource, version: bigint): string | undefined {
    return this.get(source).digests[this.indexAt(source, version)];
  }

  /** The version in which the source got the content that it has or had last. */
  changedAt(source: AnySource): bigint {
    return this.get(source).versions.at(-1) ?? 0n;
  }
}
