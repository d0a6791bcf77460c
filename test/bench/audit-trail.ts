import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** One answered request, from the API server's audit log. Times are milliseconds since 1970, to the microsecond. */
export type AuditLine = {
  readonly user: string;
  readonly agent: string;
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  readonly received: number;
  readonly answered: number;
};

type Raw = {
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: Readonly<Partial<Record<'resource' | 'subresource' | 'namespace' | 'name', string>>>;
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
};

const LOOK_EVERY_MS = 25;
const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/**
 * Follows the audit log. The API server itself takes the times, so that neither a watch nor this process can make
 * them longer, and every client is measured by the same clock.
 */
export class AuditTrail {
  readonly #path: string;
  #offset = 0;
  #rest = '';
  readonly #lines: AuditLine[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** Forgets what was answered until now. */
  async skip(): Promise<void> {
    await this.#read();
    this.#lines.length = 0;
  }

  /** All that was answered since the last `skip`. */
  async lines(): Promise<readonly AuditLine[]> {
    await this.#read();
    return this.#lines;
  }

  /** Waits until the answers since the last `skip` are enough for `find`; returns what it returns then. */
  async until<T>(find: (lines: readonly AuditLine[]) => T | undefined, timeoutMs = 600_000): Promise<T> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const found = find(await this.lines());
      if (found !== undefined) return found;
      if (performance.now() > end) throw new Error(`not seen in the audit log after ${timeoutMs} ms`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Waits until nothing has been written for a while: controllers and Events have settled. */
  async quiet(ms = 700, timeoutMs = 180_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    let writes = -1;
    let since = performance.now();
    while (performance.now() - since < ms) {
      const now = (await this.lines()).filter(isWork).length;
      if (now !== writes) since = performance.now();
      writes = now;
      if (performance.now() > end)
        throw new Error(`the API server was not quiet for ${ms} ms in ${timeoutMs} ms`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #read(): Promise<void> {
    await using file = await open(this.#path);
    const { size } = await file.stat();
    if (size <= this.#offset) {
      // The API server starts a new file when this one has 100 MB.
      if (size < this.#offset) [this.#offset, this.#rest] = [0, ''];
      else return;
    }
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(size - this.#offset),
      0,
      undefined,
      this.#offset,
    );
    this.#offset += bytesRead;
    // The audit log is ASCII: what is not, Go's JSON escapes or is part of no name we look at.
    const lines = (this.#rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const raw = JSON.parse(line) as Raw;
      // A watch is a call when it starts; it is answered only when it ends.
      if (raw.stage === (raw.verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete'))
        this.#lines.push(lineOf(raw));
    }
  }
}

/** A write that is not the heartbeat of a node or the renewal of a lease. */
function isWork({ verb, resource }: AuditLine): boolean {
  return WRITES.has(verb) && !['leases', 'nodes'].includes(resource);
}

function lineOf(raw: Raw): AuditLine {
  const { resource = '', subresource = '', namespace = '', name = '' } = raw.objectRef ?? {};
  return {
    user: raw.user.username,
    agent: raw.userAgent ?? '',
    verb: raw.verb,
    resource,
    subresource,
    namespace,
    name,
    code: raw.responseStatus?.code ?? 0,
    received: timeOf(raw.requestReceivedTimestamp),
    answered: timeOf(raw.stageTimestamp),
  };
}

/** `Date.parse` keeps milliseconds only. */
function timeOf(text: string): number {
  const micro = /\.\d{3}(\d{1,3})Z$/.exec(text)?.[1] ?? '';
  return Date.parse(text) + Number(micro.padEnd(3, '0')) / 1000;
}
