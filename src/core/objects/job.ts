// Jobs that a roll makes: one that a CronJob runs at once, and one that takes the place of an older one.

import { createHash } from 'node:crypto';
import { mergeAnnotations, type Annotations } from '../api/annotations.ts';
import { jsonEqual } from '../api/json-equal.ts';
import { parseReloadedFrom } from '../template/reloaded-from.ts';
import { leverName, type LeverChange } from '../template/lever.ts';
import { applyTemplatePatch, type TemplatePatch } from '../template/template-patch.ts';
import type { PodTemplate } from '../api/pod-template.ts';

type Labels = Readonly<Record<string, string>>;
type Metadata = {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly annotations?: Annotations;
  readonly labels?: Labels;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly { readonly uid: string }[];
};
type JobSpec = { readonly template: PodTemplate & { readonly metadata?: { readonly labels?: Labels } } };

export type CronJobObject = {
  readonly metadata: Metadata;
  readonly spec: {
    /** `Allow` where it says nothing. */
    readonly concurrencyPolicy?: string;
    readonly jobTemplate: {
      readonly metadata?: { readonly annotations?: Annotations; readonly labels?: Labels };
      readonly spec: JobSpec;
    };
  };
};
export type JobObject = {
  readonly metadata: Metadata;
  readonly spec: JobSpec & { readonly manualSelector?: boolean; readonly selector?: object };
};

/** A Job to be created. */
export type JobManifest = {
  readonly apiVersion: 'batch/v1';
  readonly kind: 'Job';
  readonly metadata: { readonly name: string; readonly namespace: string } & Record<string, unknown>;
  readonly spec: object;
};

/** Reloader marks its Jobs like `kubectl create job --from` (reloader.md 2.3). */
const INSTANTIATE = 'cronjob.kubernetes.io/instantiate';
const NAME_LENGTH = 63;

/**
 * Name of the Job that a CronJob runs for a roll with this print: asking twice makes one Job, because the second
 * one exists already. Whether that one is enough, {@link hasRun} says.
 */
export function jobName(cronJob: { name: string; uid: string }, rollPrint: readonly string[]): string {
  const print = createHash('sha256')
    .update([cronJob.uid, ...rollPrint].join('\n'))
    .digest('hex')
    .slice(0, 10);
  return `${cronJob.name.slice(0, NAME_LENGTH - 1 - print.length)}-${print}`;
}

/** The Job that a CronJob would start now, with the levers in its pod template (reloader.md 4.3). */
export function jobOfCronJob(cronJob: CronJobObject, name: string, patch: TemplatePatch): JobManifest {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: cronJob.metadata.namespace,
      labels: metadata?.labels ?? {},
      annotations: { [INSTANTIATE]: 'manual', ...metadata?.annotations },
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          name: cronJob.metadata.name,
          uid: cronJob.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { ...spec, template: applyTemplatePatch(spec.template, patch) },
  };
}

/**
 * Whether a Job of this CronJob has run what a roll is for, or more: it was made before a crash, after which some sources
 * may have changed again, or be gone.
 */
export function hasRun(
  { metadata, spec }: JobObject,
  cronJob: { readonly uid: string },
  { changes, template }: { readonly changes: readonly LeverChange[]; readonly template: TemplatePatch },
): boolean {
  if (!(metadata.ownerReferences ?? []).some(({ uid }) => uid === cronJob.uid)) return false;
  const annotations = spec.template.metadata?.annotations ?? {};
  const containers = spec.template.spec?.containers ?? [];
  const variable = (container: string, name: string): string | undefined =>
    containers.find((one) => one.name === container)?.env?.find((one) => one.name === name)?.value;
  return (
    Object.entries(template.metadata?.annotations ?? {}).every(([key, value]) =>
      says(annotations[key], value),
    ) &&
    (template.spec?.containers ?? []).every(({ name: container, env }) =>
      env.every(({ name, value }) => variable(container, name) === value),
    ) &&
    // A source that is gone leaves no trace in what is to be written.
    changes.every(
      ({ type, name, container, value }) =>
        value !== undefined || variable(container, leverName(type, name)) === undefined,
    )
  );
}

/** Whether two annotations are the same, or tell of one change: where its time is not known, each try tells its own. */
function says(there: string | undefined, planned: string): boolean {
  const told = parseReloadedFrom(planned);
  return there === planned || (told !== undefined && jsonEqual(parseReloadedFrom(there), told));
}

/** What the Job controller writes into the template: the next Job gets its own. */
const CONTROLLER_LABELS = [
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
];
/** Set by the API server where somebody deletes in the foreground or leaves dependents alone. */
const DELETION_FINALIZERS = ['foregroundDeletion', 'orphan'];

/** The Job that takes the place of `job`: the same name, our annotations, and the levers in its pod template. */
export function remadeJob(
  job: JobObject,
  annotations: Readonly<Record<string, string | null>>,
  patch: TemplatePatch,
): JobManifest {
  const { metadata, spec } = job;
  const { selector, template, ...rest } = spec;
  const own = {
    ...template,
    metadata: { ...template.metadata, labels: withoutController(template.metadata?.labels ?? {}) },
  };
  const finalizers = (metadata.finalizers ?? []).filter((one) => !DELETION_FINALIZERS.includes(one));
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace,
      labels: withoutController(metadata.labels ?? {}),
      annotations: mergeAnnotations(metadata.annotations, annotations),
      ...(metadata.ownerReferences === undefined ? {} : { ownerReferences: metadata.ownerReferences }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
    spec: {
      ...rest,
      // A selector of its own is the user's; the usual one names the uid of the Job that goes.
      ...(spec.manualSelector === true && selector !== undefined ? { selector } : {}),
      template: applyTemplatePatch(spec.manualSelector === true ? template : own, patch),
    },
  };
}

function withoutController(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !CONTROLLER_LABELS.includes(key)));
}
