import { keyedDigest } from '../src/core/objects/digest.ts';
import type { ReloaderKeys } from '../src/core/api/annotations.ts';
import { readMarks, type SourceMarks } from '../src/core/opt-in/opt-in.ts';
import { selects, type Selector } from '../src/core/api/label-selector.ts';
import type { Current } from '../src/core/stamps/plan.ts';
import {
  isLegalName,
  SOURCE_ROWS,
  sourceKey,
  sourceTitle,
  stampKey,
  type SourceRef,
  type SourceType,
} from '../src/core/api/source.ts';
import { diffKeys, diffNames, sourceData, type KeyDiff } from '../src/core/objects/source-data.ts';
import { reduceSource, type SourceObject } from '../src/core/objects/source-metadata.ts';
import { removedKeyWarnings, rollWarning } from '../src/core/stamps/warning.ts';
import { workloadTitle, type Workload } from '../src/core/objects/workload.ts';
import { RestampError } from '../src/errors.ts';
import type { KeyRing } from '../src/state/digested-source.ts';
import type { Sighting } from '../src/attribution/sightings.ts';
import { boundSighting } from './request/review-bounds.ts';
import type { ReviewAnswer, ReviewRequest } from './request/admission-review.ts';

export type SourceRouteParts = {
  readonly ring: KeyRing;
  readonly keys: ReloaderKeys;
  /** Whether writes in a namespace are reviewed at all. */
  readonly inScope: (namespace: string) => boolean;
  /** What has not these labels rolls nothing. */
  readonly selector: Selector;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The workloads that would roll if the source became this. */
  readonly preview: (ref: SourceRef, next: Current, marks: SourceMarks | undefined) => readonly Workload[];
  /** Whether anything may depend on the source; if not, its data is not even digested. */
  readonly matters: (ref: SourceRef) => boolean;
  readonly sight: (sighting: Sighting) => void;
  readonly audit: (fields: Readonly<Record<string, unknown>>, message: string) => void;
};

/** Writers that are parts of the cluster: nobody reads their warnings. */
const SYSTEM_WRITER = /^system:(kube-|serviceaccount:kube-system:|node:|apiserver)/;
/** An audit line names so many; `rolls` counts them all. */
const MAX_NAMED = 50;

/**
 * Answers a review of a ConfigMap or Secret from memory: who would roll, which needed key goes, who writes.
 * No API call and no await, so it adds nothing to the write but the trip (DESIGN 3.1).
 */
export function createSourceRoute(parts: SourceRouteParts): (request: ReviewRequest) => ReviewAnswer {
  return (request) => {
    const type = typeOf(request);
    const object = (request.operation === 'DELETE' ? request.oldObject : request.object) as SourceObject;
    const meta = reduceSource(type, object, parts.keys);
    const ref: SourceRef = { type, namespace: meta.namespace || request.namespace, name: meta.name };
    const before = sourceData(type, request.operation === 'CREATE' ? undefined : request.oldObject);
    const after = sourceData(type, request.operation === 'DELETE' ? undefined : request.object);
    const diff = diffKeys(before, after);
    // A name that the API server is still to make is nobody's.
    const isKnown = isNamed(ref) && parts.inScope(ref.namespace);
    if (!isKnown || !parts.matters(ref)) return auditAnswer(diff, 0);

    const key = sourceKey(ref);
    const digest = (keyId: string, selection: readonly string[] | undefined): string => {
      const hmacKey = parts.ring.keys.get(keyId);
      return hmacKey === undefined ? '' : keyedDigest({ key: hmacKey, source: key }, after, selection);
    };
    const current = digest(parts.ring.current, undefined);
    const next: Current =
      request.operation === 'DELETE'
        ? { state: 'missing' }
        : !selects(parts.selector, object.metadata.labels)
          ? { state: 'missing', filtered: true }
          : {
              state: 'present',
              uid: meta.uid,
              resourceVersion: meta.resourceVersion,
              created: meta.created,
              dataTime: meta.dataTime,
              // Every dependent asks for the same one as a rule; a large Secret takes milliseconds to digest.
              digest: (id, selection) =>
                id === parts.ring.current && selection === undefined ? current : digest(id, selection),
            };
    const marks =
      request.operation === 'DELETE' ? undefined : readMarks(object.metadata.annotations, parts.keys);
    const rolls = parts.preview(ref, next, marks);
    const sighting = boundSighting({
      ...ref,
      uid: meta.uid,
      digest: request.operation === 'DELETE' ? undefined : current,
      baseVersion: versionOf(request.oldObject),
      keys: diffNames(diff),
      user: request.userInfo.username,
      groups: request.userInfo.groups,
      manager: request.fieldManager,
      operation: request.operation,
      requestUid: request.uid,
      at: parts.now(),
    });
    if (!request.dryRun) parts.sight(sighting);
    audit(parts, request, sighting, rolls);
    return { ...auditAnswer(diff, rolls.length), warnings: warningsFor(request, ref, diff, rolls) };
  };
}

function isNamed({ name }: { readonly name: string | undefined }): boolean {
  return name !== undefined && isLegalName(name);
}

function typeOf({ resource }: ReviewRequest): SourceType {
  const row = SOURCE_ROWS.find(
    (candidate) => resource.group === '' && candidate.resource === resource.resource,
  );
  if (row === undefined)
    throw new RestampError(
      'RESTAMP_ADMISSION_RESOURCE',
      `${resource.group}/${resource.resource}`.slice(0, 200),
    );
  return row.type;
}

function versionOf(oldObject: unknown): string | undefined {
  return (oldObject as SourceObject | null | undefined)?.metadata.resourceVersion;
}

function warningsFor(
  request: ReviewRequest,
  ref: SourceRef,
  diff: KeyDiff,
  rolls: readonly Workload[],
): string[] {
  if (SYSTEM_WRITER.test(request.userInfo.username)) return [];
  const needing = rolls.map((workload) => ({
    ...workload,
    needs: workload.references.get(stampKey(ref))?.needs ?? [],
  }));
  const roll = rollWarning(ref, rolls);
  return [...(roll === undefined ? [] : [roll]), ...removedKeyWarnings(ref, diff.removed, needing)];
}

/** Stable over the tries of one write: the API server keeps the first value and logs every other one. */
function auditAnswer(diff: KeyDiff, rolls: number): ReviewAnswer {
  return {
    auditAnnotations: { rolls: String(rolls), 'changed-keys': diffNames(diff).slice(0, 20).join(',') },
  };
}

function audit(
  parts: SourceRouteParts,
  request: ReviewRequest,
  sighting: Sighting,
  rolls: readonly Workload[],
): void {
  const { user, groups, manager, operation, requestUid, namespace, keys, more } = sighting;
  const workloads = rolls.slice(0, MAX_NAMED).map(workloadTitle);
  parts.audit(
    {
      audit: 'admission',
      user,
      groups,
      manager: manager ?? '',
      operation,
      source: sourceTitle(sighting),
      namespace,
      keys,
      ...(more === undefined ? {} : { more }),
      dryRun: request.dryRun,
      requestUid,
      rolls: rolls.length,
      workloads,
    },
    `${user} sent ${operation} of ${sourceTitle(sighting)} in namespace '${namespace}'`,
  );
}
