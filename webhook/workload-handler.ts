import {
  annotationPatch,
  keptOurs,
  putBack,
  restamp,
  startsPods,
  type FreshSource,
  type Write,
} from '../src/core/stamps/restamp.ts';
import { annotation, STAMPS, type Annotations } from '../src/core/api/annotations.ts';
import { fitMap, type Dependency } from '../src/core/stamps/dependency.ts';
import type { KindRow, Kinds } from '../src/core/api/kind.ts';
import { leverNames } from '../src/core/stamps/lever-values.ts';
import type { StampMap } from '../src/core/stamps/stamp-map.ts';
import {
  isForeignOwned,
  isSettled,
  reduceWorkload,
  workloadTitle,
  type Workload,
  type WorkloadObject,
  type WorkloadSettings,
} from '../src/core/objects/workload.ts';
import { templateOf } from '../src/core/template/template-facts.ts';
import { valueAt } from '../src/core/api/value-at.ts';
import { RestampError } from '../src/errors.ts';
import type { ReviewAnswer, ReviewRequest } from './request/admission-review.ts';

export type WorkloadRouteParts = {
  readonly settings: WorkloadSettings;
  readonly keyId: string;
  /** Whether writes in a namespace are reviewed at all. */
  readonly inScope: (namespace: string) => boolean;
  /** The map that counts for a workload before this write: the stored one, or the one that is remembered. */
  readonly mapBefore: (workload: Workload) => StampMap | undefined;
  /** Whether pods of this template may run, of a rollout that has not ended. */
  readonly mayRun: (workload: Workload) => boolean;
  readonly dependencies: (workload: Workload, map: StampMap | undefined) => ReadonlyMap<string, Dependency>;
  /** The sources as they are stored now, by stamp key; undefined for one that could not be read in time. */
  readonly readSources: (
    workload: Workload,
    dependencies: ReadonlyMap<string, Dependency>,
    map: StampMap | undefined,
  ) => Promise<ReadonlyMap<string, FreshSource>>;
  /** Whether all sources are known, and all that may speak for a workload; always, if not given. */
  readonly knowsAll?: () => boolean;
  /** The dependencies of the workload that is stored under this name and uid of which its template tells a hash. */
  readonly bearing: (workload: Workload) => ReadonlySet<string>;
  /** Who wrote a workload: the field manager, else the user. */
  readonly seen: (workload: Workload, writer: string) => void;
  readonly audit: (fields: Readonly<Record<string, unknown>>, message: string) => void;
};

/**
 * Answers a review of a workload (DESIGN 3.7): a write that starts new pods gets a map, and levers, that say what
 * these pods will read, so that a release is one rollout; a write that only lacks our levers gets them back.
 */
export function createWorkloadRoute(
  parts: WorkloadRouteParts,
): (request: ReviewRequest) => Promise<ReviewAnswer> {
  return async (request) => {
    const { kinds } = parts.settings;
    const row = rowOf(request, kinds);
    const before = request.operation === 'UPDATE' ? (request.oldObject as WorkloadObject) : undefined;
    const after = request.object as WorkloadObject;
    if (!parts.inScope(after.metadata.namespace ?? '')) return {};
    // What the writer sends in our annotations does not count, so the old ones decide what it is.
    const workload = reduceWorkload(row, withOldMap(after, before?.metadata.annotations), parts.settings);
    const { map, dependencies } = knownOf(parts, workload);
    const levers = leverNames(dependencies.keys(), map);
    const write = writeOf(row, { before, after, levers, foreignOwner: isForeignOwned(after, kinds) });
    // A name that the API server is still to make cannot be written into a map: the first pass writes it.
    if (workload?.name === undefined) return { patch: putBack(write).patch };
    if (!request.dryRun && before !== undefined)
      parts.seen(workload, request.fieldManager ?? request.userInfo.username);
    if (!startsPods(write)) {
      const { patch, restored } = putBack(write);
      if (!restored) return { patch };
      const title = workloadTitle(workload);
      parts.audit(auditFields(request, workload), `The levers of ${title} were put back`);
      return {
        patch,
        warnings: [`${title} keeps the rollout that its sources caused: they are not rolled back`],
      };
    }
    if (dependencies.size === 0) return { patch: putBack(write).patch };
    const sources = await parts.readSources(workload, dependencies, map);
    const knowsAll = knowsEverything(parts);
    const settled = before === undefined || isSettled(row, before);
    const bearing = parts.bearing(workload);
    const made = restamp(write, {
      dependencies,
      map,
      keyId: parts.keyId,
      settled,
      returns: !settled && parts.mayRun(workload),
      keepOthers: !knowsAll,
      sources: (key) => {
        const source = sources.get(key);
        // A hash is given to whom the API server has stored with one already. Who only says that there is such a workload,
        // or that it bears a lever, would learn the hash of any Secret; what a lever says at first, its writer may say.
        return source === undefined || bearing.has(key) ? source : { ...source, lever: undefined };
      },
    });
    const fitted = fitMap(workload, made.map);
    if (fitted === undefined) return { patch: putBack(write).patch };
    // A first map with a gap would hide what changes there before it is read: the watch makes a whole one.
    if (map === undefined && isPartial(dependencies, made.map, knowsAll))
      return { patch: [...putBack(write).patch, ...made.levers] };
    const ours = keptOurs(write, fitted.text);
    const patch = [...annotationPatch(after.metadata.annotations, ours), ...made.levers];
    parts.audit(
      { ...auditFields(request, workload), sources: [...made.map.s.keys()], levers: made.levers.length },
      `${workloadTitle(workload)} was stamped as it was written`,
    );
    return { patch };
  };
}

