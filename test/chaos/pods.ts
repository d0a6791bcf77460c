import type { Connection } from '../controlplane/connection.ts';
import type { KubeObject } from '../controlplane/http.ts';
import { follow } from './follow.ts';
import type { PodTemplate } from './kinds.ts';

/** A pod as the API server has it. */
export type Pod = KubeObject & {
  readonly spec: PodTemplate['spec'] & {
    readonly nodeName?: string;
    readonly volumes?: readonly {
      readonly csi?: { readonly volumeAttributes?: { readonly secretProviderClass?: string } };
    }[];
  };
  readonly status?: { readonly phase?: string };
};

/** Follows every pod at the API server itself. */
export class Pods {
  readonly #cp: Connection;
  readonly #ns: string;
  readonly #pods = new Map<string, Pod>();
  readonly #stopping = new AbortController();

  constructor(cp: Connection, ns: string) {
    this.#cp = cp;
    this.#ns = ns;
  }

  /** `onChange` is called after each thing that was seen: with the pod, unless that is gone. */
  start(onChange: (pod?: Pod) => void): void {
    const see = (pod: Pod): void => {
      this.#pods.set(pod.metadata.uid, pod);
      onChange(pod);
    };
    void follow<Pod>(this.#cp, `/api/v1/namespaces/${this.#ns}/pods`, this.#stopping.signal, {
      all: (items) => {
        this.#pods.clear();
        for (const pod of items) this.#pods.set(pod.metadata.uid, pod);
        for (const pod of items) onChange(pod);
      },
      one: see,
      gone: ({ metadata }) => {
        this.#pods.delete(metadata.uid);
        onChange();
      },
    });
  }

  stop(): void {
    this.#stopping.abort();
  }

  get all(): Pod[] {
    return [...this.#pods.values()];
  }

  get(uid: string): Pod | undefined {
    return this.#pods.get(uid);
  }

  /** The pods of a workload that nobody has asked to end yet. */
  living(workload: string): Pod[] {
    return [...this.#pods.values()].filter(
      (pod) => pod.metadata.labels?.['app'] === workload && isLiving(pod),
    );
  }
}

export function isLiving({ metadata, status }: Pod): boolean {
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return metadata.deletionTimestamp === undefined && !ended;
}
