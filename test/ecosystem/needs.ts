// `make ecosystem`, first of all: what it needs and cannot install is named before anything is built.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program that must be there: how to see that it works, and what a person can do if it does not. */
type Need = { readonly program: string; readonly args: readonly string[]; readonly remedy: string };

const NEEDS: readonly Need[] = [
  { program: 'go', args: ['version'], remedy: 'install Go 1.26 or newer (https://go.dev/dl/)' },
  { program: 'git', args: ['--version'], remedy: 'install git' },
  {
    program: 'python3',
    args: ['-c', 'import venv, ensurepip'],
    remedy: 'install Python 3 with venv (python3-venv)',
  },
  { program: 'redis-server', args: ['--version'], remedy: 'install Redis (redis-server)' },
  {
    program: 'unshare',
    args: ['--user', '--map-root-user', '--mount', 'true'],
    remedy: 'install util-linux, and allow user namespaces',
  },
];

/** What is missing on this machine, a line for each. */
export async function missingNeeds(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const looked = await Promise.all(
    NEEDS.map(({ program, args, remedy }) =>
      run(program, [...args], { env }).then(
        () => [],
        () => [`${program} is missing or does not work here: ${remedy}`],
      ),
    ),
  );
  return looked.flat();
}

if (import.meta.main) {
  const missing = await missingNeeds();
  for (const line of missing) process.stderr.write(`${line}\n`);
  process.exitCode = missing.length === 0 ? 0 : 1;
}
