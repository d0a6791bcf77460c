import fc from 'fast-check';
import t from 'tap';
import { RELOADER_KEYS } from '../../src/core/annotations.ts';
import { decide, isOptedIn, readMarks, readOptIn } from '../../src/core/opt-in.ts';
import type { SourceType } from '../../src/core/source.ts';

type Texts = Readonly<Record<string, string>>;
type Situation = {
  readonly meta: Texts;
  readonly template: Texts;
  readonly source: Texts;
  readonly type: SourceType;
  readonly name: string;
  readonly referenced: boolean;
  readonly all: boolean;
};

const parts = (list = ''): string[] => list.split(',').map((part) => part.trim());

/** The steps of the published procedure, one after the other; lists here hold plain names or `.*` only. */
function oracle({ meta, template, source, type, name, referenced, all }: Situation): boolean {
  const word = type === 'cm' ? 'configmap' : 'secret';
  if (source['reloader.stakater.com/ignore'] === 'true') return false;
  const four = [
    `${word}.reloader.stakater.com/reload`,
    'reloader.stakater.com/auto',
    `${word}.reloader.stakater.com/auto`,
    'reloader.stakater.com/search',
  ];
  let chosen = template;
  for (const key of four) if (key in meta) chosen = meta;
  // Reloader reads the exclude list of the workload alone; charts also write it on the template.
  const excluded = `${word}s.exclude.reloader.stakater.com/reload`;
  if (parts(meta[excluded] ?? template[excluded]).includes(name)) return false;
  const list = parts(chosen[four[0]!]);
  if (list.includes(name) || list.includes('.*')) return true;
  if (!referenced) return false;
  if (chosen[four[3]!] === 'true' && source['reloader.stakater.com/match'] === 'true') return true;
  const yes = ['1', 't', 'T', 'TRUE', 'true', 'True'];
  const auto = chosen[four[1]!];
  const typed = chosen[four[2]!];
  if (auto !== undefined && yes.includes(auto)) return true;
  if (typed !== undefined && yes.includes(typed)) return true;
  return all && (auto ?? '') === '' && (typed ?? '') === '';
}

const bools = fc.constantFrom('true', 'false', '1', 'T', '', 'True', 'yes', ' true');
const lists = fc
  .array(fc.constantFrom('app', ' app ', 'db', '.*', '', 'app-2'), { maxLength: 3 })
  .map((parts) => parts.join(','));
const onWorkload = fc.record(
  {
    'reloader.stakater.com/auto': bools,
    'configmap.reloader.stakater.com/auto': bools,
    'secret.reloader.stakater.com/auto': bools,
    'reloader.stakater.com/search': bools,
    'configmap.reloader.stakater.com/reload': lists,
    'secret.reloader.stakater.com/reload': lists,
    'configmaps.exclude.reloader.stakater.com/reload': lists,
    'secrets.exclude.reloader.stakater.com/reload': lists,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Texts>;
const onSource = fc.record(
  { 'reloader.stakater.com/ignore': bools, 'reloader.stakater.com/match': bools },
  { requiredKeys: [] },
) as fc.Arbitrary<Texts>;
const none = fc.constant<Texts>({});
const situations: fc.Arbitrary<Situation> = fc.record({
  meta: fc.oneof(onWorkload, none),
  template: fc.oneof(onWorkload, none),
  source: fc.oneof(onSource, none),
  type: fc.constantFrom('cm', 'secret'),
  name: fc.constantFrom('app', 'db', 'app-2'),
  referenced: fc.boolean(),
  all: fc.boolean(),
});

t.test('decide agrees with a plain reading of the published procedure', async () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const { meta, template, source, type, name, referenced, all } = situation;
      const optIn = readOptIn(type, meta, template, RELOADER_KEYS);
      const marks = readMarks(source, RELOADER_KEYS);
      return decide(optIn, { name, marks, referenced }, all).rolls === oracle(situation);
    }),
    { numRuns: 10_000 },
  );
});

t.test('isOptedIn never says no where some source rolls', async () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const optIn = readOptIn(situation.type, situation.meta, situation.template, RELOADER_KEYS);
      return !oracle(situation) || isOptedIn(optIn, situation.all);
    }),
    { numRuns: 10_000 },
  );
});
