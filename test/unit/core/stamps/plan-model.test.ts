import fc from 'fast-check';
import t from 'tap';
import { findDependencies } from '../../../../src/core/stamps/dependency.ts';
import { ABSENT, keyedDigest } from '../../../../src/core/objects/digest.ts';
import { planWorkload, type Current, type Plan } from '../../../../src/core/stamps/plan.ts';
import { parseStampKey } from '../../../../src/core/api/source.ts';
import { formatStamps, parseStamps, type StampMap } from '../../../../src/core/stamps/stamp-map.ts';
import type { Workload } from '../../../../src/core/objects/workload.ts';
import { dataOf, using, workload } from '../../../support/core/core-objects.ts';

// Random histories of one workload and its sources, planned by Restamp and by an oracle that keeps the data
// itself: an entry is the content that was stamped, and stale is an entry that was there before and differs.

const SOURCES = ['cm/a', 'cm/b', 'secret/a'] as const;
const OWNER = 'prod/Deployment/api';
type Source = (typeof SOURCES)[number];
/** What a source holds; undefined where it does not exist. */
type Held = string | undefined;

type Step =
  | { readonly do: 'hold'; readonly source: Source; readonly held: Held }
  | { readonly do: 'touch' | 'ignore' | 'refer'; readonly source: Source }
  | { readonly do: 'opt' | 'lose-map' | 'rotate' | 'create-flag' | 'delete-flag' }
  | { readonly do: 'store'; readonly which: 'nothing' | 'baseline' | 'rolled' };

const source = fc.constantFrom(...SOURCES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('hold'),
      source,
      held: fc.constantFrom('1', '2', '3', undefined),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('store'),
      which: fc.constantFrom('nothing', 'baseline', 'rolled'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('touch', 'ignore', 'refer'), source }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('opt', 'lose-map', 'rotate', 'create-flag', 'delete-flag') }),
  },
);

class World {
  readonly held = new Map<Source, Held>([
    ['cm/a', '1'],
    ['secret/a', '1'],
  ]);
  readonly ignored = new Set<Source>();
  readonly referred = new Set<Source>(['cm/a', 'cm/b']);
  optedIn = true;
  version = 1;
  keyNumber = 0;
  reloadOnCreate = false;
  reloadOnDelete = false;
  /** The map as text, as it is stored. */
  stored: string | undefined;
  /** The oracle's map: a content, or null for absent. */
  entries: Map<Source, string | null> | undefined;

  take(step: Exclude<Step, { do: 'store' }>): void {
    this.version += 1;
    if (step.do === 'hold') this.held.set(step.source, step.held);
    else if (step.do === 'ignore') toggle(this.ignored, step.source);
    else if (step.do === 'refer') toggle(this.referred, step.source);
    else if (step.do === 'opt') this.optedIn = !this.optedIn;
    else if (step.do === 'rotate') this.keyNumber += 1;
    else if (step.do === 'create-flag') this.reloadOnCreate = !this.reloadOnCreate;
    else if (step.do === 'delete-flag') this.reloadOnDelete = !this.reloadOnDelete;
    else if (step.do === 'lose-map') this.stored = this.entries = undefined;
  }

  plan(map: StampMap | undefined, reversed = false): Plan {
    const object = workloadOf(this.optedIn, [...this.referred].sort().join());
    const there = [...this.held].filter(([, held]) => held !== undefined);
    const sources = new Map(
      there.map(([key]) => {
        const marks = { ignore: this.ignored.has(key), match: false };
        return [key, { type: parseStampKey(key)!.type, marks }];
      }),
    );
    const found = [...findDependencies(object, map, sources, false)];
    return planWorkload({
      dependencies: new Map(reversed ? found.reverse() : found),
      map,
      current: (key) => this.current(key as Source),
      keyId: `k${this.keyNumber}`,
      workloadCreated: 0,
      addedAfterStart: true,
      settled: false,
      levers: () => [],
      adoptByRoll: false,
      reloadOnCreate: this.reloadOnCreate,
      reloadOnDelete: this.reloadOnDelete,
    });
  }

  current(key: Source): Current {
    const held = this.held.get(key);
    if (held === undefined) return { state: 'missing' };
    const digest = (keyId: string): string => digestOf(keyId, key, held);
    return {
      state: 'present',
      uid: 'u',
      resourceVersion: String(this.version),
      created: 0,
      dataTime: 0,
      digest,
    };
  }

  map(): StampMap | undefined {
    if (this.stored === undefined) return undefined;
    const keyIds = new Set(Array.from({ length: this.keyNumber + 1 }, (_, at) => `k${at}`));
    const map = parseStamps(this.stored, OWNER, keyIds);
    if (typeof map === 'string') throw new Error(map);
    return map;
  }

