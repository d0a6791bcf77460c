import t from 'tap';
import { RELOADER_KEYS as KEYS } from '../../../../src/core/api/annotations.ts';
import { decide, isOptedIn, readMarks, readOptIn, type Reason } from '../../../../src/core/opt-in/opt-in.ts';
import type { SourceType } from '../../../../src/core/api/source.ts';

const AUTO = 'reloader.stakater.com/auto';
const CM_AUTO = 'configmap.reloader.stakater.com/auto';
const SECRET_AUTO = 'secret.reloader.stakater.com/auto';
const CM_RELOAD = 'configmap.reloader.stakater.com/reload';
const SECRET_RELOAD = 'secret.reloader.stakater.com/reload';
const SEARCH = 'reloader.stakater.com/search';
const CM_EXCLUDE = 'configmaps.exclude.reloader.stakater.com/reload';
const SECRET_EXCLUDE = 'secrets.exclude.reloader.stakater.com/reload';

type Case = {
  readonly meta?: Readonly<Record<string, string>>;
  readonly template?: Readonly<Record<string, string>>;
  readonly type?: SourceType;
  readonly unreferenced?: boolean;
  readonly ignore?: boolean;
  readonly match?: boolean;
  readonly all?: boolean;
};

/** The reason for the source `app`. */
function reasonFor({ meta, template, type = 'cm', ...rest }: Case): Reason {
  const optIn = readOptIn(type, meta, template, KEYS);
  const marks = { ignore: rest.ignore ?? false, match: rest.match ?? false };
  const candidate = { name: 'app', marks, referenced: rest.unreferenced !== true };
  const decision = decide(optIn, candidate, rest.all ?? false);
  const rolling: readonly Reason[] = ['listed', 'search', 'auto', 'auto-all'];
  if (decision.rolls !== rolling.includes(decision.reason)) throw new Error(JSON.stringify(decision));
  return decision.reason;
}

const table = (name: string, rows: readonly (readonly [Reason, Case])[]): void => {
  t.test(name, async (t) => {
    for (const [reason, row] of rows) t.equal(reasonFor(row), reason, JSON.stringify(row));
  });
};

table('decide rolls nothing for a workload that asks for nothing', [
  ['not-opted-in', {}],
  ['not-opted-in', { meta: {} }],
  ['not-opted-in', { meta: { 'reloader.stakater.com/other': 'true' } }],
  ['not-opted-in', { match: true }],
]);

table('decide lets ignore on the source beat everything', [
  ['ignored', { meta: { [CM_RELOAD]: 'app' }, ignore: true }],
  ['ignored', { meta: { [AUTO]: 'true', [CM_EXCLUDE]: 'app' }, ignore: true }],
  ['ignored', { meta: { [SEARCH]: 'true' }, match: true, ignore: true }],
  ['ignored', { all: true, ignore: true }],
]);

table('decide lets the exclude list beat a list that names the same source', [
  ['excluded', { meta: { [CM_RELOAD]: 'app', [CM_EXCLUDE]: 'app' } }],
  ['excluded', { meta: { [AUTO]: 'true', [CM_EXCLUDE]: 'x, app ,y' } }],
  ['excluded', { all: true, meta: { [CM_EXCLUDE]: 'app' } }],
  ['excluded', { meta: { [CM_EXCLUDE]: 'app' }, template: { [AUTO]: 'true' } }],
]);

table('decide reads exclude lists as exact names, of the one type, on the workload, else on its template', [
  ['auto', { meta: { [AUTO]: 'true', [CM_EXCLUDE]: 'ap.|.*' } }],
  ['auto', { meta: { [AUTO]: 'true', [SECRET_EXCLUDE]: 'app' } }],
  ['excluded', { meta: { [AUTO]: 'true', [SECRET_EXCLUDE]: 'app' }, type: 'secret' }],
  ['excluded', { template: { [AUTO]: 'true', [CM_EXCLUDE]: 'app' } }],
  ['auto', { meta: { [AUTO]: 'true', [CM_EXCLUDE]: '' } }],
]);

table('decide rolls what a list names, used or not', [
  ['listed', { meta: { [CM_RELOAD]: 'app' } }],
  ['listed', { meta: { [CM_RELOAD]: 'x,a.p' }, unreferenced: true }],
  ['listed', { meta: { [SECRET_RELOAD]: 'app' }, type: 'secret', unreferenced: true }],
  ['not-opted-in', { meta: { [SECRET_RELOAD]: 'app' } }],
  ['not-opted-in', { meta: { [CM_RELOAD]: 'other' } }],
  ['not-opted-in', { meta: { [CM_RELOAD]: '' } }],
  ['listed', { meta: { [CM_RELOAD]: 'app', [AUTO]: 'false' } }],
]);

table('decide rolls auto only for what the template uses', [
  ['auto', { meta: { [AUTO]: 'true' } }],
  ['unreferenced', { meta: { [AUTO]: 'true' }, unreferenced: true }],
  ['unreferenced', { meta: { [SEARCH]: 'true' }, match: true, unreferenced: true }],
  ['unreferenced', { all: true, unreferenced: true }],
  ['auto', { meta: { [CM_AUTO]: 'true' } }],
  ['not-opted-in', { meta: { [CM_AUTO]: 'true' }, type: 'secret' }],
  ['auto', { meta: { [SECRET_AUTO]: 'true' }, type: 'secret' }],
]);

