/** `npm run -s controlplane -- COMMAND`: the control plane by hand. Progress goes to stderr, the answer is stdout's last line. */
import { realpath } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { dirname } from 'node:path';
import { findBinaries } from './build/binaries.ts';
import { startControlPlane } from './controlplane.ts';
import { stopControlPlane } from './down.ts';
import { portCount } from './flags.ts';
import { programs, type ProgramName } from './build/recipe.ts';

const usage = `Usage: npm run -s controlplane -- COMMAND

  up --dir D [--port P] [--audit]  starts a control plane in the folder D on the ports P to P+${portCount - 1} (default: free
                                   ones); prints the path of its kubeconfig and leaves it running
  down --dir D                     ends the control plane of the folder D and waits for it
  binaries [--also NAME]           finds or builds the programs; prints the folder of kube-apiserver
`;

class UsageError extends Error {
  override name = 'UsageError';
}

const options = {
  dir: { type: 'string' },
  port: { type: 'string' },
  audit: { type: 'boolean' },
  also: { type: 'string', multiple: true },
  help: { type: 'boolean' },
} as const;

type Values = { dir?: string; port?: string; audit?: boolean; also?: string[]; help?: boolean };

const onProgress = (line: string): void => void process.stderr.write(`[controlplane] ${line}\n`);

const dirOf = ({ dir }: Values): string => {
  if (dir === undefined || dir === '') throw new UsageError('--dir is missing');
  return dir;
};

const portOf = ({ port }: Values): number | undefined => {
  if (port === undefined) return undefined;
  const number = Number(port);
  if (!/^\d+$/.test(port) || number < 1 || number + portCount > 65_536) {
    throw new UsageError(`--port ${port}: not a port with ${portCount - 1} more above it`);
  }
  return number;
};

const alsoOf = ({ also = [] }: Values): readonly ProgramName[] =>
  also.map((name) => {
    const found = programs.find((program) => program.name === name);
    if (found === undefined) throw new UsageError(`--also ${name}: no such program`);
    return found.name;
  });

type Command = { readonly takes: readonly string[]; readonly run: (values: Values) => Promise<string> };

const commands: Readonly<Record<string, Command>> = {
  up: {
    takes: ['dir', 'port', 'audit', 'also'],
    run: async (values) => {
      const [dir, port, also] = [dirOf(values), portOf(values), alsoOf(values)];
      const ports = port === undefined ? {} : { port };
      const { audit = false } = values;
      const controlPlane = await startControlPlane({ dir, ...ports, audit, also, onProgress });
      await controlPlane.detach();
      return controlPlane.kubeconfig;
    },
  },
  down: {
    takes: ['dir'],
    run: async (values) => {
      const dir = dirOf(values);
      const ran = await stopControlPlane(await realpath(dir).catch(() => dir));
      return ran ? `ended the control plane in ${dir}` : `nothing was running in ${dir}`;
    },
  },
  binaries: {
    takes: ['also'],
    run: async (values) => {
      const { paths } = await findBinaries({ onProgress, also: alsoOf(values) });
      return dirname(paths['kube-apiserver'] ?? '');
    },
  },
};

const parse = (args: readonly string[]): { command: Command; values: Values } | undefined => {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) return undefined;
  const [name = '', ...others] = positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(name === '' ? 'no command' : `no such command: ${name}`);
  if (others.length > 0) throw new UsageError(`not understood: ${others.join(' ')}`);
  const foreign = Object.keys(values).find((flag) => !command.takes.includes(flag));
  if (foreign !== undefined) throw new UsageError(`${name} takes no --${foreign}`);
  return { command, values: { ...values } };
};

try {
  const parsed = parse(process.argv.slice(2));
  process.stdout.write(parsed === undefined ? usage : `${await parsed.command.run(parsed.values)}\n`);
} catch (error) {
  const isUsage = error instanceof UsageError;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`controlplane: ${text}\n${isUsage ? `\n${usage}` : ''}`);
  process.exitCode = isUsage ? 2 : 1;
}
