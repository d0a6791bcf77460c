import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Connection } from '../controlplane/connection.ts';
import type { KubeObject } from '../controlplane/http.ts';
import { findPort } from '../controlplane/ports.ts';
import type { HasTeardown } from '../controlplane/shared.ts';
import { buildNeighbour } from './build.ts';
import { applyDefinitions } from './definitions.ts';
import { ARGO_CD } from './neighbours.ts';
import { startProgram } from './program.ts';

/** What Argo CD says of an application. */
export type Application = KubeObject & {
  readonly status?: {
    readonly reconciledAt?: string;
    readonly sync?: { readonly status?: string; readonly revision?: string };
    readonly operationState?: { readonly phase?: string };
    readonly resources?: readonly { readonly kind: string; readonly status?: string }[];
  };
};

export type ApplicationOptions = {
  readonly name: string;
  /** Where its objects go. */
  readonly namespace: string;
  /** A folder of the repository. */
  readonly path: string;
  readonly syncOptions?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ignoreDifferences?: readonly object[];
};

const MERGE = 'application/merge-patch+json';
const API = 'argoproj.io/v1alpha1';

/** The real application controller and repository server of Argo CD, with a Git repository on disk. */
export class ArgoCd {
  readonly #cp: Connection;
  readonly #ns: string;
  readonly #repository: string;

  private constructor(cp: Connection, ns: string, repository: string) {
    this.#cp = cp;
    this.#ns = ns;
    this.#repository = repository;
  }

  /** Starts it with an empty repository in the folder `dir`. Needs git and redis-server on PATH. */
  static async start(t: HasTeardown, cp: Connection, dir: string): Promise<ArgoCd> {
    const { folder, definitions } = await buildNeighbour(ARGO_CD);
    const file = join(folder, 'argocd');
    await applyDefinitions(cp, definitions);
    const ns = await cp.freshNamespace('argocd');
    const configMaps = `/api/v1/namespaces/${ns}/configmaps`;
    const labels = { 'app.kubernetes.io/part-of': 'argocd' };
    for (const name of ['argocd-cm', 'argocd-rbac-cm'])
      await cp.api('POST', configMaps, { metadata: { name, labels } });
    await cp.api('POST', `/api/v1/namespaces/${ns}/secrets`, {
      metadata: { name: 'argocd-secret', labels },
      stringData: { 'server.secretkey': 'any' },
    });
    // By address: the cluster that it runs in, it would find only from within a pod.
    await cp.api('POST', `/api/v1/namespaces/${ns}/secrets`, {
      metadata: { name: 'cluster', labels: { 'argocd.argoproj.io/secret-type': 'cluster' } },
      stringData: {
        name: 'cluster',
        server: cp.url,
        config: JSON.stringify({
          bearerToken: cp.adminToken,
          tlsClientConfig: { caData: Buffer.from(cp.ca).toString('base64') },
        }),
      },
    });
    await cp.api('POST', `/apis/${API}/namespaces/${ns}/appprojects`, {
      apiVersion: API,
      kind: 'AppProject',
      metadata: { name: 'default' },
      spec: {
        sourceRepos: ['*'],
        destinations: [{ namespace: '*', server: '*' }],
        clusterResourceWhitelist: [{ group: '*', kind: '*' }],
      },
    });
    const argo = new ArgoCd(cp, ns, dir);
    await argo.#git('init', '--quiet', '--initial-branch=main');
    const [redis, repo, repoMetrics, metrics] = [
      await findPort(),
      await findPort(),
      await findPort(),
      await findPort(),
    ];
    const env = { KUBECONFIG: cp.kubeconfig, ARGOCD_GPG_ENABLED: 'false', REDIS_PASSWORD: '' };
    const common = [`--redis=127.0.0.1:${redis}`, '--loglevel=warn'];
    await startProgram(t, {
      file: 'redis-server',
      args: ['--bind', '127.0.0.1', '--port', String(redis), '--save', '', '--appendonly', 'no'],
    });
    await startProgram(t, {
      file,
      args: [
        ...common,
        '--disable-tls',
        ...[
          '--address=127.0.0.1',
          `--port=${repo}`,
          '--metrics-address=127.0.0.1',
          `--metrics-port=${repoMetrics}`,
        ],
      ],
      env: { ...env, ARGOCD_BINARY_NAME: 'argocd-repo-server' },
      ready: `http://127.0.0.1:${repoMetrics}/metrics`,
    });
    await startProgram(t, {
      file,
      args: [
        ...common,
        `--namespace=${ns}`,
        ...[`--repo-server=127.0.0.1:${repo}`, '--repo-server-plaintext', `--metrics-port=${metrics}`],
        ...['--app-resync=2', '--app-resync-jitter=0', '--self-heal-timeout-seconds=1'],
      ],
      env: { ...env, ARGOCD_BINARY_NAME: 'argocd-application-controller' },
      ready: `http://127.0.0.1:${metrics}/healthz`,
    });
    return argo;
  }

  /** Commits the objects of one folder, as they are to be from now on. Returns the commit. */
  async commit(path: string, objects: readonly object[]): Promise<string> {
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await mkdir(join(this.#repository, path), { recursive: true });
    await writeFile(join(this.#repository, path, 'objects.json'), text);
    await this.#git('add', '--all');
    await this.#git('commit', '--quiet', '--message', path);
    return (await this.#git('rev-parse', 'HEAD')).trim();
  }

  /** Has an application synchronised by itself, prune and self-heal included. */
  async add({ name, namespace, path, annotations = {}, ...more }: ApplicationOptions): Promise<void> {
    const { syncOptions = [], ignoreDifferences = [] } = more;
    await this.#cp.api('POST', this.#path(), {
      apiVersion: API,
      kind: 'Application',
      metadata: { name, annotations },
      spec: {
        project: 'default',
        source: { repoURL: `file://${this.#repository}`, targetRevision: 'main', path },
        destination: { server: this.#cp.url, namespace },
        syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions },
        ignoreDifferences,
      },
    });
  }

  /** Waits until it has synchronised this commit. */
  async synced(name: string, commit: string): Promise<void> {
    await this.#cp.api(
      'PATCH',
      this.#path(name),
      { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'hard' } } },
      MERGE,
    );
    await this.until(name, ({ status }) => {
      const { sync, operationState } = status ?? {};
      return sync?.revision === commit && sync.status === 'Synced' && operationState?.phase === 'Succeeded';
    });
  }

  until(name: string, fits: (application: Application) => boolean): Promise<Application> {
    return this.#cp.untilObject<Application>(this.#path(name), fits, 60_000);
  }

  /** What it says after it has compared Git and cluster `times` more. */
  async compared(name: string, times: number): Promise<Application> {
    let application = await this.until(name, () => true);
    for (let time = 0; time < times; time += 1) {
      const last = application.status?.reconciledAt;
      application = await this.until(name, ({ status }) => status?.reconciledAt !== last);
    }
    return application;
  }

  async #git(...args: readonly string[]): Promise<string> {
    const who = ['-c', 'user.name=dev', '-c', 'user.email=dev@example.org'];
    const { stdout } = await promisify(execFile)('git', ['-C', this.#repository, ...who, ...args]);
    return stdout;
  }

  #path(name = ''): string {
    return `/apis/${API}/namespaces/${this.#ns}/applications${name === '' ? '' : `/${name}`}`;
  }
}
