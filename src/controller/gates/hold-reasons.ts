/** Why a stale workload is not rolled yet (DESIGN 1). */
export const HOLD_REASONS = [
  'quiet', // its sources have just changed
  'release', // the release that changed them is still being written
  'pause', // its pause after a roll is not over
  'limit', // it has been rolled too often
  'contested', // another manager takes the lever away
  'rejected', // the API server refuses the patch, or a fault of ours is in its way
  'unavailable', // the API server cannot be reached
  'terminating', // it, or what it is in, is being deleted
  'standby', // another replica holds the Lease
  'stop', // somebody has turned the stop switch
] as const;

export type HoldReason = (typeof HOLD_REASONS)[number];
