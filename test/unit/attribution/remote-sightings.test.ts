import t from 'tap';
import { LAST_ROLL } from '../../../src/core/api/annotations.ts';
import { parseHistory } from '../../../src/core/stamps/history.ts';
import { settled, type World } from '../../support/controller/world.ts';

// What another replica has seen at admission may be told before the change is read here, or after.

const lastRoll = (made: World) => parseHistory((made.stored('api').metadata.annotations ?? {})[LAST_ROLL])[0];

async function standby(): Promise<World> {
  const made = await settled();
  made.elsewhere.on = true;
  return made;
}

function tell(made: World): void {
  for (const sighting of made.elsewhere.sightings.splice(0)) made.heard(sighting);
}

for (const [when, first] of [
  ['before', 0],
  ['after', 500],
] as const)
  t.test(`a writer whom another replica tells of ${when} the read is named`, async (t) => {
    const made = await standby();
    made.putSource('cm/app', { a: '2' }, { by: 'ann' });
    await made.pass(first);
    tell(made);
    await made.pass(3000);
    t.same(made.rolled(), ['api']);
    t.match(lastRoll(made)?.sources, [{ source: 'cm/app', keys: ['a'], by: 'ann' }]);
  });

t.test('each of two changes that are told of late has its writer', async (t) => {
  const made = await standby();
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(250);
  tell(made);
  made.putSource('cm/app', { a: '2', b: '1' }, { by: 'bob' });
  await made.pass(250);
  tell(made);
  await made.pass(3000);
  t.match(lastRoll(made)?.sources, [{ by: 'ann, bob', keys: ['a', 'b'] }]);
});

t.test('a write that brings back what is stored now is the next change, not this one', async (t) => {
  const made = await standby();
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  made.putSource('cm/app', { a: '1' }, { by: 'bob' });
  // Nothing has been read yet: what is known is the state before both.
  tell(made);
  t.equal(made.sightings.size, 2);
});

t.test('what is told after the roll changes nothing', async (t) => {
  const made = await standby();
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(3000);
  tell(made);
  await made.pass(3000);
  t.same(made.rolled(), ['api']);
  t.notOk(lastRoll(made)?.sources[0]?.by);
  made.putSource('cm/app', { a: '3' }, { by: 'bob' });
  tell(made);
  await made.pass(3000);
  t.match(lastRoll(made)?.sources, [{ by: 'bob' }]);
});
