// `make chart`: the chart as one archive in dist/.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findBinaries } from '../test/controlplane/build/binaries.ts';

const run = promisify(execFile);
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Checks and packs the chart; returns the path of the archive in `folder`. */
export async function packChart(folder: string): Promise<string> {
  const { paths } = await findBinaries({ also: ['helm'] });
  const helm = paths.helm ?? 'helm';
  await run(helm, ['lint', '--strict', path('chart')]);
  const { stdout } = await run(helm, ['package', path('chart'), '--destination', folder]);
  const file = /saved it to: (.*)/.exec(stdout)?.[1];
  if (file === undefined) throw new Error(`helm says: ${stdout}`);
  return file.trim();
}

if (import.meta.main) process.stdout.write(`${await packChart(path('../dist'))}\n`);
