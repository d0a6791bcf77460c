import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubeconfigPath, type User } from './credentials.ts';
import type { Ports } from './flags.ts';
import { createApiClient, type ApiClient, type KubeObject } from './http.ts';
import type { ProgramName } from './build/recipe.ts';
import { createHelm, createKubectl, type Tool } from './build/tools.ts';
import { untilGone, untilObject } from './until.ts';

/** What a folder says about its control plane: the file `controlplane.json`, there as soon as everything is ready. */
export type Facts = {
  readonly dir: string;
  readonly url: string;
  readonly ports: Ports;
  readonly adminToken: string;
  readonly auditLog: string | undefined;
  readonly binaries: Readonly<Partial<Record<ProgramName, string>>>;
};

/** A running control plane, as its user sees it. Everything acts with the driver's rights unless it says otherwise. */
export type Connection = Facts &
  ApiClient & {
    /** PEM. */
    readonly ca: string;
    /** The path of the driver's kubeconfig (`system:masters`). */
    readonly kubeconfig: string;
    /** The path of a user's kubeconfig; `restamp` has exactly the shipped role. */
    readonly kubeconfigFor: (user: User) => string;
    /** A client with another token, for example a user's or a service account's. */
    readonly clientFor: (token: string) => ApiClient;
    /** Runs the real kubectl. */
    readonly kubectl: Tool;
    /** Runs the real helm, if the control plane was started with `also: ['helm']`. */
    readonly helm: Tool;
    /** Creates a namespace with a name nobody else has; returns that name. Nothing is deleted. */
    readonly freshNamespace: (prefix: string) => Promise<string>;
    /** Resolves with the object at `path` as soon as `predicate` holds, by a watch; it need not exist yet. */
    readonly untilObject: <T extends KubeObject = KubeObject>(
      path: string,
      predicate: (object: T) => boolean,
      timeoutMs?: number,
    ) => Promise<T>;
    /** Resolves as soon as nothing is at `path`. */
    readonly untilGone: (path: string, timeoutMs?: number) => Promise<void>;
  };

const factsFile = (dir: string): string => join(dir, 'controlplane.json');

/** The API server's certificate, with its issuer: what clients trust. */
export const certificateFile = (dir: string): string => join(dir, 'certs', 'apiserver.crt');

/** Leaves word of a control plane in its folder. */
export const writeFacts = (facts: Facts): Promise<void> =>
  writeFile(factsFile(facts.dir), JSON.stringify(facts, null, 2), { mode: 0o600 });

/** Connects to a control plane by what is known of it. */
export const connectTo = async (facts: Facts): Promise<Connection> => {
  const { dir, url, adminToken, binaries } = facts;
  const ca = await readFile(certificateFile(dir), 'utf8');
  const client = createApiClient({ url, ca, token: adminToken });
  const kubeconfig = kubeconfigPath(dir, 'admin');
  return {
    ...facts,
    ...client,
    ca,
    kubeconfig,
    kubeconfigFor: (user) => kubeconfigPath(dir, user),
    clientFor: (token) => createApiClient({ url, ca, token }),
    kubectl: createKubectl(binaries.kubectl ?? 'kubectl', dir, kubeconfig),
    helm: createHelm(binaries.helm, dir, kubeconfig),
    freshNamespace: async (prefix) => {
      const name = `${prefix}-${randomBytes(4).toString('hex')}`;
      await client.api('POST', '/api/v1/namespaces', { metadata: { name } });
      return name;
    },
    untilObject: (path, predicate, timeoutMs) => untilObject(client, path, predicate, timeoutMs),
    untilGone: (path, timeoutMs) => untilGone(client, path, timeoutMs),
  };
};

/** Connects to the control plane that runs in `dir`. */
export const connect = async (dir: string): Promise<Connection> => {
  const text = await readFile(factsFile(dir), 'utf8').catch((cause: unknown) => {
    throw new Error(`No control plane is ready in ${dir}.`, { cause });
  });
  return connectTo(JSON.parse(text) as Facts);
};
