import type { Connection } from '../controlplane/connection.ts';
import { untilServed } from '../e2e/support/crds.ts';

/** Applies a neighbour's own CustomResourceDefinitions, and waits until the API server serves them. */
export const applyDefinitions = async (cp: Connection, files: readonly string[]): Promise<void> => {
  const apply = ['apply', '--server-side', '--force-conflicts', '-o', 'name', '-f'];
  for (const file of files) {
    const { stdout } = await cp.kubectl([...apply, file]);
    await untilServed(cp, stdout.trim().split('/').at(-1) ?? '');
  }
};