  /** What should be: by the rules as a person would tell them. */
  expected() {
    const stale = new Set<Source>();
    const baseline = new Map<Source, string | null>();
    const rolled = new Map<Source, string | null>();
    for (const key of SOURCES) {
      const now = this.held.get(key) ?? null;
      if (!this.optedIn || !this.referred.has(key) || (now !== null && this.ignored.has(key))) continue;
      const before = this.entries?.get(key);
      let isStale = before !== undefined && before !== now;
      const isKept = isStale && now === null && !this.reloadOnDelete;
      if (isKept || (isStale && before === null && !this.reloadOnCreate)) isStale = false;
      if (isStale) stale.add(key);
      baseline.set(key, isStale || isKept ? before! : now);
      rolled.set(key, isKept ? before! : now);
    }
    return { stale, baseline, rolled };
  }
}

const workloads = new Map<string, Workload>();

/** The workload that refers to these sources; kept, because making one is most of the work here. */
function workloadOf(optedIn: boolean, referred: string): Workload {
  const key = `${optedIn} ${referred}`;
  const known = workloads.get(key);
  if (known !== undefined) return known;
  const made = workload({
    annotations: { 'reloader.stakater.com/auto': String(optedIn), 'restamp.dev/stamps': '' },
    template: { spec: { containers: [using('app', ...referred.split(',').filter(Boolean))] } },
  });
  workloads.set(key, made);
  return made;
}

function toggle(set: Set<Source>, key: Source): void {
  if (!set.delete(key)) set.add(key);
}

function digestOf(keyId: string, key: Source, content: string): string {
  const data = dataOf(parseStampKey(key)!.type, { data: { content } });
  return keyedDigest({ key: Buffer.from(keyId), source: `prod/${key}` }, data);
}

/** Whether a map says just what the oracle's entries say. */
function says(map: StampMap, entries: ReadonlyMap<Source, string | null>): boolean {
  const right = (key: Source, content: string | null): boolean =>
    map.s.get(key)?.h === (content === null ? ABSENT : digestOf(map.key, key, content));
  return map.s.size === entries.size && [...entries].every(([key, content]) => right(key, content));
}

const staleKeys = (plan: Plan): string =>
  plan.stale
    .map(({ key }) => key)
    .sort()
    .join();

/** Runs one history; the first thing that is wrong, or undefined. */
function fault(steps: readonly Step[]): string | undefined {
  const world = new World();
  for (const one of steps) {
    if (one.do !== 'store') world.take(one);
    const map = world.map();
    const plan = world.plan(map);
    const expected = world.expected();
    if (staleKeys(plan) !== [...expected.stale].sort().join()) return `stale: ${staleKeys(plan)}`;
    if (!says(plan.baseline, expected.baseline)) return 'the baseline differs';
    if (!says(plan.rolled, expected.rolled)) return 'the rolled map differs';
    const other = world.plan(map, true);
    if (formatStamps(other.baseline, OWNER) !== formatStamps(plan.baseline, OWNER)) return 'order matters';
    if (formatStamps(other.rolled, OWNER) !== formatStamps(plan.rolled, OWNER))
      return 'order matters for the roll';
    const again = world.plan(plan.baseline);
    if (again.changed || staleKeys(again) !== staleKeys(plan)) return 'the baseline is not stable';
    const after = world.plan(plan.rolled);
    if (after.changed || after.stale.length > 0) return 'a roll leaves something to do';
    const same = map !== undefined && map.key === plan.baseline.key && says(map, expected.baseline);
    if (plan.changed === (map === undefined ? expected.baseline.size === 0 : same))
      return `changed: ${plan.changed}`;
    if (one.do === 'store' && one.which !== 'nothing') {
      world.stored = formatStamps(plan[one.which], OWNER);
      world.entries = expected[one.which];
    }
  }
  return undefined;
}

t.test('planWorkload agrees with the oracle through any history', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const found = fault(steps);
      if (found !== undefined) throw new Error(found);
    }),
    { numRuns: 400 },
  );
  t.pass('400 histories');
});

t.test(
  'planWorkload rolls nothing for a reference, a mark or an opt-in that goes and comes back',
  async (t) => {
    const world = new World();
    world.stored = formatStamps(world.plan(undefined).baseline, OWNER);
    for (const toggled of [
      { do: 'refer', source: 'cm/a' },
      { do: 'ignore', source: 'cm/a' },
      { do: 'opt' },
    ] as const) {
      world.take(toggled);
      world.stored = formatStamps(world.plan(world.map()).baseline, OWNER);
      world.take({ do: 'hold', source: 'cm/a', held: `changed with ${toggled.do}` });
      world.take(toggled);
      const plan = world.plan(world.map());
      t.same(plan.stale, [], toggled.do);
      t.ok(plan.baseline.s.has('cm/a'));
      world.stored = formatStamps(plan.baseline, OWNER);
    }
  },
);
