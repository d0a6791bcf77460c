import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheRoot, exists } from '../controlplane/build/binaries.ts';
import { go, timed, type GoContext } from '../controlplane/build/go.ts';
import { withLock } from '../controlplane/build/lock.ts';
import { goVersion } from '../controlplane/build/recipe.ts';
import { PARAMETER_STORE, type Neighbour } from './neighbours.ts';

const run = promisify(execFile);

/** Where a neighbour is. */
export type Built = {
  /** The folder with its programs. */
  readonly folder: string;
  /** Files with its CustomResourceDefinitions. */
  readonly definitions: readonly string[];
};

const DEFINITIONS = 'definitions';
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const cacheOf = (name: string, version: string): string =>
  join(cacheRoot(), 'ecosystem', `${name}-${version}`);

/** Makes a folder of the cache once, with whoever else wants it; it appears whole or not at all. */
const once = async (folder: string, make: (partial: string) => Promise<void>): Promise<void> => {
  const there = (): Promise<boolean> => exists(folder, constants.F_OK);
  if (await there()) return;
  await withLock(`${folder}.lock`, async () => {
    if (await there()) return;
    const partial = `${folder}.${randomUUID()}.partial`;
    await mkdir(partial, { recursive: true });
    try {
      await make(partial);
      await rename(partial, folder);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
};

/**
 * The programs of a neighbour, built at the first call with Go and cached. They are built in their module's own source, so
 * that its go.mod with all its replacements counts. Throws an Error with what Go said.
 */
export const buildNeighbour = async (neighbour: Neighbour): Promise<Built> => {
  const { name, module, version } = neighbour;
  const folder = cacheOf(name, version);
  const context: GoContext = {
    env: process.env,
    remedy: `${name} ${version} is built with Go ${goVersion} or newer (https://go.dev/dl/), on PATH.`,
  };
  await once(folder, async (partial) => {
    const text = await go(['mod', 'download', '-json', `${module}@${version}`], partial, context);
    const source = (JSON.parse(text) as { Dir: string }).Dir;
    const args = ['build', '-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o'];
    for (const [program, path] of Object.entries(neighbour.programs))
      await timed(`building ${program} ${version} (some minutes the first time)`, say, () =>
        go([...args, join(partial, program), path], source, context),
      );
    await mkdir(join(partial, DEFINITIONS));
    if (neighbour.definitions === undefined) return;
    const from = join(source, neighbour.definitions);
    for (const file of await readdir(from))
      if (file.endsWith('.yaml') && file !== 'kustomization.yaml')
        await copyFile(join(from, file), join(partial, DEFINITIONS, file));
  });
  const definitions = join(folder, DEFINITIONS);
  return { folder, definitions: (await readdir(definitions)).map((file) => join(definitions, file)) };
};

/** The Python that has moto's server, installed at the first call. Throws an Error with what pip said. */
export const installParameterStore = async (): Promise<string> => {
  const { name, version } = PARAMETER_STORE;
  const folder = cacheOf(name, version);
  await once(folder, async (partial) => {
    await timed(`installing ${name} ${version}`, say, async () => {
      await run('python3', ['-m', 'venv', partial]);
      const wanted = `${name}[server,ssm]==${version}`;
      await run(join(partial, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', wanted]);
    });
  });
  return join(folder, 'bin', 'python');
};
