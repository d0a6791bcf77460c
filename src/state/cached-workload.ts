import type { StampMap, Unreadable } from '../core/stamps/stamp-map.ts';
import type { Workload } from '../core/objects/workload.ts';

/** A workload with its map, and what is remembered about it. */
export type Page = {
  readonly workload: Workload;
  /** The map that is stored on the workload. */
  readonly stored: StampMap | Unreadable | undefined;
  /** The moment when it was taken in, and that since which the map says this. */
  readonly shown: number;
  readonly mapped: number;
  /**
   * Its map came with it when it was made, and what its pods have seen is still to be compared: it may be a copy of a map
   * of another one, but the pods of this one have just started.
   */
  readonly born: boolean;
  /** It was opted in when it was first seen, and that was after the start. */
  readonly addedAfterStart: boolean;
  /**
   * The version of the newest write by which it came to ask for what it asks for, or to have the template that it has;
   * where that was before anybody looked, the newest version that was known then.
   */
  readonly asked: string | undefined;
  /** The moment when that write was shown; 0 where it was before the start. */
  readonly heard: number;
  /** Digests of its templates since a rollout was last complete; undefined if that was not seen. */
  readonly templates: ReadonlySet<string> | undefined;
};

/** Which state of a workload this is. */
export type WorkloadState = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
};

/** How a workload came to be shown. */
export type Showing = {
  /**
   * `old`: it was there before, and is only now to be looked at. `read`, `answered`: not by its watch, but by a read, or by
   * the answer to a write, of one that was to be rolled.
   */
  readonly as?: 'shown' | 'old' | 'read' | 'answered';
  /** A list shows it, so that it may have been there for longer than it is known. */
  readonly listed?: boolean;
  /** The version by which what others lend it has changed. */
  readonly lent?: string | undefined;
  /**
   * When it was asked for. What was known at that moment is not newer, whatever its version: it is older, or of a state
   * of the API server that is no more.
   */
  readonly begun?: number;
};
