import type { Patchable } from './fake-patch.ts';

export type Patch = { readonly type: 'merge' | 'strategic' | 'json'; readonly body: Patchable };

/**
 * What tests put in the way: before a read of a source and before its answer, before a read of a workload, before a patch is
 * stored, and between its echo and its reply.
 */
export type Ways = {
  read: (key: string) => Promise<void>;
  readAt: (key: string) => Promise<void>;
  answer: (key: string) => Promise<void>;
  readWorkload: (name: string) => Promise<void>;
  patch: (name: string, patch: Patch) => Promise<void>;
  reply: (name: string) => Promise<void>;
  /** Whether the watch tells of our own writes, before they are answered. */
  echo: boolean;
  /** Whether the watches of sources have still to tell what happens: `catchUp` lets them. */
  sourcesLag: boolean;
};

/** Nothing is in the way. */
export function openWays(): Ways {
  const pass = async (): Promise<void> => undefined;
  return {
    read: pass,
    readAt: pass,
    answer: pass,
    readWorkload: pass,
    patch: pass,
    reply: pass,
    echo: true,
    sourcesLag: false,
  };
}
