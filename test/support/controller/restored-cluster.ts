import { sourceKey } from '../../../src/core/api/source.ts';
import { deploymentRow, ref, source } from './builders.ts';
import type { World } from './world.ts';

/** Copies all that is stored; what it returns brings the API server back there, versions too, and no watch is told. */
export function backUp({ shelf }: World): () => void {
  const { sources, workloads, versions, past } = shelf;
  const copy = structuredClone({ sources, workloads, versions, past });
  return () => {
    for (const kind of ['sources', 'workloads'] as const) {
      const there: Map<string, unknown> = shelf[kind];
      there.clear();
      for (const [key, stored] of copy[kind]) there.set(key, structuredClone(stored));
    }
    shelf.versions.last = copy.versions.last;
    past.splice(copy.past.length);
  };
}

/** The watches read their lists again, with all that is stored now; `isOlder`: and see that versions have gone back. */
export function relist(made: World, isOlder = false): void {
  for (const type of ['cm', 'secret'] as const) {
    const follower = made.mutator.sourceFollower(type);
    follower.begin();
    for (const [key, { metadata }] of made.shelf.sources)
      if (key.includes(`/${type}/`)) follower.put(structuredClone({ metadata }));
    follower.end({ version: String(made.shelf.versions.last), isOlder });
  }
  askForWorkloads(made, isOlder)();
  made.mutator.recover();
}

/** A list of workloads is asked for; what it returns hands over what was stored then, `isOlder` than what was shown before. */
export function askForWorkloads({ mutator, shelf }: World, isOlder = false): () => void {
  const follower = mutator.workloadFollower(deploymentRow);
  follower.begin();
  const items = structuredClone([...shelf.workloads.values()]);
  const version = String(shelf.versions.last);
  return () => {
    for (const item of items) follower.put(item);
    follower.end({ version, isOlder });
  };
}

/** Stores a source that the watch does not show yet. */
export function storeUnwatched({ shelf }: World, key: string, data: Readonly<Record<string, string>>): void {
  const where = ref(key);
  const uid = shelf.sources.get(sourceKey(where))?.metadata.uid ?? `uid-${where.name}`;
  const version = String((shelf.versions.last += 1));
  const stored = source(where.name, data, { version, uid });
  shelf.sources.set(sourceKey(where), stored);
  shelf.past.push({ key: sourceKey(where), made: version, stored });
}

/** Gives the source that all use another value, and time to roll; who has rolled for it. */
export async function change(made: World, value: string): Promise<string[]> {
  const before = made.rolled().length;
  made.putSource('cm/app', { a: value });
  await made.pass(20_000);
  return made.rolled().slice(before).sort();
}
