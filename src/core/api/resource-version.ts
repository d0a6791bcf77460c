/**
 * Compares two versions of one resource: below zero if `a` is older. They are unsigned integers of any
 * length, so the longer one is newer (k8s.io/apimachinery util/resourceversion). Versions of different
 * resources must not be compared to decide anything but whether to read again (DESIGN 2.3).
 */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The newer of two versions; undefined is older than any. */
export function newerVersion(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareVersions(a, b) < 0 ? b : a;
}

/** The version just before one: what was stored when a write came that made this one. */
export function versionBefore(version: string): string | undefined {
  return /^[1-9]\d*$/.test(version) ? String(BigInt(version) - 1n) : undefined;
}
