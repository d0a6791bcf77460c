import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { goMod, goVersion, programs, stages, type Group, type Program } from './recipe.ts';

/** What a build needs to know beside the recipe. */
export type BuildContext = {
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
  /** Everything that is still missing, for the message when Go is missing too. */
  readonly missing: readonly string[];
};

/** A line at least this often: a log that stands still for minutes looks dead. */
const heartbeatMs = 15_000;

/** What a person can do when nothing is there and nothing can be built. */
const remedy = (missing: readonly string[]): string => {
  const versions = new Set(
    programs.filter((p) => !p.group.optional).map((p) => `${p.group.name} ${p.group.version}`),
  );
  return [
    `The control plane's programs are missing: ${missing.join(', ')}.`,
    `Either install Go ${goVersion} or newer (https://go.dev/dl/) and put it on PATH: they are then built once and cached.`,
    `Or set RESTAMP_CONTROLPLANE to a folder that has them (${[...versions].join(', ')}).`,
  ].join('\n');
};

const goEnv = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...env,
  CGO_ENABLED: '0',
  // Flags and workspaces of the person's own projects have no say in this one.
  GOFLAGS: '',
  GOWORK: 'off',
  GO111MODULE: 'on',
});

/** Runs Go in `cwd`; returns what it printed. Throws with the last lines of its errors. */
const go = (args: readonly string[], cwd: string, context: BuildContext): Promise<string> =>
  new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    const child = spawn('go', args, { cwd, env: goEnv(context.env), stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err = (err + chunk.toString()).slice(-8_000)));
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? new Error(remedy(context.missing), { cause: error }) : error);
    });
    child.on('close', (code) => {
      if (code === 0) resolve(out);
      else
        reject(
          new Error(`go ${args[0] ?? ''} failed:\n${err.trimEnd()}\n\n${out}${remedy(context.missing)}`),
        );
    });
  });

const inModule = async <T>(group: Group, work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), `restamp-build-${group.name}-`));
  try {
    await writeFile(join(folder, 'go.mod'), goMod(group));
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const timed = async <T>(what: string, say: (line: string) => void, work: () => Promise<T>): Promise<T> => {
  const start = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - start) / 1000)} s`;
  say(`${what} ...`);
  const heartbeat = setInterval(() => say(`${what}: ${seconds()} so far`), heartbeatMs);
  try {
    const result = await work();
    say(`${what}: done in ${seconds()}`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
};

/** Removes what builds that were killed left in `folder`. Only for the holder of the lock. */
export const removePartials = async (folder: string): Promise<void> => {
  for (const file of await readdir(folder)) {
    if (file.endsWith('.partial')) await rm(join(folder, file), { recursive: true, force: true });
  }
};

/** Builds one program to `target`, which appears whole or not at all. */
export const buildProgram = async (
  program: Program,
  context: BuildContext & { readonly target: string },
): Promise<void> => {
  const { target, say } = context;
  const { name, group } = program;
  await mkdir(dirname(target), { recursive: true });
  const partial = `${target}.${randomUUID()}.partial`;
  const args = ['build', '-mod=mod', '-trimpath', '-buildvcs=false', '-ldflags', group.ldflags];
  try {
    await timed(`building ${name} ${group.version} (some minutes the first time)`, say, () =>
      inModule(group, (folder) => go([...args, '-o', partial, program.package], folder, context)),
    );
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
};

/** Copies kwok's stages from its module to the folder `target`, which appears whole or not at all. */
export const copyStages = async (target: string, context: BuildContext): Promise<void> => {
  const { module, version } = stages.group;
  const partial = `${target}.${randomUUID()}.partial`;
  try {
    const from = await timed(`reading the stages of kwok ${version}`, context.say, () =>
      inModule(stages.group, async (folder) => {
        const text = await go(['mod', 'download', '-json', `${module}@${version}`], folder, context);
        return (JSON.parse(text) as { Dir: string }).Dir;
      }),
    );
    for (const set of stages.sets) {
      await mkdir(join(partial, set), { recursive: true });
      for (const file of await readdir(join(from, 'kustomize', 'stage', set))) {
        if (!file.endsWith('.yaml') || file === 'kustomization.yaml') continue;
        await copyFile(join(from, 'kustomize', 'stage', set, file), join(partial, set, file));
      }
    }
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
};
