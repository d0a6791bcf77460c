import type { PodStatusObject } from '../../../src/core/objects/csi-mount.ts';
import type { MutatorSettings } from '../../../src/controller/ports.ts';
import { NAMESPACE, NOW, type WorkloadParts } from './builders.ts';
import { world, type World } from './world.ts';

export const at = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** A driver that mounts classes into the pods of a world. */
export class Driver {
  readonly #world: World;
  readonly #objects = new Map<string, PodStatusObject>();
  #version = 100;

  constructor(world: World) {
    this.#world = world;
  }

  /** A pod starts, and mounts one version of the class `vault`. */
  start(pod: string, version: string, workload = pod.split('-')[0] ?? ''): void {
    const { owners, clock, statuses } = this.#world;
    owners.set(pod, { workload: `${NAMESPACE}/Deployment/${workload}`, created: clock.now() });
    const object: PodStatusObject = {
      metadata: {
        name: `${pod}-vault`,
        namespace: NAMESPACE,
        uid: `uid-${pod}`,
        resourceVersion: this.#next(),
        creationTimestamp: at(clock.now()),
      },
      status: { podName: pod, secretProviderClassName: 'vault', objects: [{ id: 'db', version }] },
    };
    this.#objects.set(pod, object);
    statuses.put(object);
  }

  /** The driver writes another version into the files of a running pod. */
  rotate(pod: string, version: string): void {
    const { metadata, status } = this.#objects.get(pod)!;
    const object = {
      metadata: { ...metadata, resourceVersion: this.#next() },
      status: { ...status, objects: [{ id: 'db', version }] },
    };
    this.#objects.set(pod, object);
    this.#world.statuses.put(object);
  }

  /** Writes a status without a change of what is mounted. */
  touch(pod: string): void {
    this.rotate(pod, this.#objects.get(pod)?.status?.objects?.[0]?.version ?? '');
  }

  /** The status of a pod as it is stored now. */
  copy(pod: string): PodStatusObject {
    return structuredClone(this.#objects.get(pod)!);
  }

  end(pod: string): void {
    this.#world.statuses.remove({ namespace: NAMESPACE, name: `${pod}-vault` });
    this.#world.owners.delete(pod);
  }

  #next(): string {
    return String((this.#version += 1));
  }
}

export const USES = { uses: ['spc/vault'] };

/** Deployments with two pods each, that have all mounted version 1 and their baseline. */
export async function mounted(
  workloads: Readonly<Record<string, WorkloadParts>> = { api: USES },
  settings: Partial<MutatorSettings> = {},
) {
  const made = world(settings);
  const driver = new Driver(made);
  made.putSource('spc/vault', {});
  for (const [name, parts] of Object.entries(workloads)) {
    made.putWorkload(name, { created: at(NOW), ...parts });
    for (const index of [1, 2]) driver.start(`${name}-${index}`, '1');
  }
  made.mutator.start();
  await made.pass(3_000);
  made.patches.length = 0;
  // Long enough that nothing which follows is of the time of the start.
  await made.pass(120_000);
  return { made, driver };
}

export const stampOf = (made: World, name = 'api') =>
  made.workloads.map(`${NAMESPACE}/Deployment/${name}`)?.s.get('spc/vault');
