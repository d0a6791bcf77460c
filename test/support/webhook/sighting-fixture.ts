import type { Sighting } from '../../../src/attribution/sightings.ts';

/** A sighting, with everything in it. */
export const seen: Sighting = {
  type: 'secret',
  namespace: 'apps',
  name: 'app',
  uid: 'uid-app',
  digest: 'MTIzNDU2Nzg5MDEyMzQ1Ng',
  baseVersion: '7',
  keys: ['a'],
  user: 'ann',
  groups: ['staff'],
  manager: 'kubectl-edit',
  operation: 'UPDATE',
  requestUid: 'r-1',
  at: 1_000,
};
