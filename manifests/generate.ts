// `node manifests/generate.ts` writes manifests/restamp.yaml, the base as one plain YAML for `kubectl apply -f`.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findBinaries } from '../test/controlplane/build/binaries.ts';

const run = promisify(execFile);

export const PLAIN = fileURLToPath(new URL('restamp.yaml', import.meta.url));

const HEAD = '# Made of manifests/base by `node manifests/generate.ts`; a test fails when it is stale.\n';

/** The text of manifests/restamp.yaml. */
export async function plainText(): Promise<string> {
  const { paths } = await findBinaries();
  const base = fileURLToPath(new URL('base', import.meta.url));
  const { stdout } = await run(paths.kubectl ?? 'kubectl', ['kustomize', base]);
  return HEAD + stdout;
}

if (import.meta.main) await writeFile(PLAIN, await plainText());
