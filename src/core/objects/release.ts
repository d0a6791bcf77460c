// Releases: objects that one tool writes together, so that a change of config may be followed by a change of the
// workload, and both should be one rollout.

import { annotation, type Annotations } from '../api/annotations.ts';

type Metadata = {
  readonly namespace?: string;
  readonly annotations?: Annotations;
  readonly labels?: Readonly<Record<string, string>>;
  readonly managedFields?: readonly {
    readonly manager?: string;
    readonly subresource?: string;
    readonly time?: string;
  }[];
};

/** Where the tools note what an object belongs to; the first pair of keys that is there counts. */
const MARKS: readonly (readonly [where: 'annotations' | 'labels', keys: readonly string[]])[] = [
  ['annotations', ['meta.helm.sh/release-namespace', 'meta.helm.sh/release-name']],
  ['labels', ['helm.toolkit.fluxcd.io/namespace', 'helm.toolkit.fluxcd.io/name']],
  ['labels', ['kustomize.toolkit.fluxcd.io/namespace', 'kustomize.toolkit.fluxcd.io/name']],
  ['labels', ['argocd.argoproj.io/instance']],
  ['labels', ['app.kubernetes.io/instance']],
];

/** Field managers of the tools that write releases. A person's kubectl is none. */
const TOOLS = /^(helm.*|kustomize-controller|argocd.*|flux.*|terraform.*|hashicorp.*)$/i;

/** `app:name`: Argo CD's tracking id begins with the name of the application. */
const TRACKING = 'argocd.argoproj.io/tracking-id';

/**
 * Identity of what a release has in the namespace of an object; undefined if the object bears no mark of one. Marks are
 * anybody's to set, so that what is written in one namespace must not count in another.
 */
export function releaseOf(metadata: Metadata): string | undefined {
  const mark = markOf(metadata);
  return mark === undefined ? undefined : `${metadata.namespace ?? ''}/${mark}`;
}

function markOf(metadata: Metadata): string | undefined {
  const application = annotation(metadata.annotations, TRACKING)?.split(':')[0];
  if (application !== undefined && application !== '') return `${TRACKING}=${application}`;
  for (const [where, keys] of MARKS) {
    const values = keys.map((key) => annotation(metadata[where], key));
    if (values.every((value) => value !== undefined)) return `${keys.join('+')}=${values.join('/')}`;
  }
  return undefined;
}

/** Whether a field manager is that of a release tool. */
export function isReleaseTool(manager: string | undefined): boolean {
  return manager !== undefined && TOOLS.test(manager);
}

/** When a release tool last wrote an object outside its status: milliseconds since 1970, to the second. */
export function lastReleaseWrite(metadata: Metadata): number | undefined {
  const times = (metadata.managedFields ?? [])
    .filter(({ manager, subresource }) => isReleaseTool(manager) && subresource !== 'status')
    .map(({ time }) => Date.parse(time ?? ''))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? undefined : Math.max(...times);
}
