import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildProgram, copyStages, removePartials } from './build.ts';
import { withLock } from './lock.ts';
import { programs, stages, versionKey, type Program, type ProgramName } from './recipe.ts';

const run = promisify(execFile);

/** Where to look and what to say. */
export type FindOptions = {
  readonly env?: NodeJS.ProcessEnv;
  /** One line of progress, without its end of line. */
  readonly onProgress?: (line: string) => void;
  /** Optional programs (helm) that are wanted too. */
  readonly also?: readonly ProgramName[];
};

/** Where everything is. */
export type Binaries = {
  readonly paths: Readonly<Partial<Record<ProgramName, string>>>;
  /** The folder with kwok's stages, as `<set>/<file>.yaml`. */
  readonly stages: string;
  /** The cache folder of this set of versions. */
  readonly cache: string;
};

/** Where everything that is built once is kept; it need not exist. */
export const cacheRoot = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'restamp');

/** The cache folder of this set of versions; it need not exist. */
export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  join(cacheRoot(env), 'controlplane', versionKey);

/** Whether there is something at a path that may be used in this mode (`constants.X_OK`). */
export const exists = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

/** The minor release in a text, as `1.36`. */
const minor = (text: string): string | undefined => /\bv?(\d+\.\d+)\.\d+/.exec(text)?.[1];

/** A folder given by a person may hold any release; another minor one would be skew that Kubernetes does not support. */
const whyUnusable = async (path: string, { group, versionArgs }: Program): Promise<string | undefined> => {
  const wanted = minor(group.version);
  const { stdout } = await run(path, [...versionArgs], { timeout: 20_000 }).catch((error: unknown) => ({
    stdout: String(error),
  }));
  const found = minor(stdout);
  return found === wanted ? undefined : `is ${found ?? 'of an unknown version'}, needed is ${wanted ?? ''}`;
};

const inGivenFolders = async (
  program: Program,
  folders: readonly string[],
  say: (line: string) => void,
): Promise<string | undefined> => {
  for (const folder of folders) {
    const path = join(folder, program.name);
    if (!(await exists(path, constants.X_OK))) continue;
    const why = await whyUnusable(path, program);
    if (why === undefined) return path;
    say(`skipped ${path}: it ${why}`);
  }
  return undefined;
};

/** An optional program has a folder of its own, so that its version is not part of everyone's key. */
const cachedPath = (cache: string, { name, group }: Program): string =>
  group.optional ? join(cache, '..', `${group.name}-${group.version}`, name) : join(cache, name);

const hasStages = async (folder: string): Promise<boolean> => {
  for (const set of stages.sets) {
    const files = await readdir(join(folder, stages.folder, set)).catch(() => []);
    if (!files.some((file) => file.endsWith('.yaml'))) return false;
  }
  return true;
};

/**
 * Finds every program in RESTAMP_CONTROLPLANE, KUBEBUILDER_ASSETS or the cache, and builds with Go what is in none.
 * Throws an Error that says what to install or which variable to set when that is impossible.
 */
export const findBinaries = async (options: FindOptions = {}): Promise<Binaries> => {
  const { env = process.env, onProgress: say = () => undefined, also = [] } = options;
  const given = [env['RESTAMP_CONTROLPLANE'], env['KUBEBUILDER_ASSETS']].filter(
    (folder) => folder !== undefined && folder !== '',
  ) as string[];
  const cache = cacheFolder(env);
  const paths: Partial<Record<ProgramName, string>> = {};
  const lookInCache = async (missing: readonly Program[]): Promise<Program[]> => {
    const still: Program[] = [];
    for (const program of missing) {
      const path = cachedPath(cache, program);
      if (await exists(path, constants.X_OK)) paths[program.name] = path;
      else still.push(program);
    }
    return still;
  };

  let missing: Program[] = [];
  for (const program of programs.filter((p) => !p.group.optional || also.includes(p.name))) {
    const path = await inGivenFolders(program, given, say);
    if (path === undefined) missing.push(program);
    else paths[program.name] = path;
  }
  missing = await lookInCache(missing);
  let stagesIn: string | undefined;
  for (const folder of [...given, cache]) {
    if (stagesIn === undefined && (await hasStages(folder))) stagesIn = folder;
  }

  if (missing.length > 0 || stagesIn === undefined) {
    const build = async (): Promise<void> => {
      // Another process may have built them while this one waited for the lock.
      missing = await lookInCache(missing);
      await removePartials(cache);
      for (const [index, program] of missing.entries()) {
        const target = cachedPath(cache, program);
        const others = missing.slice(index).map((p) => p.name);
        await buildProgram(program, { target, env, say, missing: others });
        paths[program.name] = target;
      }
      if (stagesIn === undefined && !(await hasStages(cache))) {
        await copyStages(join(cache, stages.folder), { env, say, missing: [stages.folder] });
      }
    };
    await withLock(join(cache, 'lock'), build, (pid) => {
      say(`waiting for process ${pid}, which builds the control plane`);
    });
  }
  return { paths, stages: join(stagesIn ?? cache, stages.folder), cache };
};
