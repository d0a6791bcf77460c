let last = 0;

/**
 * A moment in the life of this process, later than all that were told before. Versions of two histories of the API
 * server cannot be compared, but what is asked of it at a moment shows at least what had been heard of until then.
 */
export function moment(): number {
  return (last += 1);
}
