import t from 'tap';
import { AUTO, leverName, workload, type SourceName, type WorkloadObject } from '../e2e/objects.ts';
import { Ledger } from './ledger.ts';
import { templateOf } from './observer.ts';
import { judge, type Evidence } from './verdict.ts';

// The judge must see what a storm is for: each failing, made by hand.
const APP: SourceName = 'ConfigMap/app';
const ledger = new Ledger();
for (const key of ['first', 'second', 'third']) ledger.write(APP, { key });
const [first, second, third] = ledger.get(APP).digests as [string, string, string];

function evidence(
  levers: readonly (string | undefined)[],
  given: { rolls?: number; bystander?: boolean; stored?: string | undefined; as?: SourceName } = {},
): Evidence {
  const manifest = workload('Deployment', 'api', { annotations: AUTO, uses: [APP] });
  const object = structuredClone(manifest) as unknown as WorkloadObject;
  const before = templateOf(object);
  const { bystander = false, rolls = levers.length - 1, as = APP } = given;
  const stored = 'stored' in given ? given.stored : third;
  const value = levers.at(-1);
  if (value !== undefined)
    Object.assign(object.spec.template.spec.containers[0]!, { env: [{ name: leverName(as), value }] });
  return {
    actor: { kind: 'Deployment', name: 'api', sources: [APP], manifest, bystander },
    before,
    record: { object, transitions: rolls, levers: new Map([[APP, levers]]) },
    revisions: 0,
    ledger,
    stored: new Map(stored === undefined ? [] : [[APP, stored]]),
  };
}

const cases = [
  ['every state', evidence([undefined, second, third]), []],
  ['only the last state', evidence([undefined, third]), []],
  ['changed and changed back unseen', evidence([undefined], { stored: first }), []],
  ['gone, with what was seen of it', evidence([undefined, second], { stored: undefined }), []],
  ['an older state', evidence([undefined, second]), ['lost']],
  ['no state although it changed', evidence([undefined]), ['lost']],
  ['a state that was never there', evidence([undefined, 'none', third]), ['backwards']],
  [
    'a newer state and then an older one',
    evidence([undefined, third, second, third]),
    ['backwards', 'excess'],
  ],
  ['two rolls for one state', evidence([undefined, second, third], { rolls: 3 }), ['excess']],
  ['a lever of something else', evidence([undefined, third], { as: 'Secret/app' }), ['unasked']],
  ['a bystander that nobody touched', evidence([undefined], { bystander: true }), []],
  ['a bystander that rolled', evidence([undefined, third], { bystander: true }), ['unasked']],
  [
    'a bystander that rolled and was put back',
    evidence([undefined], { bystander: true, rolls: 2 }),
    ['unasked'],
  ],
] as const;

for (const [name, given, wanted] of cases)
  t.test(name, async (t) => {
    t.same(
      judge(given).map(({ what }) => what),
      wanted,
    );
  });
