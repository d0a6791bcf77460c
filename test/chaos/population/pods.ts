import type { Connection } from '../../controlplane/connection.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { follow } from '../follow.ts';
import type { PodTemplate } from './kinds.ts';

type Owned = KubeObject & {
  readonly metadata: {
    readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[];
  };
};

/** A pod as the API server has it. */
export type Pod = Owned & {
  readonly spec: PodTemplate['spec'] & {
    readonly nodeName?: string;
    readonly volumes?: readonly {
      readonly csi?: { readonly volumeAttributes?: { readonly secretProviderClass?: string } };
    }[];
  };
  readonly status?: { readonly phase?: string };
};

/** Follows every pod, and every ReplicaSet, at the API server itself. */
export class Pods {
  readonly #cp: Connection;
  readonly #ns: string;
  readonly #pods = new Map<string, Pod>();
  /** The uid of its Deployment, by the uid of each ReplicaSet. */
  readonly #sets = new Map<string, string>();
  #stopping = new AbortController();

  constructor(cp: Connection, ns: string) {
    this.#cp = cp;
    this.#ns = ns;
  }

  /** `onChange` is called after each thing that was seen: with the pod, unless that is gone. */
  start(onChange: (pod?: Pod) => void): void {
    this.#stopping = new AbortController();
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
    const note = (set: Owned): void => {
      this.#sets.set(set.metadata.uid, controllerOf(set) ?? '');
      onChange();
    };
    void follow<Owned>(this.#cp, `/apis/apps/v1/namespaces/${this.#ns}/replicasets`, this.#stopping.signal, {
      all: (items) => items.forEach(note),
      one: note,
      gone: () => undefined,
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

  /**
   * The pods of the workload with this uid that nobody has asked to end yet. One of the same name that was deleted may
   * leave pods behind for as long as the garbage collector takes, which the storm holds up too: they are not its own.
   */
  living(workload: string): Pod[] {
    return [...this.#pods.values()].filter((pod) => {
      const owner = controllerOf(pod) ?? '';
      return (owner === workload || this.#sets.get(owner) === workload) && isLiving(pod);
    });
  }
}

function controllerOf({ metadata }: Owned): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
}

export function isLiving({ metadata, status }: Pod): boolean {
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return metadata.deletionTimestamp === undefined && !ended;
}
