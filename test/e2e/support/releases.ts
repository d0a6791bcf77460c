import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../controlplane/http.ts';
import { AUTO, sha1Of, type Manifest } from './objects.ts';
import type { Stage } from './environment.ts';

/** One version of a release: what its config says, and which image its workload runs. */
export type Version = { readonly config: string; readonly secret: string; readonly image: string };

const labels = { app: 'api' };

/** The objects of a release in the order in which tools write them: config first. `bell` is not part of it. */
export function release({ config, secret, image }: Version): Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'app' }, data: { A: config } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'app' }, stringData: { B: secret } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'api', annotations: { ...AUTO, 'configmap.reloader.stakater.com/reload': 'bell' } },
      spec: {
        replicas: 1,
        // Every ReplicaSet is kept, to be counted.
        revisionHistoryLimit: 1_000,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [
              {
                name: 'main',
                image: `registry.example/api:${image}`,
                envFrom: [{ configMapRef: { name: 'app' } }, { secretRef: { name: 'app' } }],
              },
            ],
          },
        },
      },
    },
  ] as unknown as Manifest[];
}

/** The objects as one file for kubectl. */
export function asList(version: Version, reverse = false): string {
  const items = reverse ? release(version).reverse() : release(version);
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** How many pod templates the Deployment controller has ever made pods from. */
export async function templates(stage: Stage): Promise<number> {
  const path = `/apis/apps/v1/namespaces/${stage.ns}/replicasets?labelSelector=app%3Dapi`;
  const list = await stage.cp.api<{ items: KubeObject[] } & KubeObject>('GET', path);
  return list.items.length;
}

let rings = 0;

/**
 * Waits until the newest template has all pods, then rings the bell and waits for that roll: whatever else was to
 * roll has rolled by then. Returns how many templates there are, without the bell's own.
 */
export async function settled(stage: Stage): Promise<number> {
  rings += 1;
  const data = { rings: String(rings) };
  await stage.change('ConfigMap/bell', data);
  await stage.until('Deployment', 'api', ({ spec, status, metadata }) => {
    const env = spec.template.spec.containers[0]?.env ?? [];
    const rung = env.some(({ name, value }) => name === 'STAKATER_BELL_CONFIGMAP' && value === sha1Of(data));
    return rung && status?.observedGeneration === metadata.generation && status?.availableReplicas === 1;
  });
  return (await templates(stage)) - 1;
}

/** A Helm chart of one release, with the values `config`, `secret` and `image`. Returns its folder. */
export async function writeChart(t: { teardown: (end: () => unknown) => unknown }): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'restamp-chart-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'templates'));
  await writeFile(join(dir, 'Chart.yaml'), 'apiVersion: v2\nname: app\nversion: 0.1.0\n');
  const version = {
    config: '{{ .Values.config }}',
    secret: '{{ .Values.secret }}',
    image: '{{ .Values.image }}',
  };
  for (const [index, object] of release(version).entries())
    await writeFile(join(dir, 'templates', `${index}.yaml`), JSON.stringify(object));
  return dir;
}
