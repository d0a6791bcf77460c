import { gunzipSync, gzipSync } from 'node:zlib';
import { hasCode, RestampError } from '../../errors.ts';
import type { SecretStore } from '../../kube/secrets.ts';
import type { JobManifest } from '../../core/objects/job.ts';
import { isRecord, isText } from '../../core/api/shape.ts';

/** A Job that is to give way to another one of its name. */
export type Remake = {
  readonly namespace: string;
  readonly name: string;
  /** The Job that goes, as it was judged. */
  readonly uid: string;
  readonly resourceVersion: string;
  readonly manifest: JobManifest;
};

/** Keeps what has been begun over a crash: a Secret, because the environment of a Job may be secret. */
export type RemakeStore = {
  all(): Promise<Remake[]>;
  put(key: string, remake: Remake): Promise<void>;
  /** Whether it is still what is kept under this key. */
  holds(key: string, remake: Remake): Promise<boolean>;
  /** Nothing happens to another one that is kept under the same key. */
  remove(key: string, remake: Remake): Promise<void>;
};

/** Whether both replace one state of one Job. */
export function isSameRemake(a: Remake, b: Remake): boolean {
  return a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}

/** The Secret in the own namespace that {@link Remake}s are kept in. */
type RemakeSecret = {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
};

const TRIES = 10;
/** The API server takes 1 MiB in a Secret: the sum of its values, before they are written as base64. */
const ROOM = 1_000_000;

const GZIP = 0x1f;
/** Larger than any object that the API server stores. */
const MAX_MANIFEST = 16 * 1024 * 1024;

/**
 * Keeps remakes in one Secret, one key each; it is made with the first one. A namespace may fill half of what the others
 * leave: Jobs that their finalizers keep for ever must not be in the way of all others. Errors are RESTAMP_KUBE_*, and
 * RESTAMP_ROLL_REFUSED for what finds no room.
 */
export function createRemakeStore(
  secrets: SecretStore<RemakeSecret>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): RemakeStore {
  // One write after the other: each replaces the whole Secret.
  let last: Promise<unknown> = Promise.resolve();
  const queued = (write: () => Promise<void>): Promise<void> => {
    const next = last.then(write, write);
    last = next;
    return next;
  };
  /** `change` returns whether there is anything to write. */
  const write = async (change: (data: Map<string, string>) => boolean): Promise<void> => {
    for (let tries = 1; ; tries += 1)
      try {
        const found = await secrets.read(namespace, name);
        const data = new Map(Object.entries(found?.data ?? {}));
        if (!change(data)) return;
        const wanted: RemakeSecret = {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: found?.metadata ?? { namespace, name },
          data: Object.fromEntries(data),
        };
        await (found === undefined ? secrets.create(wanted) : secrets.replace(wanted));
        return;
      } catch (error) {
        // Another replica that has just led writes it too.
        if (!hasCode(error, 'RESTAMP_KUBE_CONFLICT') || tries === TRIES) throw error;
      }
  };
  return {
    all: async () => {
      const found = await secrets.read(namespace, name);
      return Object.values(found?.data ?? {}).flatMap(parseRemake);
    },
    put: (key, remake) => {
      const packed = gzipSync(JSON.stringify(remake), { level: 1 });
      return queued(() =>
        write((data) => {
          data.delete(key);
          if (!hasRoom(data, remake.namespace, packed.length))
            throw new RestampError('RESTAMP_ROLL_REFUSED', `${remake.namespace}/${remake.name}: ${NO_ROOM}`);
          data.set(key, packed.toString('base64'));
          return true;
        }),
      );
    },
    holds: async (key, remake) => {
      const found = await secrets.read(namespace, name);
      return isKept(found?.data?.[key], remake);
    },
    remove: (key, remake) => queued(() => write((data) => isKept(data.get(key), remake) && data.delete(key))),
  };
}

const NO_ROOM = 'Jobs of this namespace that are still being deleted take all the room that it has';

function hasRoom(data: ReadonlyMap<string, string>, namespace: string, bytes: number): boolean {
  let all = bytes;
  for (const text of data.values()) all += sizeOf(text);
  // Whoever has it all has no more than half.
  if (all <= ROOM / 2) return true;
  let own = bytes;
  for (const text of data.values())
    if (parseRemake(text).some((one) => one.namespace === namespace)) own += sizeOf(text);
  return own <= (ROOM - (all - own)) / 2;
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text, 'base64');
}

function isKept(text: string | undefined, remake: Remake): boolean {
  return text !== undefined && parseRemake(text).some((one) => isSameRemake(one, remake));
}

/** What cannot be read was not written by us, and is left alone. */
function parseRemake(text: string): Remake[] {
  try {
    const bytes = Buffer.from(text, 'base64');
    // Former versions did not pack them.
    const json = bytes[0] === GZIP ? gunzipSync(bytes, { maxOutputLength: MAX_MANIFEST }) : bytes;
    const remake: unknown = JSON.parse(json.toString());
    return isRemake(remake) ? [remake] : [];
  } catch {
    return [];
  }
}

function isRemake(value: unknown): value is Remake {
  if (!isRecord(value)) return false;
  const { namespace, name, uid, resourceVersion, manifest } = value;
  if (![namespace, name, uid, resourceVersion].every((one) => isText(one) && one !== '')) return false;
  if (!isRecord(manifest) || !isRecord(manifest['metadata']) || !isRecord(manifest['spec'])) return false;
  const { kind, metadata } = manifest as { kind?: unknown; metadata: Record<string, unknown> };
  // It is looked for by the names beside it, and made by its own.
  const isItself = kind === 'Job' && metadata['namespace'] === namespace && metadata['name'] === name;
  return isItself && (metadata['annotations'] === undefined || isRecord(metadata['annotations']));
}
