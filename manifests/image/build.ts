// `make image`: the bundle, then the image, with the first program that can build one.
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, PROGRAMS } from './bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** In this order: each takes the same arguments. The second part asks whether it can work here. */
const BUILDERS = [
  ['docker', ['info']],
  ['podman', ['info']],
  ['buildah', ['info']],
] as const;

/**
 * Builds the bundle and the image; returns its name. Throws an Error that says what was tried, before anything is
 * built, if nothing here can build one.
 */
export async function buildImage(env?: NodeJS.ProcessEnv): Promise<string> {
  const options = { cwd: root, ...(env === undefined ? {} : { env }) };
  const tried: string[] = [];
  for (const [program, question] of BUILDERS) {
    const asked = spawnSync(program, question, options);
    if (asked.error !== undefined || asked.status !== 0) {
      tried.push(`${program} ${asked.error === undefined ? 'does not run here' : 'is not installed'}`);
      continue;
    }
    await bundle(PROGRAMS.restamp);
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    const image = `ghcr.io/restamp/restamp:${version}`;
    const args = ['build', '--file', 'manifests/image/Dockerfile', '--tag', image, '.'];
    const { status } = spawnSync(program, args, { ...options, stdio: 'inherit' });
    if (status !== 0) throw new Error(`${program} build failed with code ${status ?? '?'}`);
    return image;
  }
  throw new Error(`No program can build an image: ${tried.join(', ')}. Install or start one of them.`);
}

if (import.meta.main) {
  try {
    process.stdout.write(`${await buildImage()}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
