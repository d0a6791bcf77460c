import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { auditFiles, auditPolicy, type Server } from '../flags.ts';
import { belongsTo } from '../processes.ts';
import { stages } from './recipe.ts';
import type { Pids } from '../supervisor.ts';

/** The log of a program of the control plane in `dir`. */
export const logOf = (dir: string, server: Server): string => join(dir, 'logs', `${server}.log`);

/** The processes of the control plane in `dir`, as far as its supervisor could tell. */
export const pidsIn = async (dir: string): Promise<Pids | undefined> => {
  const text = await readFile(join(dir, 'pids.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Pids);
};

/** Throws if something runs in `dir` already: two API servers on the data of one etcd would be a mess. */
export const refuseRunning = async (dir: string): Promise<void> => {
  const pids = await pidsIn(dir);
  for (const pid of pids === undefined ? [] : [pids.supervisor, ...Object.values(pids.programs)]) {
    if (await belongsTo(pid, dir)) {
      throw new Error(`A control plane is running in ${dir} (process ${pid}). End it first.`);
    }
  }
};

/** One file of all stages: kwok refuses to start without any. Those of pod/chaos act only on Pods with their label. */
const joinStages = async (folder: string): Promise<string> => {
  const texts: string[] = [];
  for (const set of stages.sets) {
    for (const file of (await readdir(join(folder, set))).sort()) {
      texts.push(await readFile(join(folder, set, file), 'utf8'));
    }
  }
  return texts.join('\n---\n');
};

/** Makes the folder ready for its programs. Data, keys and certificates of an earlier run stay; its logs do not. */
export const prepareFolder = async (dir: string, stagesFolder: string): Promise<void> => {
  await rm(join(dir, 'logs'), { recursive: true, force: true });
  await rm(join(dir, 'controlplane.json'), { force: true });
  // etcd refuses a folder that others can read.
  await mkdir(join(dir, 'etcd'), { recursive: true, mode: 0o700 });
  await mkdir(join(dir, 'logs'), { recursive: true });
  await writeFile(join(dir, 'kwok-stages.yaml'), await joinStages(stagesFolder));
  await writeFile(auditFiles(dir).policy, auditPolicy);
};
