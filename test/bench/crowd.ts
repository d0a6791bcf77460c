import type { ApiClient } from '../controlplane/http.ts';

/** The numbers from 0 up to `count`, without it. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_none, index) => index);

/** Does `work` for each item, `width` at a time, in order. */
export async function eachAtOnce<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** A Deployment that uses the ConfigMap `app` of its namespace, as charts write them. */
export function deployment(name: string, options: Omit<CrowdOptions, 'namespace' | 'size'>): object {
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': 'bench' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      labels,
      annotations: {
        ...options.annotations,
        ...(options.optedIn ? { 'reloader.stakater.com/auto': 'true' } : {}),
      },
    },
    spec: {
      replicas: options.replicas,
      selector: { matchLabels: { 'app.kubernetes.io/name': name } },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'app',
              image: 'registry.example/app:1.0.0',
              ports: [{ name: 'http', containerPort: 8080 }],
              env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
              envFrom: [{ configMapRef: { name: 'app' } }],
              readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
              resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } },
            },
          ],
        },
      },
    },
  };
}

export const configMapPath = (namespace: string, name = ''): string =>
  `/api/v1/namespaces/${namespace}/configmaps${name === '' ? '' : `/${name}`}`;

export const deploymentPath = (namespace: string, name = ''): string =>
  `/apis/apps/v1/namespaces/${namespace}/deployments${name === '' ? '' : `/${name}`}`;

export type CrowdOptions = {
  readonly namespace: string;
  readonly size: number;
  readonly optedIn: boolean;
  readonly replicas: number;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** A namespace with one ConfigMap `app` and so many Deployments that use it. */
export async function createCrowd({ api }: ApiClient, options: CrowdOptions): Promise<void> {
  const { namespace, size } = options;
  await api('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  await api('POST', configMapPath(namespace), {
    metadata: { name: 'app' },
    data: { LEVEL: 'info', ROUND: '0' },
  });
  const names = Array.from({ length: size }, (_, index) => `app-${index}`);
  await eachAtOnce(names, 16, (name) => api('POST', deploymentPath(namespace), deployment(name, options)));
}

/** Changes the data of the ConfigMap `app`: nothing had this value before. */
export async function changeConfig({ api }: ApiClient, namespace: string): Promise<void> {
  const body = { data: { ROUND: String(performance.now()) } };
  await api('PATCH', configMapPath(namespace, 'app'), body, 'application/merge-patch+json');
}
