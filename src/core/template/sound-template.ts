import type { Annotations } from '../api/annotations.ts';
import { withoutNull } from './custom-template.ts';
import type { PodTemplate } from '../api/pod-template.ts';
import { isRecord, isText, mappedList, mappedMembers } from '../api/shape.ts';

/** What a part is if it has its type, itself if all in it has; undefined if it has not. What stays as it is is not copied. */
type Part = (value: unknown) => unknown;

const text: Part = (value) => (isText(value) ? value : undefined);

const texts: Part = (value) => (isRecord(value) ? mappedMembers(value, text) : undefined);

/** An element that is not what it must be becomes an empty one, so that no index moves. */
const listOf =
  (part: Part): Part =>
  (value) =>
    Array.isArray(value) ? mappedList(value, (one) => part(one) ?? {}) : undefined;

/** Members that are not named stay as they are, but for what is null in them. */
const members =
  (parts: Readonly<Record<string, Part>>): Part =>
  (value) =>
    isRecord(value)
      ? mappedMembers(value, (one, key) => (Object.hasOwn(parts, key) ? parts[key]?.(one) : saying(one)))
      : undefined;

const saying: Part = (value) => (value === null ? undefined : withoutNull(value));

const named = members({ name: text });
const keyed = members({ name: text, key: text });
const items = listOf(members({ key: text }));
const containers = listOf(
  members({
    name: text,
    env: listOf(members({ name: text, valueFrom: members({ configMapKeyRef: keyed, secretKeyRef: keyed }) })),
    envFrom: listOf(members({ configMapRef: named, secretRef: named })),
    volumeMounts: listOf(named),
  }),
);
const configMap = members({ name: text, items });
const volumes = listOf(
  members({
    name: text,
    configMap,
    secret: members({ secretName: text, items }),
    csi: members({ volumeAttributes: members({ secretProviderClass: text }) }),
    projected: members({ sources: listOf(members({ configMap, secret: members({ name: text, items }) })) }),
  }),
);
/** Everything that {@link PodTemplate} names. */
const template = members({
  metadata: members({ annotations: texts }),
  spec: members({ containers, initContainers: containers, volumes }),
});

/**
 * A pod template of which every part that Restamp reads has its type. A custom resource brings what it likes there, and its
 * API server leaves that as it is: null says nothing, what has another type is as if it were not there, and the rest stays.
 */
export function soundTemplate(value: unknown): PodTemplate {
  return template(value) ?? {};
}

/** The same for the annotations of one. */
export function soundAnnotations(value: unknown): Annotations | undefined {
  return texts(value) as Annotations | undefined;
}
