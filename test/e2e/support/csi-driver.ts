import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from '../../controlplane/connection.ts';
import { ApiError, type KubeObject } from '../../controlplane/http.ts';
import { grantKind } from './crds.ts';
import { pathOf, type Annotations, type WorkloadObject } from './objects.ts';

const group = { group: 'secrets-store.csi.x-k8s.io', version: 'v1' };
export const PROVIDER_CLASS = { ...group, kind: 'SecretProviderClass', plural: 'secretproviderclasses' };
export const POD_STATUS = {
  ...group,
  kind: 'SecretProviderClassPodStatus',
  plural: 'secretproviderclasspodstatuses',
};
const MERGE = 'application/merge-patch+json';

type Pod = KubeObject & { readonly status?: { readonly phase?: string } };

/** Gives the identity `restamp` what an installation with --enable-csi-integration has. */
export async function grantCsi(cp: Connection): Promise<void> {
  for (const { plural } of [PROVIDER_CLASS, POD_STATUS]) await grantKind(cp, group.group, plural);
  await grantKind(cp, '', 'pods');
}

/** What the Secrets Store CSI driver writes, written by hand: no node of the tests mounts anything. */
export class CsiDriver {
  readonly #cp: Connection;
  readonly #ns: string;

  constructor(cp: Connection, ns: string) {
    this.#cp = cp;
    this.#ns = ns;
  }

  async define(name: string, annotations: Annotations = {}): Promise<void> {
    await this.#cp.api('POST', this.#path(PROVIDER_CLASS.plural), {
      apiVersion: `${group.group}/${group.version}`,
      kind: PROVIDER_CLASS.kind,
      metadata: { name, annotations },
      spec: { provider: 'vault' },
    });
  }

  /** Writes which version of the one object of a class a pod has mounted, for the first time or again. */
  async mount(pod: string, className: string, version: string): Promise<void> {
    const { metadata } = await this.#cp.api<Pod>('GET', `/api/v1/namespaces/${this.#ns}/pods/${pod}`);
    const made = podStatus({ name: pod, uid: metadata.uid }, className, version);
    try {
      await this.#cp.api('POST', this.#path(POD_STATUS.plural), made);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) throw error;
      await this.#patch(pod, className, { status: { objects: made.status.objects } });
    }
  }

  label(pod: string, className: string, labels: Readonly<Record<string, string>>): Promise<void> {
    return this.#patch(pod, className, { metadata: { labels } });
  }

  /** Ends when a status is so old that a write of today is seen to be another than the one that made it. */
  async aged(pod: string, className: string): Promise<void> {
    const path = this.#path(`${POD_STATUS.plural}/${statusName(pod, className)}`);
    const { metadata } = await this.#cp.api('GET', path);
    await pause(Math.max(Date.parse(metadata.creationTimestamp) + 2_000 - Date.now(), 0));
  }

  /** The pods of a Deployment, as soon as all of them serve. */
  async pods(name: string, replicas: number): Promise<string[]> {
    return this.successors(name, [], replicas);
  }

  /** Its pods, as soon as all of them serve and none is one of these. */
  async successors(name: string, former: readonly string[], replicas: number): Promise<string[]> {
    await this.#cp.untilObject<WorkloadObject & { status?: { updatedReplicas?: number; replicas?: number } }>(
      pathOf(this.#ns, 'Deployment', name),
      ({ metadata, status = {} }) =>
        status.observedGeneration === metadata.generation &&
        [status.updatedReplicas, status.availableReplicas, status.replicas].every((n) => n === replicas),
    );
    const { items } = await this.#cp.api<KubeObject & { items: Pod[] }>(
      'GET',
      `/api/v1/namespaces/${this.#ns}/pods?labelSelector=app%3D${name}`,
    );
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name)
      .filter((pod) => !former.includes(pod));
  }

  async #patch(pod: string, className: string, body: object): Promise<void> {
    const path = this.#path(`${POD_STATUS.plural}/${statusName(pod, className)}`);
    await this.#cp.api('PATCH', path, body, MERGE);
  }

  #path(rest: string): string {
    return csiPath(this.#ns, rest);
  }
}

/** API path of an object of the driver, or of all of a kind: `rest` begins with the plural. */
export function csiPath(ns: string, rest: string): string {
  return `/apis/${group.group}/${group.version}/namespaces/${ns}/${rest}`;
}

/** What the driver writes when a pod mounts a class for the first time. */
export function podStatus(
  pod: { readonly name: string; readonly uid: string },
  className: string,
  version: string,
) {
  return {
    apiVersion: `${group.group}/${group.version}`,
    kind: POD_STATUS.kind,
    metadata: {
      name: statusName(pod.name, className),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }],
    },
    status: {
      podName: pod.name,
      secretProviderClassName: className,
      mounted: true,
      objects: [{ id: 'secret/db', version }],
    },
  };
}

/** A volume that mounts a class. */
export function csiVolume(className: string) {
  return {
    name: 'secrets',
    csi: {
      driver: 'secrets-store.csi.k8s.io',
      readOnly: true,
      volumeAttributes: { secretProviderClass: className },
    },
  };
}

/** Reloader's hash of one object in a class, written down a second time: nothing of the product is used here. */
export function mountHash(className: string, version: string): string {
  return createHash('sha1').update(`SecretProviderClassName=${className};secret/db=${version}`).digest('hex');
}

function statusName(pod: string, className: string): string {
  return `${pod}-${className}`;
}
