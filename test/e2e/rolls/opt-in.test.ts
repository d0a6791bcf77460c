import t from 'tap';
import {
  AUTO,
  MATCH,
  SEARCH,
  SOURCE_KINDS,
  source,
  stampKey,
  WORKLOAD_KINDS,
  type Annotations,
  type SourceKind,
  type SourceName,
} from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'opt-in');

type Way = {
  readonly title: string;
  readonly annotations: (kind: SourceKind, prefix: string) => Annotations;
  /** Sources by their last name: which the workload uses, which bear the mark, which must roll it. */
  readonly uses: readonly string[];
  readonly marked: readonly string[];
  readonly rolls: readonly string[];
};

const all = ['a', 'b', 'c'];
const ways: readonly Way[] = [
  {
    title: 'auto rolls for what it uses',
    annotations: () => AUTO,
    uses: ['a', 'b'],
    marked: [],
    rolls: ['a', 'b'],
  },
  {
    title: 'search rolls for what it uses and what is marked',
    annotations: () => SEARCH,
    uses: ['a', 'b'],
    marked: ['a', 'c'],
    rolls: ['a'],
  },
  {
    title: 'a list rolls for what it names, used or not',
    annotations: (kind, prefix) => ({
      [`${kind.toLowerCase()}.reloader.stakater.com/reload`]: `${prefix}-a,${prefix}-c`,
    }),
    uses: ['a', 'b'],
    marked: [],
    rolls: ['a', 'c'],
  },
];

const cases = ways.flatMap((way, index) =>
  WORKLOAD_KINDS.flatMap((kind) => SOURCE_KINDS.map((row) => ({ way, index, kind, row }))),
);

for (const { way, index, kind, row } of cases)
  t.test(`${kind}, ${row.kind}: ${way.title}`, async (t) => {
    const prefix = `${kind.toLowerCase()}-${row.short}-${index}`;
    const named = (last: string): SourceName => `${row.kind}/${prefix}-${last}`;
    for (const last of all)
      await stage.create(source(named(last), { key: 'old' }, way.marked.includes(last) ? MATCH : {}));
    const observed = await stage.observe(kind, prefix, {
      annotations: way.annotations(row.kind, prefix),
      uses: way.uses.map(named),
      stamps: way.rolls.map(named),
    });

    const deaf = all.filter((last) => !way.rolls.includes(last));
    for (const last of deaf) await stage.change(named(last), { key: 'new' });
    for (const last of way.rolls) {
      await stage.change(named(last), { key: 'new' });
      await observed.rolledFor(named(last), { key: 'new' });
    }
    const expected = way.rolls.map((last) => [stampKey(named(last))]);
    t.same(await observed.ring(), observed.after(...expected));
  });
