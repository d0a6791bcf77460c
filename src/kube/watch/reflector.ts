import { pause, type Clock } from '../../clock.ts';
import { asRestampError, hasCode, isUnanswered, type RestampError } from '../../errors.ts';
import type { Faults } from '../../faults.ts';
import { newerVersion } from '../../core/api/resource-version.ts';
import type { KubeClient } from '../client.ts';
import type { Contact } from '../contact.ts';
import { Continuity } from './continuity.ts';
import { Lines } from './watch-lines.ts';
import { readPages } from './paged-list.ts';
import { Roster, type Follower, type Identified } from './known-objects.ts';
import { parseEvent, statusError, unavailable, type WatchEvent } from './watch-event.ts';

export type ReflectorOptions<T extends Identified> = {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly contact: Pick<Contact, 'absences' | 'isAway' | 'broken'>;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Accept headers of a watch and of a list, for metadata only. */
  readonly accept?: { readonly watch: string; readonly list: string };
  readonly follower: Follower<T>;
  /** Called each time the whole list has been read again after the first time. */
  readonly onRelisted?: () => void;
  /** Called when something went wrong; the reflector goes on by itself. */
  readonly onTrouble: (error: RestampError) => void;
  readonly faults: Faults;
  /** 0 to 1, for jitter. */
  readonly random?: () => number;
};

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 30_000;
/** Whoever ends a watch that has lasted so long is not asked too often. */
const LASTING_MS = 10_000;
/** A server that ignores `sendInitialEvents` sends no end mark; after this long the paged list is read instead. */
const INITIAL_EVENTS_MS = 60_000;
/** Why a watch is aborted. An AbortController without a reason makes one with a stack, each time. */
const OVER = new Error('the watch is over');

/**
 * Follows one kind of object: a streamed initial list (a paged one where the API server has no streamed lists),
 * then the watch, resumed where it ended; 410 means list again. It restarts itself for ever, with backoff.
 * It keeps names only ({@link Roster}); what an object weighs is the follower's choice.
 */
