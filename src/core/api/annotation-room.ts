import { HELD, LAST_ROLL, STAMPS } from './annotations.ts';

/** The annotations that only Restamp writes: whatever a writer sends, they come from the old object. */
export const OURS = [STAMPS, LAST_ROLL, HELD] as const;

/** Keys and values of all annotations of an object, in bytes; the API server stores no more (`ValidateAnnotations`). */
const ANNOTATIONS_LIMIT_BYTES = 256 * 1024;

/**
 * The Deployment controller copies the annotations of a Deployment to each ReplicaSet, and adds its revision and two numbers
 * of replicas (`deployment.kubernetes.io/…`): 117 bytes and more. Where these find no room, no pod starts.
 */
const RESERVED_BYTES = 200;

/** How many bytes others have left for {@link OURS} on an object, keys and values; a value that is null has none. */
export function roomIn(annotations: Readonly<Record<string, string | null>> | null | undefined): number {
  let left = ANNOTATIONS_LIMIT_BYTES - RESERVED_BYTES;
  for (const [key, value] of Object.entries(annotations ?? {}))
    if (!OURS.some((one) => one === key)) left -= Buffer.byteLength(key) + Buffer.byteLength(value ?? '');
  return left;
}

/** Shares out what room there is: whoever asks first gets it, so the map asks before the hold, and that before the history. */
export class Room {
  #left: number;

  /** `bytes`: of keys and values together. */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** How many bytes the value of an annotation may have. */
  for(key: string): number {
    return Math.max(0, this.#left - Buffer.byteLength(key));
  }

  /** The value, if there is room for it: it is taken then. */
  take(key: string, value: string | undefined): string | undefined {
    if (value === undefined) return undefined;
    const bytes = Buffer.byteLength(value);
    if (Buffer.byteLength(key) + bytes > this.#left) return undefined;
    this.keep(key, bytes);
    return value;
  }

  /** A value of this length is there and stays. */
  keep(key: string, bytes: number): void {
    this.#left -= Buffer.byteLength(key) + bytes;
  }
}
