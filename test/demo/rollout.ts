import type { Connection } from '../controlplane/connection.ts';
import type { KubeObject } from '../controlplane/http.ts';

type Template = {
  readonly spec: {
    readonly containers: readonly {
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
    }[];
  };
};
type Workload = KubeObject & {
  readonly spec: { readonly replicas?: number; readonly template: Template };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
  };
};

/** The value of an env var of the first container. */
function leverOf(workload: Workload, name: string): string | undefined {
  return workload.spec.template.spec.containers[0]?.env?.find((variable) => variable.name === name)?.value;
}

/** Whether all pods are of the newest template and serve. */
function isComplete({ metadata, spec, status = {} }: Workload): boolean {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false;
  if (spec.replicas === undefined)
    return (
      status.updatedNumberScheduled === status.desiredNumberScheduled &&
      status.numberAvailable === status.desiredNumberScheduled
    );
  return [status.replicas, status.updatedReplicas, status.availableReplicas].every(
    (count) => count === spec.replicas,
  );
}

export type Rollout = {
  /** `Deployment/api`, for people. */
  readonly title: string;
  /** API path of the workload. */
  readonly path: string;
  /** The env var that rolls it. */
  readonly lever: string;
};

/** Tells when a workload got its lever, and when all its pods are new; ends then. */
export async function followRollout(
  controlPlane: Connection,
  { title, path, lever }: Rollout,
  tell: (text: string) => void,
): Promise<void> {
  const patched = await controlPlane.untilObject<Workload>(
    path,
    (found) => leverOf(found, lever) !== undefined,
  );
  tell(`${title} patched: ${lever}=${leverOf(patched, lever) ?? ''}`);
  await controlPlane.untilObject<Workload>(
    path,
    (found) => leverOf(found, lever) !== undefined && isComplete(found),
  );
  tell(`${title} rolled: every pod is new and ready`);
}

/** Resolves when all pods of a workload serve. */
export async function untilComplete(controlPlane: Connection, path: string): Promise<void> {
  await controlPlane.untilObject<Workload>(path, isComplete);
}