export class Reflector<T extends Identified> {
  readonly #options: ReflectorOptions<T>;
  readonly #stopping = new AbortController();
  readonly #synced = Promise.withResolvers<undefined>();
  readonly #roster: Roster<T>;
  readonly #continuity: Continuity;
  /** Where to resume; undefined means list again. */
  #version: string | undefined;
  /** The newest version that was shown, as far as it is of the history that goes on. */
  #seen: string | undefined;
  #streaming = true;
  /** When the streamed list was begun that has not ended yet, however often it was wished for anew since. */
  #begun: number | undefined;
  #cancelDeadline: () => void = () => undefined;
  #lists = 0;
  #heard: number;
  #backoffMs = FIRST_BACKOFF_MS;
  #connection = new AbortController();
  #trouble: RestampError | undefined;
  /** The connection was ended by ourselves: no fault. */
  #relisting = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    const { follower } = options;
    this.#roster = new Roster({
      begin: () => this.#tell(undefined, () => follower.begin?.()),
      put: (object) => this.#tell(object.metadata, () => follower.put(object)),
      remove: (id) => this.#tell(id, () => follower.remove(id)),
      end: (list) => this.#tell(undefined, () => follower.end?.(list)),
    });
    this.#continuity = new Continuity(options.path, options.contact, {
      lost: () => this.#tell(undefined, () => follower.lost?.()),
      found: () => this.#tell(undefined, () => follower.found?.()),
    });
    this.#heard = options.clock.monotonic();
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Reads the whole list again, now. What has changed meanwhile is told as if it had come by the watch. */
  relist(): void {
    this.#relisting = true;
    this.#version = undefined;
    this.#connection.abort(OVER);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(OVER);
    this.#connection.abort(OVER);
    await this.#running;
  }

  /** Ends when everything that existed at the start has been handed over. */
  get synced(): Promise<undefined> {
    return this.#synced.promise;
  }

  get hasSynced(): boolean {
    return this.#lists > 0;
  }

  /** Why the last try has failed, if nothing has come since. */
  get trouble(): RestampError | undefined {
    return this.#trouble;
  }

  /** Seconds since the API server last said anything on this watch, bookmarks included. */
  get ageSeconds(): number {
    return (this.#options.clock.monotonic() - this.#heard) / 1000;
  }

  /** How often the whole list was read again after the first time. */
  get relists(): number {
    return Math.max(this.#lists - 1, 0);
  }

  async #run(): Promise<void> {
    const { path } = this.#options;
    while (!this.#stopped()) {
      try {
        if (this.#continuity.isOver) this.#version = undefined;
        if (this.#version === undefined && !this.#streaming) await this.#list();
        else if (!(await this.#watch()))
          await this.#recover(unavailable(path, 'the watch ended too early'), 'ended');
      } catch (error) {
        if (this.#stopped()) return;
        await this.#recover(error);
      }
    }
  }

  async #recover(error: unknown, how?: 'ended'): Promise<void> {
    if (this.#relisting) {
      this.#relisting = false;
      return;
    }
    this.#begun = undefined;
    const { clock, path, onTrouble, random = Math.random } = this.#options;
    const trouble = asRestampError(error, 'RESTAMP_KUBE_UNAVAILABLE', path);
    if (how !== 'ended' && isUnanswered(trouble)) this.#continuity.lose();
    // After a restore of etcd from a copy, the newest version can be older than the one that was seen.
    const tooLarge = trouble.detail.includes('Too large resource version');
    if (tooLarge || hasCode(trouble, 'RESTAMP_KUBE_GONE')) this.#version = undefined;
    else if (hasCode(trouble, 'RESTAMP_KUBE_INVALID') && this.#version === undefined && this.#streaming) {
      // The API server has no streamed lists: no fault, so neither a word nor a pause.
      this.#streaming = false;
      return;
    }
    this.#trouble = trouble;
    onTrouble(trouble);
    const asked = (trouble.retryAfter ?? 0) * 1000;
    await pause(clock, Math.max(asked, this.#backoffMs * (0.5 + random() / 2)), this.#stopping.signal);
    this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS);
  }

  async #list(): Promise<void> {
    const { client, path, query, accept } = this.#options;
    this.#roster.beginList();
    this.#relisting = false;
    let version = '';
    const request = { path, query, accept: accept?.list, signal: this.#stopping.signal };
    for await (const page of readPages<T>(client, request)) {
      this.#hear();
      for (const item of page.items) this.#roster.put(item);
      version = page.version;
    }
    this.#endList(version);
  }

  /** False if it ended without a word. */
  async #watch(): Promise<boolean> {
    const { client, clock, path, query, accept, random = Math.random } = this.#options;
    const initial = this.#version === undefined;
    if (initial) this.#roster.beginList();
    // A wish for the list from before this is granted by it: what fails from here on is a fault.
    this.#relisting = false;
    const connection = new AbortController();
    this.#connection = connection;
    const seen = { any: false, noEnd: false };
    let answered = Infinity;
    if (initial) {
      const now = clock.monotonic();
      this.#begun ??= now;
      this.#cancelDeadline = clock.after(INITIAL_EVENTS_MS + this.#begun - now, () => {
        seen.noEnd = true;
        connection.abort(OVER);
      });
    }
    try {
      const body = await client.open({
        method: 'GET',
        path,
        query: {
          ...query,
          watch: '1',
          allowWatchBookmarks: 'true',
          timeoutSeconds: String(Math.round(300 + 300 * random())),
          ...(this.#version === undefined
            ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
            : { resourceVersion: this.#version }),
        },
        ...(accept === undefined ? {} : { accept: accept.watch }),
        signal: connection.signal,
      });
      const lines = new Lines();
      const take = (line: string): void => {
        this.#take(parseEvent(path, line));
        seen.any = true;
      };
      // A proxy may have held the request until the API server was back.
      if (!initial && this.#continuity.isOver) {
        connection.abort(OVER);
        return true;
      }
      if (!initial) this.#continuity.find();
      answered = clock.monotonic();
      await body.read((piece) => lines.put(piece, take));
      // Without a pause, a server that ends each watch at once would be asked without end.
      return seen.any && !this.#roster.isListing;
    } catch (error) {
      if (seen.noEnd) this.#streaming = false;
      throw error;
    } finally {
      this.#cancelDeadline();
      // A watch of what never changes may say nothing for as long as a proxy lets it live.
      if (!this.#roster.isListing && clock.monotonic() - answered >= LASTING_MS)
        this.#backoffMs = FIRST_BACKOFF_MS;
    }
  }

  #take({ type, object }: WatchEvent): void {
    if (type === 'ERROR') throw statusError(this.#options.path, object);
    this.#hear();
    const { metadata } = object;
    if (type === 'DELETED') this.#roster.remove(metadata);
    else if (type !== 'BOOKMARK') this.#roster.put(object as T);
    else if (metadata.annotations?.['k8s.io/initial-events-end'] === 'true')
      this.#endList(metadata.resourceVersion);
    // An initial list is in no order of versions: nothing can be resumed from the middle of it.
    if (!this.#roster.isListing && !this.#relisting) this.#version = this.#seen = metadata.resourceVersion;
  }

  #endList(version: string): void {
    // A list that was wished for meanwhile must show what is stored from then on: it comes next.
    if (this.#relisting) return;
    this.#begun = undefined;
    this.#cancelDeadline();
    const isOlder = newerVersion(this.#seen, version) !== version;
    this.#roster.endList({ version, isOlder });
    this.#version = this.#seen = version;
    this.#backoffMs = FIRST_BACKOFF_MS;
    this.#continuity.renew();
    this.#lists += 1;
    if (this.#lists > 1) this.#tell(undefined, () => this.#options.onRelisted?.());
    this.#synced.resolve(undefined);
    // What it lacks is told of by the one that comes next, which is no older than this.
    if (isOlder) this.relist();
  }

  /** An exception of a follower must not end the watch: it would be thrown again by the same object. */
  #tell(id: { readonly namespace?: string; readonly name: string } | undefined, run: () => void): void {
    const { path, faults } = this.#options;
    const named = [path, id?.namespace, id?.name].filter((part) => part !== undefined && part !== '');
    faults.contain(named.join(' '), run);
  }

  #hear(): void {
    this.#heard = this.#options.clock.monotonic();
    this.#continuity.heard();
    this.#trouble = undefined;
    // A list that begins again and again is no progress.
    if (!this.#roster.isListing) this.#backoffMs = FIRST_BACKOFF_MS;
  }

  #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }
}
