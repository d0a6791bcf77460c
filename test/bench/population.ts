import { randomBytes } from 'node:crypto';
import type { ApiClient } from '../controlplane/http.ts';
import { configMapPath, deployment, deploymentPath, eachAtOnce, upTo } from './crowd.ts';

/** A large cluster: 213 MB of data, as much as one that people have complained of has. */
const SECRETS = 5_900;
const CONFIG_MAPS = 3_200;
const DEPLOYMENTS = 520;
const OPTED_IN = 15;
const NAMESPACES = 40;
/** Bytes of data of one Secret; base64 makes 32 kB of them. */
const SECRET_BYTES = 24_000;
const CONFIG_MAP_CHARACTERS = 7_800;
const AT_ONCE = 32;

const secretPath = (namespace: string, name = ''): string =>
  `/api/v1/namespaces/${namespace}/secrets${name === '' ? '' : `/${name}`}`;

const namespaceOf = (index: number): string => `tenant-${index % NAMESPACES}`;

/** Fills a cluster with Secrets, ConfigMaps and Deployments without replicas; says how long it took. */
export async function populate({ api }: ApiClient, say: (line: string) => void): Promise<void> {
  const started = performance.now();
  const noise = randomBytes(SECRET_BYTES * 2);
  const cut = (index: number, length: number): Buffer =>
    noise.subarray(index % SECRET_BYTES).subarray(0, length);
  for (const index of upTo(NAMESPACES))
    await api('POST', '/api/v1/namespaces', { metadata: { name: namespaceOf(index) } });
  await eachAtOnce(upTo(SECRETS), AT_ONCE, (index) =>
    api('POST', secretPath(namespaceOf(index)), {
      metadata: { name: `secret-${index}`, labels: { team: `team-${index % 20}` } },
      type: 'Opaque',
      data: { blob: cut(index, SECRET_BYTES).toString('base64') },
    }),
  );
  await eachAtOnce(upTo(CONFIG_MAPS), AT_ONCE, (index) =>
    api('POST', configMapPath(namespaceOf(index)), {
      // One of each namespace is what its Deployments use.
      metadata: { name: index < NAMESPACES ? 'app' : `config-${index}` },
      data: {
        'app.yaml': cut(index, CONFIG_MAP_CHARACTERS)
          .toString('latin1')
          .replace(/[^ -~]/g, '.'),
      },
    }),
  );
  await eachAtOnce(upTo(DEPLOYMENTS), AT_ONCE, (index) =>
    api(
      'POST',
      deploymentPath(namespaceOf(index)),
      deployment(`app-${index}`, { optedIn: index < OPTED_IN, replicas: 0 }),
    ),
  );
  say(`filled the cluster in ${Math.round((performance.now() - started) / 1000)} s`);
}

/** Edits a label of so many sources, again and again: nothing that anybody rolls for. */
export async function editLabels({ api }: ApiClient, edits: number): Promise<void> {
  await eachAtOnce(upTo(edits), AT_ONCE, (index) => {
    const source = NAMESPACES + (index % (CONFIG_MAPS - NAMESPACES));
    const namespace = namespaceOf(source);
    const path =
      index % 3 === 0
        ? configMapPath(namespace, `config-${source}`)
        : secretPath(namespace, `secret-${source}`);
    return api(
      'PATCH',
      path,
      { metadata: { labels: { edit: String(index) } } },
      'application/merge-patch+json',
    );
  });
}
