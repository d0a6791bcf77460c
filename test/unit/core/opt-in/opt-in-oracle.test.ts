import fc from 'fast-check';
import t from 'tap';
import { RELOADER_KEYS, type ReloaderKeys } from '../../../../src/core/api/annotations.ts';
import { listMatches, parseNameList } from '../../../../src/core/api/name-list.ts';
import { decide, isOptedIn, readMarks, readOptIn } from '../../../../src/core/opt-in/opt-in.ts';
import type { SourceType } from '../../../../src/core/api/source.ts';
import { list, nameOfSource, type List } from '../../../support/models/go-patterns.ts';

type Texts = Readonly<Record<string, string>>;
/** Annotations under Reloader's own names; `reloads` has the list that stands under …/reload, as a list. */
type Bearer = { readonly texts: Texts; readonly reloads: List | undefined };
type Situation = {
  readonly meta: Bearer;
  readonly template: Bearer;
  readonly source: Texts;
  readonly type: SourceType;
  readonly name: string;
  readonly referenced: boolean;
  readonly all: boolean;
  /** Flags may give each of Reloader's keys another name. */
  readonly renamed: boolean;
};

const WORDS = { cm: 'configmap', secret: 'secret', spc: 'secretproviderclass' } as const;
const PLURALS = { cm: 'configmaps', secret: 'secrets', spc: 'secretproviderclasses' } as const;

/** What Go's ParseBool takes for true. */
const YES = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

function byAuto(auto = '', typed = '', all: boolean): boolean {
  return YES.has(auto) || YES.has(typed) || (all && auto === '' && typed === '');
}

/** The steps of the published procedure, one after the other. */
function oracle({ meta, template, source, type, name, referenced, all }: Situation): boolean {
  const word = WORDS[type];
  if (source['reloader.stakater.com/ignore'] === 'true') return false;
  const deciding = [
    'reloader.stakater.com/auto',
    `${word}.reloader.stakater.com/auto`,
    'reloader.stakater.com/search',
  ];
  let chosen = template;
  if (meta.reloads !== undefined || deciding.some((key) => key in meta.texts)) chosen = meta;
  // Reloader reads the exclude list of the workload alone; charts also write it on the template.
  const excluded = `${PLURALS[type]}.exclude.reloader.stakater.com/reload`;
  const exclude = meta.texts[excluded] ?? template.texts[excluded] ?? '';
  for (const part of exclude.split(',')) if (part.trim() === name) return false;
  if (chosen.reloads?.matches(name) === true) return true;
  if (!referenced) return false;
  const [auto, typed, search] = deciding.map((key) => chosen.texts[key]);
  if (search === 'true' && source['reloader.stakater.com/match'] === 'true') return true;
  return byAuto(auto, typed, all);
}

const RENAMED: ReloaderKeys = {
  ...RELOADER_KEYS,
  auto: 'example.org/auto',
  typedAuto: { ...RELOADER_KEYS.typedAuto, cm: 'example.org/cm-auto', secret: 'example.org/secret-auto' },
  reload: { ...RELOADER_KEYS.reload, cm: 'example.org/cm', secret: 'example.org/secret' },
  search: 'example.org/search',
  match: 'example.org/match',
  ignore: 'example.org/ignore',
};
/** Reloader's name of a key to its name under the flags; the exclude lists and those of CSI have no flag. */
const NEW_NAMES = new Map([
  ['reloader.stakater.com/auto', RENAMED.auto],
  ['configmap.reloader.stakater.com/auto', RENAMED.typedAuto.cm],
  ['secret.reloader.stakater.com/auto', RENAMED.typedAuto.secret],
  ['configmap.reloader.stakater.com/reload', RENAMED.reload.cm],
  ['secret.reloader.stakater.com/reload', RENAMED.reload.secret],
  ['reloader.stakater.com/search', RENAMED.search],
  ['reloader.stakater.com/match', RENAMED.match],
  ['reloader.stakater.com/ignore', RENAMED.ignore],
]);

