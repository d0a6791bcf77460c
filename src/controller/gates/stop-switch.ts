import { annotation, type Annotations } from '../../core/api/annotations.ts';
import { STOP } from '../../core/opt-in/overrides.ts';

type Marked = { readonly metadata: { readonly name: string; readonly annotations?: Annotations } };
type Follower = { put(object: Marked): void; remove(id: { readonly name: string }): void };

/** The stop switch: `restamp.dev/stop: "true"` on a namespace, or for all on the ConfigMap of our name. */
export class StopSwitch {
  readonly #namespaces = new Set<string>();
  readonly #onChange: () => void;
  #all = false;

  /** `onChange`: some namespace may go on now. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  stopped(namespace: string): boolean {
    return this.#all || this.#namespaces.has(namespace);
  }

  /** Follows the Namespaces. */
  get namespaces(): Follower {
    return {
      put: ({ metadata }) => {
        const before = this.#namespaces.has(metadata.name);
        const now = isTurned(metadata.annotations);
        if (now) this.#namespaces.add(metadata.name);
        else this.#namespaces.delete(metadata.name);
        if (before && !now) this.#onChange();
      },
      remove: ({ name }) => {
        this.#namespaces.delete(name);
      },
    };
  }

  /** Follows the ConfigMap of our name in our own namespace. */
  get own(): Follower {
    const set = (all: boolean): void => {
      const before = this.#all;
      this.#all = all;
      if (before && !all) this.#onChange();
    };
    return { put: ({ metadata }) => set(isTurned(metadata.annotations)), remove: () => set(false) };
  }
}

function isTurned(annotations: Annotations | undefined): boolean {
  return annotation(annotations, STOP) === 'true';
}
