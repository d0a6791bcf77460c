import type { SourceRef } from '../../../src/core/api/source.ts';
import type { WorkloadObject } from '../../../src/core/objects/workload.ts';
import { fakeClock } from '../fake-clock.ts';
import { NOW, type StoredSource } from './builders.ts';

/** What one API server has stored, and the watches of all replicas on it. */
export function newShelf() {
  return {
    clock: fakeClock(NOW),
    sources: new Map<string, StoredSource>(),
    workloads: new Map<string, WorkloadObject>(),
    versions: { last: 1000 },
    /** Every version of each source, and with which version of the cluster it came. */
    past: [] as { key: string; made: string; stored: StoredSource | undefined }[],
    watches: new Set<{ source(where: SourceRef): void; workload(key: string): void }>(),
  };
}
