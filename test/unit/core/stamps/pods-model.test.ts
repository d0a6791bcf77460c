import fc from 'fast-check';
import t from 'tap';
import { SOURCES, type Opting } from '../../../support/models/pods-cluster.ts';
import { History, type Step } from '../../../support/models/pods-history.ts';
import type { Flags } from '../../../support/models/pods-restamp.ts';

// Random histories of one Deployment: whatever people do to it and to its sources, in the end every pod holds the
// data that is stored (DESIGN 2.1, 2.2, 2.5, 2.7, 3.7), but for the exceptions of Excuses.

const key = fc.constantFrom(...SOURCES);
const content = fc.constantFrom('1', '2', '3', undefined);
const image = fc.constantFrom('v1', 'v2', 'v3');
const plain = (...names: ('opt' | 'progress' | 'complete' | 'evict' | 'act' | 'power' | 'webhook')[]) =>
  fc.record({ do: fc.constantFrom(...names) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('hold'), key, content }) },
  { weight: 8, arbitrary: plain('act', 'progress') },
  { weight: 2, arbitrary: plain('complete', 'evict', 'opt', 'power', 'webhook') },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mark'), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('mark and hold', 'opt and hold'),
      key,
      content: fc.constantFrom('1', '2', '3'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('image', 'replace'), image }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('recreate'), key, content }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('undo'), back: fc.integer({ min: 1, max: 3 }) }) },
);
const flags = fc.record({ reloadOnCreate: fc.boolean(), reloadOnDelete: fc.boolean() });

async function fault(opting: Opting, set: Flags, steps: readonly Step[]): Promise<string | undefined> {
  const history = new History(opting, set);
  for (const one of steps) await history.take(one);
  return history.settle();
}

for (const opting of ['auto', 'search'] as const)
  t.test(`opted in by ${opting}: in the end every pod holds what is stored`, async (t) => {
    await fc.assert(
      fc.asyncProperty(flags, fc.array(step, { maxLength: 25 }), async (set, steps) => {
        const found = await fault(opting, set, steps);
        if (found !== undefined) throw new Error(found);
      }),
      { numRuns: Number(process.env['MODEL_RUNS'] ?? 150) },
    );
    t.pass();
  });

// Histories that were once lost changes.
const plainFlags = { reloadOnCreate: false, reloadOnDelete: false };
const a2: Step = { do: 'hold', key: 'cm/a', content: '2' };
const v1: Step = { do: 'image', image: 'v1' };
const v2: Step = { do: 'image', image: 'v2' };
const undo = (back: number): Step => ({ do: 'undo', back });
const act: Step = { do: 'act' };

const lost: readonly (readonly [title: string, flags: Flags, steps: readonly Step[]])[] = [
  [
    'a new image is taken back while a change waits and its older pods still run',
    plainFlags,
    [v2, { do: 'progress' }, a2, v1],
  ],
  ['a combined release is undone while its older pods still run', plainFlags, [a2, v2, undo(1)]],
  [
    'an undo goes back over a roll and an image to the template of pods that still run',
    plainFlags,
    [v2, a2, act, undo(2)],
  ],
  ['the same while the webhook is down', plainFlags, [v2, a2, act, { do: 'webhook' }, undo(2)]],
  [
    'what Git has comes back while the webhook is down and older pods still run',
    plainFlags,
    [v2, a2, act, { do: 'webhook' }, { do: 'replace', image: 'v1' }],
  ],
  [
    'a source goes in the middle of its own rollout, which takes the only lever away',
    { reloadOnCreate: false, reloadOnDelete: true },
    [a2, act, { do: 'hold', key: 'cm/a', content: undefined }, act],
  ],
  [
    'a release with a source that appears is undone while its older pods still run',
    { reloadOnCreate: true, reloadOnDelete: false },
    [
      { do: 'hold', key: 'cm/a', content: undefined },
      { do: 'recreate', key: 'cm/a', content: undefined },
      a2,
      v2,
      undo(1),
    ],
  ],
  [
    'a release without a source that goes is undone while its older pods still run',
    { reloadOnCreate: false, reloadOnDelete: true },
    [{ do: 'hold', key: 'cm/a', content: undefined }, v2, act, undo(2)],
  ],
];
for (const [title, flagsOf, steps] of lost)
  for (const opting of ['auto', 'search'] as const)
    t.test(`${opting}: ${title}`, async (t) => {
      t.equal(await fault(opting, flagsOf, steps), undefined);
    });
