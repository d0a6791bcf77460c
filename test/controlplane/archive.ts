import { cp as copy, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from './controlplane.ts';

const SERVERS = ['kwok', 'kube-controller-manager', 'kube-scheduler', 'kube-apiserver', 'etcd'] as const;

/** Remembers things of the cluster; `save` returns what makes it remember those of now, and nothing later. */
export type Memory = { readonly save: () => () => void };

export type ArchiveOptions = {
  readonly cp: ControlPlane;
  /** What is to forget together with the API server. */
  readonly memories?: readonly Memory[];
  /** Nobody follows the cluster from `lookAway` to `look`: what is left of the former one would be taken for news. */
  readonly lookAway?: () => void;
  readonly look?: () => void;
};

/** All that the API server had stored at one moment, to come back later. */
export class Archive {
  readonly #options: ArchiveOptions;
  #rewinds: readonly (() => void)[] = [];

  constructor(options: ArchiveOptions) {
    this.#options = options;
  }

  /** Saves what a power cut would leave. */
  async take(): Promise<void> {
    const { cp, memories = [] } = this.#options;
    await cp.freeze('etcd');
    try {
      await copy(this.#data, this.#copy, { recursive: true });
      this.#rewinds = memories.map((memory) => memory.save());
    } finally {
      await cp.resume('etcd');
    }
  }

  /**
   * Ends the control plane and starts it again with what it had then: what came after has never been, and its versions
   * are given out a second time.
   */
  async bringBack(): Promise<void> {
    const { cp, look, lookAway } = this.#options;
    lookAway?.();
    for (const server of SERVERS) await cp.kill(server);
    await rm(this.#data, { recursive: true });
    await copy(this.#copy, this.#data, { recursive: true });
    for (const server of [...SERVERS].reverse()) await cp.restart(server);
    for (const rewind of this.#rewinds) rewind();
    look?.();
  }

  get #data(): string {
    return join(this.#options.cp.dir, 'etcd');
  }

  get #copy(): string {
    return join(this.#options.cp.dir, 'etcd-archive');
  }
}
