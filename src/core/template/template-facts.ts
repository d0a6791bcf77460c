import { annotation, type Annotations, LAST_RELOADED_FROM, STAMP } from '../api/annotations.ts';
import { digestTemplate } from './template-digest.ts';
import { asControllerReads } from './custom-template.ts';
import type { KindRow } from '../api/kind.ts';
import { isLeverName, type Lever } from './lever.ts';
import type { PodTemplate } from '../api/pod-template.ts';
import { findReferences, type References } from './source-references.ts';
import { soundAnnotations, soundTemplate } from './sound-template.ts';
import { valueAt } from '../api/value-at.ts';

/** What Restamp keeps of a pod template: only what its rules read. */
export type TemplateFacts = References & {
  /** Where the lever goes for a source that the template does not use. */
  readonly firstContainer: string | undefined;
  readonly levers: readonly Lever[];
  /** Containers that list one variable more than once: which one counts where depends on their order. */
  readonly twins: readonly string[];
  /** The template's `restamp.dev/stamp`. */
  readonly templateStamp: string | undefined;
  /** A digest of the template without levers. */
  readonly bare: string;
  /** A digest of all of it: the facts of a template are those of every equal one. */
  readonly whole: string;
};

/** The pod template of an API object; an empty one if there is none. The API server vouches for that of its own kinds. */
export function templateOf(row: KindRow, object: unknown): PodTemplate {
  const template = valueAt(object, row.template);
  return row.merges ? (template ?? {}) : soundTemplate(template);
}

/** The same of its annotations alone, which may ask for everything that is read of a workload. */
export function templateAnnotationsOf(row: KindRow, object: unknown): Annotations | undefined {
  const annotations = valueAt(object, [...row.template, 'metadata', 'annotations']);
  return row.merges ? (annotations as Annotations | undefined) : soundAnnotations(annotations);
}

/**
 * Reads the pod template of an API object, unless it is that of `known`: most writes of a workload are of its status, and
 * a template can be large.
 */
export function readTemplate(row: KindRow, object: unknown, known: TemplateFacts | undefined): TemplateFacts {
  const template = templateOf(row, object);
  const digests = digestTemplate(template);
  if (known?.whole === digests.whole) return factsOf(known);
  const read = row.merges ? template : asControllerReads(template);
  return factsOf({
    ...findReferences(template),
    firstContainer: template.spec?.containers?.[0]?.name,
    levers: findLevers(template),
    twins: findTwins(template),
    templateStamp: annotation(template.metadata?.annotations, STAMP),
    bare: read === template ? digests.bare : digestTemplate(read).bare,
    whole: digests.whole,
  });
}

/** The facts alone, of what may be a whole workload. */
function factsOf(known: TemplateFacts): TemplateFacts {
  const { references, beyond, firstContainer, levers, twins, templateStamp, bare, whole } = known;
  return { references, beyond, firstContainer, levers, twins, templateStamp, bare, whole };
}

function findLevers(template: PodTemplate): Lever[] {
  const text = annotation(template.metadata?.annotations, LAST_RELOADED_FROM);
  const marks =
    text === undefined ? [] : [{ container: '', name: LAST_RELOADED_FROM, value: text, dynamic: false }];
  const variables = (template.spec?.containers ?? []).flatMap((container) =>
    (container.env ?? [])
      .filter((variable) => isLeverName(variable.name ?? ''))
      .map((variable) => ({
        container: container.name ?? '',
        name: variable.name ?? '',
        value: variable.value,
        dynamic: variable.valueFrom !== undefined,
      })),
  );
  return [...variables, ...marks];
}

function findTwins(template: PodTemplate): string[] {
  return (template.spec?.containers ?? []).flatMap(({ name = '', env = [] }) =>
    new Set(env.map((variable) => variable.name)).size < env.length ? [name] : [],
  );
}
