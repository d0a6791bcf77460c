import t from 'tap';
import { Roster, type Identified } from '../../src/kube/roster.ts';
import { thing } from './follow.ts';

function following() {
  const told: string[] = [];
  const roster = new Roster<Identified>({
    put: ({ metadata }) => told.push(`+ ${metadata.namespace}/${metadata.name}`),
    remove: ({ namespace, name }) => told.push(`- ${namespace}/${name}`),
  });
  return { roster, told };
}

t.test('what a list does not show is gone at its end, not before', async (t) => {
  const { roster, told } = following();
  for (const name of ['a', 'b']) roster.put(thing(name, 1));
  t.equal(roster.isListing, false);
  roster.beginList();
  t.equal(roster.isListing, true);
  roster.put(thing('b', 1));
  t.same(told.splice(0), ['+ apps/a', '+ apps/b', '+ apps/b']);
  roster.endList();
  t.equal(roster.isListing, false);
  t.same(told, ['- apps/a']);
});

t.test('what goes while it is listed is told of once, and may come again', async (t) => {
  const { roster, told } = following();
  roster.beginList();
  roster.put(thing('a', 1));
  roster.remove(thing('a', 2).metadata);
  roster.remove(thing('a', 2).metadata);
  roster.endList();
  t.same(told, ['+ apps/a', '- apps/a']);
  roster.put(thing('a', 3));
  t.same(told.slice(2), ['+ apps/a']);
});

t.test('a list that begins anew shows everything anew', async (t) => {
  const { roster, told } = following();
  roster.beginList();
  roster.put(thing('a', 1));
  roster.beginList();
  roster.put(thing('b', 1));
  roster.endList();
  t.same(told, ['+ apps/a', '+ apps/b', '- apps/a']);
});

t.test('what belongs to no namespace has none', async (t) => {
  const { roster, told } = following();
  const { uid, resourceVersion } = thing('a', 1).metadata;
  roster.put({ metadata: { name: 'a', uid, resourceVersion } });
  roster.remove({ name: 'a' });
  t.same(told, ['+ undefined/a', '- /a']);
});
