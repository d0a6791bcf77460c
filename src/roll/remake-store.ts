import { hasCode } from '../errors.ts';
import type { SecretStore } from '../kube/secrets.ts';
import { isSameRemake, type Remake, type RemakeStore } from './remakes.ts';

/** The Secret in the own namespace that {@link Remake}s are kept in. */
type RemakeSecret = {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
};

const TRIES = 10;

/** Keeps remakes in one Secret, one key each; it is made with the first one. Errors are RESTAMP_KUBE_*. */
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
  const write = async (change: (data: Map<string, string>) => void): Promise<void> => {
    for (let tries = 1; ; tries += 1)
      try {
        const found = await secrets.read(namespace, name);
        const data = new Map(Object.entries(found?.data ?? {}));
        change(data);
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
    put: (key, remake) =>
      queued(() => write((data) => data.set(key, Buffer.from(JSON.stringify(remake)).toString('base64')))),
    holds: async (key, remake) => {
      const found = await secrets.read(namespace, name);
      return isKept(found?.data?.[key], remake);
    },
    remove: (key, remake) =>
      queued(() =>
        write((data) => {
          if (isKept(data.get(key), remake)) data.delete(key);
        }),
      ),
  };
}

function isKept(text: string | undefined, remake: Remake): boolean {
  return text !== undefined && parseRemake(text).some((one) => isSameRemake(one, remake));
}

/** What cannot be read was not written by us, and is left alone. */
function parseRemake(text: string): Remake[] {
  try {
    const remake = JSON.parse(Buffer.from(text, 'base64').toString()) as Partial<Remake>;
    return typeof remake.uid === 'string' && remake.manifest !== undefined ? [remake as Remake] : [];
  } catch {
    return [];
  }
}