/** What stands on the object; under other names, Reloader's own ones stand there too and mean nothing. */
function written(texts: Texts, renamed: boolean): Texts {
  if (!renamed) return texts;
  const ours = Object.entries(texts).map(([key, value]) => [NEW_NAMES.get(key) ?? key, value]);
  const noise = [...NEW_NAMES.keys()].map((key) => [key, 'true']);
  return Object.fromEntries([...noise, ...ours]) as Texts;
}

/** The situation as the product sees it. */
function seen({ meta, template, source, type, renamed }: Situation) {
  const keys = renamed ? RENAMED : RELOADER_KEYS;
  const reload = `${WORDS[type]}.reloader.stakater.com/reload`;
  const [onMeta, onTemplate] = [meta, template].map(({ texts, reloads }) =>
    written(reloads === undefined ? texts : { ...texts, [reload]: reloads.text }, renamed),
  );
  return {
    optIn: readOptIn(type, onMeta, onTemplate, keys),
    marks: readMarks(written(source, renamed), keys),
  };
}

const bools = fc.constantFrom('true', 'false', '1', 'T', '', 'True', 'yes', ' true');
const excludes = fc
  .array(fc.constantFrom('app', ' app ', 'db', '.*', '', 'app-2'), { maxLength: 3 })
  .map((parts) => parts.join(','));
const texts = fc.record(
  {
    'reloader.stakater.com/auto': bools,
    'configmap.reloader.stakater.com/auto': bools,
    'secret.reloader.stakater.com/auto': bools,
    'secretproviderclass.reloader.stakater.com/auto': bools,
    'reloader.stakater.com/search': bools,
    'configmaps.exclude.reloader.stakater.com/reload': excludes,
    'secrets.exclude.reloader.stakater.com/reload': excludes,
    'secretproviderclasses.exclude.reloader.stakater.com/reload': excludes,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Texts>;
const onWorkload: fc.Arbitrary<Bearer> = fc.record({ texts, reloads: fc.option(list, { nil: undefined }) });
const onSource = fc.record(
  { 'reloader.stakater.com/ignore': bools, 'reloader.stakater.com/match': bools },
  { requiredKeys: [] },
) as fc.Arbitrary<Texts>;
const bare = fc.constant<Bearer>({ texts: {}, reloads: undefined });
const situations: fc.Arbitrary<Situation> = fc.record({
  meta: fc.oneof(onWorkload, bare),
  template: fc.oneof(onWorkload, bare),
  source: fc.oneof(onSource, fc.constant<Texts>({})),
  type: fc.constantFrom('cm', 'secret', 'spc'),
  name: nameOfSource,
  referenced: fc.boolean(),
  all: fc.boolean(),
  renamed: fc.boolean(),
});

t.test(
  'decide agrees with a plain reading of the published procedure, under 10,000 annotations and names',
  async (t) => {
    const answers = { true: 0, false: 0 };
    fc.assert(
      fc.property(situations, (situation) => {
        const { name, referenced, all } = situation;
        const { optIn, marks } = seen(situation);
        const expected = oracle(situation);
        answers[`${expected}`] += 1;
        return decide(optIn, { name, marks, referenced }, all).rolls === expected;
      }),
      { numRuns: 10_000 },
    );
    t.ok(
      answers.true > 1000 && answers.false > 1000,
      `both answers are asked for: ${JSON.stringify(answers)}`,
    );
  },
);

t.test('isOptedIn never says no where some source rolls', async () => {
  fc.assert(
    fc.property(
      situations,
      (situation) => !oracle(situation) || isOptedIn(seen(situation).optIn, situation.all),
    ),
    { numRuns: 10_000 },
  );
});

t.test('a list matches as Go says, under 10,000 lists and names', async (t) => {
  const answers = { true: 0, false: 0 };
  fc.assert(
    fc.property(list, nameOfSource, ({ text, matches }, name) => {
      const expected = matches(name);
      answers[`${expected}`] += 1;
      return listMatches(parseNameList(text), name) === expected;
    }),
    { numRuns: 10_000 },
  );
  t.ok(answers.true > 1000 && answers.false > 1000, `both answers are asked for: ${JSON.stringify(answers)}`);
});
