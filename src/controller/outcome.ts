import type { HoldReason } from './gates/hold-reasons.ts';

/** How one attempt to roll a workload ended. */
export type Outcome =
  /** Rolled, or nothing left to roll. */
  | { readonly is: 'done' }
  /** A source is being read; the end of that asks again. */
  | { readonly is: 'waiting' }
  /** A gate is closed; it is asked again after so many milliseconds, or when somebody opens it. */
  | { readonly is: 'held'; readonly reason: HoldReason; readonly ms: number }
  /** It failed; try again after so many milliseconds. */
  | { readonly is: 'again'; readonly reason: HoldReason; readonly ms: number };
