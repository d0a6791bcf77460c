import { annotation, parseBool, type Annotations, type ReloaderKeys } from '../api/annotations.ts';
import { listMatches, readNameList, type NameList } from '../api/name-list.ts';
import type { SourceType } from '../api/source.ts';

/** What a workload's annotations ask for, for one type of source. */
export type OptIn = {
  /** The `…/reload` list, if there is one. */
  readonly list: NameList | undefined;
  /** `auto` or the typed auto is true. */
  readonly auto: boolean;
  /** Neither `auto` nor the typed auto says anything, so that --auto-reload-all decides. */
  readonly silent: boolean;
  readonly search: boolean;
  readonly excluded: ReadonlySet<string>;
};

/** The opt-in of a workload that asks for nothing, and never does. */
export const NOT_OPTED_IN: OptIn = {
  list: undefined,
  auto: false,
  silent: false,
  search: false,
  excluded: new Set(),
};

/** Why a change of a source rolls a workload, or why not. Each word is also what `explain` and the logs say. */
export type Reason =
  | 'listed' // named in the workload's …/reload list
  | 'search' // search on the workload, match on the source
  | 'auto' // auto or typed auto on the workload
  | 'auto-all' // --auto-reload-all
  | 'ignored' // the source says ignore
  | 'excluded' // the workload's exclude list names it
  | 'unmatched' // search on the workload, but no match on the source
  | 'unreferenced' // opted in, but the pod template does not use the source
  | 'not-opted-in';

export type Decision = { readonly rolls: boolean; readonly reason: Reason };

/** The marks on a source that decide. */
export type SourceMarks = { readonly ignore: boolean; readonly match: boolean };

/** Reads a workload's opt-in for one type of source: the choice of reloader.md 2.4, step 3. */
export function readOptIn(
  type: SourceType,
  metadata: Annotations | undefined,
  template: Annotations | undefined,
  keys: ReloaderKeys,
): OptIn {
  const deciding = [keys.reload[type], keys.auto, keys.typedAuto[type], keys.search];
  const from = deciding.some((key) => annotation(metadata, key) !== undefined) ? metadata : template;
  const list = annotation(from, keys.reload[type]);
  const autos = [annotation(from, keys.auto), annotation(from, keys.typedAuto[type])];
  return {
    list: list === undefined ? undefined : readNameList(list),
    auto: autos.some(parseBool),
    silent: autos.every((value) => value === undefined || value === ''),
    search: annotation(from, keys.search) === 'true',
    excluded: new Set(
      names(annotation(metadata, keys.exclude[type]) ?? annotation(template, keys.exclude[type])),
    ),
  };
}

/** The exact names of an exclude list, which Reloader reads on the workload alone and charts also put on the template. */
function names(list = ''): string[] {
  return list.split(',').map((name) => name.trim());
}

/** Whether an opt-in asks for anything at all; if not, the workload needs no place in the index. */
export function isOptedIn(optIn: OptIn, autoReloadAll: boolean): boolean {
  return optIn.list !== undefined || optIn.auto || optIn.search || (autoReloadAll && optIn.silent);
}

/** Reads the marks on a source: exactly `true` counts (reloader.md 2.2). */
export function readMarks(annotations: Annotations | undefined, keys: ReloaderKeys): SourceMarks {
  return {
    ignore: annotation(annotations, keys.ignore) === 'true',
    match: annotation(annotations, keys.match) === 'true',
  };
}

export type Candidate = { readonly name: string; readonly marks: SourceMarks; readonly referenced: boolean };

/** Whether a change of this source rolls this workload: the order of reloader.md 2.4, steps 2 and 4 to 9. */
export function decide(optIn: OptIn, candidate: Candidate, autoReloadAll: boolean): Decision {
  if (candidate.marks.ignore) return no('ignored');
  if (optIn.excluded.has(candidate.name)) return no('excluded');
  if (optIn.list !== undefined && listMatches(optIn.list, candidate.name)) return yes('listed');
  const all = autoReloadAll && optIn.silent;
  if (!optIn.auto && !optIn.search && !all) return no('not-opted-in');
  if (!candidate.referenced) return no('unreferenced');
  if (optIn.search && candidate.marks.match) return yes('search');
  if (optIn.auto) return yes('auto');
  return all ? yes('auto-all') : no('unmatched');
}

function yes(reason: Reason): Decision {
  return { rolls: true, reason };
}

function no(reason: Reason): Decision {
  return { rolls: false, reason };
}
