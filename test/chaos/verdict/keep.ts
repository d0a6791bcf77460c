import { cp as copy, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../../controlplane/connection.ts';
import { POD_STATUS } from '../../e2e/support/csi-driver.ts';
import type { Ledger } from './ledger.ts';
import type { Observer } from './observer.ts';
import type { Pods } from '../population/pods.ts';
import type { Replica } from '../faults/replica.ts';

/** Who saw what happened. */
export type Witnesses = {
  readonly replicas: readonly Replica[];
  readonly pods: Pods;
  readonly observer: Observer;
  readonly ledger: Ledger;
};

/** Keeps what a failing can be explained by: every log, and the pods as they are. Returns the folder. */
export async function keep(
  { dir, api }: Pick<Connection, 'dir' | 'api'>,
  { replicas, pods, observer, ledger }: Witnesses,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'restamp-chaos-'));
  await copy(join(dir, 'logs'), join(folder, 'logs'), { recursive: true });
  for (const [index, { lines }] of replicas.entries()) {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await writeFile(join(folder, `restamp-${index + 1}.log`), text);
  }
  const text = (value: unknown): string => JSON.stringify(value, undefined, 1);
  await writeFile(join(folder, 'pods.json'), text(pods.all));
  await writeFile(
    join(folder, 'mounts.json'),
    text(await api('GET', `/apis/${POD_STATUS.group}/${POD_STATUS.version}/${POD_STATUS.plural}`)),
  );
  await writeFile(
    join(folder, 'history.jsonl'),
    observer.history.map((one) => `${JSON.stringify(one)}\n`).join(''),
  );
  await writeFile(
    join(folder, 'ledger.jsonl'),
    ledger.history.map((one) => `${JSON.stringify(one)}\n`).join(''),
  );
  return folder;
}
