import { sha1Of, type Data, type SourceName } from '../e2e/objects.ts';

/** What was asked of one source. */
export type Account = {
  /** The data that it has or had last. */
  readonly data: Data;
  readonly exists: boolean;
  /** The digest of each of its contents, oldest first; equal neighbours are one. */
  readonly digests: readonly string[];
};

/** What was written to every source, in order: what may have rolled a workload, and how often. */
export class Ledger {
  readonly #accounts = new Map<SourceName, Account>();

  get(source: SourceName): Account {
    const account = this.#accounts.get(source);
    if (account === undefined) throw new Error(`${source} is not of this run`);
    return account;
  }

  /** To be called before the write: what reads the source may be faster than its answer. */
  write(source: SourceName, data: Data): void {
    const { digests = [] } = this.#accounts.get(source) ?? {};
    const digest = sha1Of(data);
    const grown = digests.at(-1) === digest ? digests : [...digests, digest];
    this.#accounts.set(source, { data, exists: true, digests: grown });
  }

  remove(source: SourceName): void {
    this.#accounts.set(source, { ...this.get(source), exists: false });
  }

  /** How often the content has changed. */
  changes(source: SourceName): number {
    return this.get(source).digests.length - 1;
  }
}
