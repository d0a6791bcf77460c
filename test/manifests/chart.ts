// The chart, rendered by the real helm. No control plane is needed for that.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { findBinaries } from '../controlplane/build/binaries.ts';
import { manifests, parseManifests, type Manifest } from './roles.ts';

export const chart = `${manifests}chart`;
const { paths } = await findBinaries({ also: ['helm'] });

/** What helm says and how it ended. `values` are read as a file of values. */
export async function helm(
  args: readonly string[],
  values: object = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(paths.helm ?? 'helm', [...args, '--values=-'], { stdio: 'pipe' });
  child.stdin.end(JSON.stringify(values));
  const closed = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, stdout, stderr };
}

/** The objects of the release `restamp` in the namespace `tools`. */
export async function render(values: object = {}, more: readonly string[] = []): Promise<Manifest[]> {
  const { code, stdout, stderr } = await helm(
    ['template', 'restamp', chart, '--namespace=tools', ...more],
    values,
  );
  if (code !== 0) throw new Error(stderr);
  if (stderr !== '') throw new Error(`helm says: ${stderr}`);
  return parseManifests(stdout);
}

/** The one object of a kind. */
export function only(objects: readonly Manifest[], kind: string): Manifest {
  const found = objects.filter((object) => object.kind === kind);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} objects are a ${kind}`);
  return found[0];
}

type Variable = { readonly name: string; readonly value?: string; readonly valueFrom?: object };

/** A Deployment, as far as tests look at it. */
export type Deployment = Manifest & {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly serviceAccountName: string;
        readonly securityContext: object;
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [
          {
            readonly image: string;
            readonly args: readonly string[];
            readonly env: readonly Variable[];
            readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
            readonly securityContext: object;
            readonly livenessProbe: Probe;
            readonly readinessProbe: Probe;
          },
        ];
      } & Readonly<Record<string, unknown>>;
    };
  };
};

type Probe = { readonly httpGet: { readonly path: string; readonly port: string } };

export function deploymentOf(objects: readonly Manifest[]): Deployment {
  return only(objects, 'Deployment') as unknown as Deployment;
}

/** The flags of the server. */
export function argsOf(objects: readonly Manifest[]): readonly string[] {
  return deploymentOf(objects).spec.template.spec.containers[0].args;
}
