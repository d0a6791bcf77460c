import { spawn } from 'node:child_process';
import { basename, join } from 'node:path';

/** What a run of kubectl or helm gave. */
export type Ran = { readonly stdout: string; readonly stderr: string; readonly code: number };

/** How to run it. */
export type RunOptions = {
  /** Written to its standard input, for `-f -`. An object is written as JSON. */
  readonly input?: string | object;
  /** Path; the driver's own by default. */
  readonly kubeconfig?: string;
  /** A code other than 0 is returned, not thrown. */
  readonly mayFail?: boolean;
};

/** Runs a tool to its end. Throws with its arguments and what it said on standard error if it fails, unless `mayFail`. */
export type Tool = (args: readonly string[], options?: RunOptions) => Promise<Ran>;

const run = (
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { input = '', mayFail = false }: RunOptions,
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // A tool that ends before it read everything is reported by its code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(typeof input === 'string' ? input : JSON.stringify(input));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0 && !mayFail) {
        const command = [basename(file), ...args].join(' ');
        reject(new Error(`${command} failed with code ${code ?? '?'}: ${stderr.trim()}`));
      } else resolve({ stdout, stderr, code: code ?? 1 });
    });
  });

/** The real kubectl for the control plane in `dir`, deaf to the settings of the person who runs the tests. */
export const createKubectl =
  (file: string, dir: string, own: string): Tool =>
  (args, options = {}) => {
    // In front of the caller's arguments: what follows a `--` is no flag.
    const flags = [`--kubeconfig=${options.kubeconfig ?? own}`, `--cache-dir=${join(dir, 'kubectl-cache')}`];
    return run(file, [...flags, ...args], { KUBECTL_KUBERC: 'false' }, options);
  };

/** The real helm, likewise. Without `file` each run throws. */
export const createHelm =
  (file: string | undefined, dir: string, own: string): Tool =>
  async (args, options = {}) => {
    if (file === undefined) throw new Error("This control plane was started without also: ['helm'].");
    const homes = { HELM_CACHE_HOME: 'cache', HELM_CONFIG_HOME: 'config', HELM_DATA_HOME: 'data' };
    const env = Object.entries(homes).map(([name, folder]) => [name, join(dir, 'helm', folder)]);
    const flags = [`--kubeconfig=${options.kubeconfig ?? own}`];
    return run(file, [...flags, ...args], Object.fromEntries(env) as NodeJS.ProcessEnv, options);
  };