/** What counts for a workload before this write; nothing for one that is of no concern, or has no name yet. */
function knownOf(parts: WorkloadRouteParts, workload: Workload | undefined) {
  if (workload?.name === undefined) return { map: undefined, dependencies: new Map<string, Dependency>() };
  const map = parts.mapBefore(workload);
  return { map, dependencies: parts.dependencies(workload, map) };
}

function knowsEverything({ knowsAll }: WorkloadRouteParts): boolean {
  return knowsAll?.() ?? true;
}

/** Whether a map lacks a source that can be read; what pods mount of a SecretProviderClass is known only later. */
function isPartial(
  dependencies: ReadonlyMap<string, Dependency>,
  { s }: StampMap,
  knowsAll: boolean,
): boolean {
  return !knowsAll || [...dependencies].some(([key, { type }]) => type !== 'spc' && !s.has(key));
}

type Objects = { readonly before: WorkloadObject | undefined; readonly after: WorkloadObject };

function rowOf({ resource }: ReviewRequest, kinds: Kinds): KindRow {
  const row = kinds.ofResource(resource);
  if (row === undefined)
    throw new RestampError(
      'RESTAMP_ADMISSION_RESOURCE',
      `${resource.group}/${resource.resource}`.slice(0, 200),
    );
  return row;
}

function writeOf(
  row: KindRow,
  { before, after, levers, foreignOwner }: Objects & Pick<Write, 'levers' | 'foreignOwner'>,
): Write {
  return {
    before:
      before === undefined
        ? undefined
        : {
            annotations: before.metadata.annotations,
            template: templateOf(row, before),
            stored: valueAt(before, row.template),
          },
    after: { annotations: after.metadata.annotations, template: templateOf(row, after) },
    templatePath: `/${row.template.join('/')}`,
    foreignOwner,
    levers,
    custom: !row.merges,
    startsPodsOnChange: row.roll === 'template',
  };
}

/** The object as if the writer had left the map alone. */
function withOldMap(object: WorkloadObject, old: Annotations | undefined): WorkloadObject {
  const others = Object.entries(object.metadata.annotations ?? {}).filter(([key]) => key !== STAMPS);
  const stamps = annotation(old, STAMPS);
  const annotations = Object.fromEntries(stamps === undefined ? others : [...others, [STAMPS, stamps]]);
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function auditFields(
  { userInfo, fieldManager, operation, dryRun, uid }: ReviewRequest,
  workload: Workload,
): Record<string, unknown> {
  const { kind, namespace, name } = workload;
  return {
    audit: 'restamp',
    user: userInfo.username,
    manager: fieldManager ?? '',
    operation,
    dryRun,
    requestUid: uid,
    kind,
    namespace,
    name,
  };
}