table('decide reads auto as Go reads a bool', [
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => ['auto', { meta: { [AUTO]: text } }] as const),
  ...['0', 'f', 'false', 'yes', 'tRUE', ' true', 'enabled', ''].map(
    (text) => ['not-opted-in', { meta: { [AUTO]: text } }] as const,
  ),
]);

table('decide needs both halves of search and match, each exactly true', [
  ['search', { meta: { [SEARCH]: 'true' }, match: true }],
  ['unmatched', { meta: { [SEARCH]: 'true' } }],
  ['not-opted-in', { meta: { [SEARCH]: 'True' }, match: true }],
  ['not-opted-in', { meta: { [SEARCH]: '1' }, match: true }],
  ['not-opted-in', { match: true }],
]);

table('decide takes search and auto together as either', [
  ['auto', { meta: { [SEARCH]: 'true', [AUTO]: 'true' } }],
  ['search', { meta: { [SEARCH]: 'true', [AUTO]: 'true' }, match: true }],
  ['auto-all', { meta: { [SEARCH]: 'true' }, all: true }],
]);

table('decide holds the consequences that Reloader’s order has', [
  ['not-opted-in', { meta: { [AUTO]: 'false' }, all: true }],
  ['not-opted-in', { meta: { [AUTO]: 'false', [SECRET_AUTO]: 'true' }, all: true }],
  ['auto', { meta: { [AUTO]: 'false', [SECRET_AUTO]: 'true' }, type: 'secret' }],
  ['auto', { meta: { [AUTO]: 'true', [SECRET_AUTO]: 'false' }, type: 'secret' }],
  ['not-opted-in', { meta: { [CM_AUTO]: 'false' }, all: true }],
  ['auto-all', { meta: { [CM_AUTO]: 'false' }, all: true, type: 'secret' }],
  ['auto-all', { meta: { [CM_RELOAD]: 'other' }, all: true }],
  ['auto-all', { meta: { [AUTO]: '' }, all: true }],
  ['not-opted-in', { meta: { [AUTO]: 'garbage' }, all: true }],
]);

table('decide takes all four annotations from one place: the workload if it has any, else the template', [
  ['auto', { template: { [AUTO]: 'true' } }],
  ['listed', { template: { [CM_RELOAD]: 'app' }, unreferenced: true }],
  ['search', { template: { [SEARCH]: 'true' }, match: true }],
  ['not-opted-in', { meta: { [AUTO]: 'false' }, template: { [CM_RELOAD]: 'app' } }],
  ['not-opted-in', { meta: { [SEARCH]: '' }, template: { [AUTO]: 'true' } }],
  ['not-opted-in', { meta: { [CM_RELOAD]: '' }, template: { [AUTO]: 'true' } }],
  ['not-opted-in', { meta: { [CM_AUTO]: '' }, template: { [AUTO]: 'true' } }],
  // The choice is made for each type by itself.
  ['auto', { meta: { [SECRET_RELOAD]: 'db' }, template: { [AUTO]: 'true' } }],
  ['listed', { meta: { [CM_RELOAD]: 'x' }, template: { [SECRET_RELOAD]: 'app' }, type: 'secret' }],
  ['not-opted-in', { template: { [AUTO]: 'false' }, all: true }],
]);

t.test('readMarks counts exactly true', async (t) => {
  const marks = (ignore: string, match: string) =>
    readMarks({ [KEYS.ignore]: ignore, [KEYS.match]: match }, KEYS);
  t.same(marks('true', 'true'), { ignore: true, match: true });
  for (const text of ['True', '1', ' true', 'false', ''])
    t.same(marks(text, text), { ignore: false, match: false }, text);
  t.same(marks('true', ''), { ignore: true, match: false });
  t.same(readMarks(undefined, KEYS), { ignore: false, match: false });
});

t.test('isOptedIn is false only where no source could ever roll', async (t) => {
  const optedIn = (meta: Record<string, string>, all = false) =>
    isOptedIn(readOptIn('cm', meta, {}, KEYS), all);
  t.notOk(optedIn({}));
  t.notOk(optedIn({ [AUTO]: 'false' }, true));
  t.notOk(optedIn({ [SECRET_AUTO]: 'true' }));
  for (const meta of [{ [AUTO]: 'true' }, { [CM_AUTO]: 'T' }, { [SEARCH]: 'true' }, { [CM_RELOAD]: '' }])
    t.ok(optedIn(meta), JSON.stringify(meta));
  t.ok(optedIn({}, true));
  t.ok(optedIn({ [AUTO]: 'false', [CM_RELOAD]: 'app' }));
});

t.test('readOptIn sees no annotation in what every object inherits', async (t) => {
  const keys = { ...KEYS, auto: 'constructor', search: '__proto__' };
  t.notOk(isOptedIn(readOptIn('cm', {}, {}, keys), false));
  t.ok(
    isOptedIn(readOptIn('cm', JSON.parse('{"__proto__":"true"}') as Record<string, string>, {}, keys), false),
  );
});
