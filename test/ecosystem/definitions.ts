import type { Connection } from '../controlplane/connection.ts';

/** Applies a neighbour's own CustomResourceDefinitions, and waits until the API server serves them. */
export const applyDefinitions = async (cp: Connection, files: readonly string[]): Promise<void> => {
  for (const file of files) await cp.kubectl(['apply', '--server-side', '--force-conflicts', '-f', file]);
  for (const file of files)
    await cp.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', file]);
};
