import { cp as copy, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../controlplane/connection.ts';
import type { Pods } from './pods.ts';
import type { Replica } from './replica.ts';

/** Keeps what a failing can be explained by: every log, and the pods as they are. Returns the folder. */
export async function keep(
  { dir }: Pick<Connection, 'dir'>,
  replicas: readonly Replica[],
  pods: Pods,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'restamp-chaos-'));
  await copy(join(dir, 'logs'), join(folder, 'logs'), { recursive: true });
  for (const [index, { lines }] of replicas.entries()) {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await writeFile(join(folder, `restamp-${index + 1}.log`), text);
  }
  await writeFile(join(folder, 'pods.json'), JSON.stringify(pods.all, undefined, 1));
  return folder;
}
