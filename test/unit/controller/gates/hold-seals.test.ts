import t from 'tap';
import { HELD, LAST_ROLL } from '../../../../src/core/api/annotations.ts';
import { parseHistory } from '../../../../src/core/stamps/history.ts';
import { turn } from '../../../support/recording.ts';
import { settled, world, type World } from '../../../support/controller/world.ts';

// Who changed what is read back from the workload: whoever may write that may write any name there.

const heldOf = (made: World, name = 'api') => (made.stored(name).metadata.annotations ?? {})[HELD];
const rollLine = (made: World) => made.audit.findLast((fields) => fields['audit'] === 'roll');
const messages = (made: World) => made.events.map(({ message }) => message);
type Told = { by?: string; changed: string; seal?: string };

/** `api` and `web` are held by the limit: ann has changed `cm/app`, and the hold is written. */
async function held(): Promise<World> {
  const made = await settled(['api', 'web'], { rollLimit: 1 });
  made.putSource('cm/app', { a: '2' }, { by: 'bob' });
  await made.pass(3000);
  made.putSource('cm/app', { a: '3' }, { by: 'ann' });
  await made.pass(3000);
  return made;
}

/** Restamp is started anew, on what is stored; nobody is left who has seen a write. */
async function restarted({ shelf }: World): Promise<World> {
  shelf.watches.clear();
  const made = world({}, undefined, shelf);
  for (const { metadata } of shelf.sources.values())
    made.mutator.sourceFollower('cm').put(structuredClone({ metadata }));
  for (const { metadata } of shelf.workloads.values()) made.annotate(metadata.name, {});
  made.mutator.start();
  await turn();
  return made;
}

/** What is stored of a hold, changed by a stranger. */
function forge(made: World, name: string, change: (told: Told) => object): void {
  const hold = JSON.parse(heldOf(made, name) ?? '') as { sources: Told[] };
  made.annotate(name, { [HELD]: JSON.stringify({ ...hold, sources: hold.sources.map(change) }) });
}

t.test('who changed a source is still known after a restart, if the roll was held by then', async (t) => {
  const before = await held();
  t.match(heldOf(before), /"by":"ann"/);
  const made = await restarted(before);
  await made.pass(3000);
  t.same(made.rolled().sort(), ['api', 'web']);
  t.match(rollLine(made), {
    attributed: true,
    sources: [{ by: 'ann', keys: ['a'], manager: 'kubectl-edit' }],
  });
  const [entry] = parseHistory((made.stored('api').metadata.annotations ?? {})[LAST_ROLL]);
  t.match(entry, { sources: [{ by: 'ann' }] });
  t.notMatch(JSON.stringify([made.audit, messages(made), entry]), 'seal');
});

t.test('what a stranger has changed of a hold, or has made up, is not told', async (t) => {
  const forgeries: Readonly<Record<string, (told: Told) => object>> = {
    'another actor': (told) => ({ ...told, by: 'alice@corp' }),
    'another manager': (told) => ({ ...told, manager: 'alice@corp' }),
    'another key': (told) => ({ ...told, keys: ['alice@corp'] }),
    'another time': (told) => ({ ...told, changed: '2001-01-01T00:00:00Z' }),
    'no seal': (told) => ({ ...told, by: 'alice@corp', seal: undefined }),
    'a seal that is none': (told) => ({ ...told, by: 'alice@corp', seal: [told.seal] }),
    'no actor': (told) => ({ ...told, by: undefined, changed: '2001-01-01T00:00:00Z' }),
  };
  for (const [what, change] of Object.entries(forgeries)) {
    const before = await held();
    for (const name of ['api', 'web']) forge(before, name, change);
    const made = await restarted(before);
    await made.pass(3000);
    t.same(made.rolled().sort(), ['api', 'web'], what);
    t.match(rollLine(made), { attributed: false }, what);
    t.notMatch(JSON.stringify([made.audit, messages(made)]), /alice|2001/, what);
  }
});

t.test('a hold of an older change proves nothing of a later one to the same data', async (t) => {
  const before = await held();
  const older = heldOf(before) ?? '';
  // The limit is over, and both roll; then the data returns, and once more, and nobody sees who does it.
  await before.pass(3_700_000);
  t.equal(heldOf(before), undefined);
  for (const value of ['2', '3']) {
    before.putSource('cm/app', { a: value });
    if (value === '2') await before.pass(3_700_000);
  }
  before.annotate('api', { [HELD]: older });
  const made = await restarted(before);
  await made.pass(3000);
  t.same(made.rolled().sort(), ['api', 'web']);
  t.match(rollLine(made), { attributed: false });
  t.notMatch(JSON.stringify([made.audit, messages(made)]), '"ann"');
});

t.test('a hold of one workload proves nothing on another one that waits for the same', async (t) => {
  const before = await held();
  forge(before, 'web', () => ({}));
  before.annotate('web', { [HELD]: heldOf(before) ?? '' });
  const made = await restarted(before);
  await made.pass(3000);
  const lines = made.audit.filter(({ audit }) => audit === 'roll');
  t.match(
    lines.find(({ name }) => name === 'api'),
    { attributed: true },
  );
  t.match(
    lines.find(({ name }) => name === 'web'),
    { attributed: false },
  );
});

t.test('no change is told as one of the future, whatever time its writer gives it', async (t) => {
  const before = await settled();
  before.putSource('cm/app', { a: '2' }, { written: '2099-01-01T00:00:00Z' });
  const made = await restarted(before);
  await made.pass(3000);
  t.same(made.rolled(), ['api']);
  t.notMatch(JSON.stringify(rollLine(made)), '2099');
});
