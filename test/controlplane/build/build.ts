import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { go, timed, type GoContext } from './go.ts';
import { goMod, goVersion, programs, stages, type Group, type Program } from './recipe.ts';

/** What a build needs to know beside the recipe. */
export type BuildContext = {
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
  /** Everything that is still missing, for the message when Go is missing too. */
  readonly missing: readonly string[];
};

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

const goContext = ({ env, missing }: BuildContext): GoContext => ({ env, remedy: remedy(missing) });

const inModule = async <T>(group: Group, work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), `restamp-build-${group.name}-`));
  try {
    await writeFile(join(folder, 'go.mod'), goMod(group));
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
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
      inModule(group, (folder) => go([...args, '-o', partial, program.package], folder, goContext(context))),
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
        const text = await go(
          ['mod', 'download', '-json', `${module}@${version}`],
          folder,
          goContext(context),
        );
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
