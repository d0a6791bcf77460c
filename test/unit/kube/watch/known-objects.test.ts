import t from 'tap';
import { Roster, type Identified } from '../../../../src/kube/watch/known-objects.ts';
import { thing } from '../../../support/kube/reflector-harness.ts';

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
  roster.endList({ version: '9', isOlder: false });
  t.equal(roster.isListing, false);
  t.same(told, ['- apps/a']);
});

t.test('what an older list does not show stays until the next one', async (t) => {
  const { roster, told } = following();
  for (const name of ['a', 'b']) roster.put(thing(name, 1));
  roster.beginList();
  roster.endList({ version: '5', isOlder: true });
  t.same(told.splice(0), ['+ apps/a', '+ apps/b']);
  roster.beginList();
  roster.put(thing('b', 1));
  roster.endList({ version: '5', isOlder: false });
  t.same(told, ['+ apps/b', '- apps/a']);
});

t.test('what goes while it is listed is told of once, and may come again', async (t) => {
  const { roster, told } = following();
  roster.beginList();
  roster.put(thing('a', 1));
  roster.remove(thing('a', 2).metadata);
  roster.remove(thing('a', 2).metadata);
  roster.endList({ version: '9', isOlder: false });
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
  roster.endList({ version: '9', isOlder: false });
  t.same(told, ['+ apps/a', '+ apps/b', '- apps/a']);
});

t.test('a list is announced before it shows anything, and when it has shown everything', async (t) => {
  const told: string[] = [];
  const roster = new Roster<Identified>({
    begin: () => told.push('begin'),
    put: ({ metadata }) => told.push(metadata.name),
    remove: ({ name }) => told.push(`- ${name}`),
    end: ({ version }) => told.push(`end ${version}`),
  });
  roster.put(thing('gone', 1));
  roster.beginList();
  roster.put(thing('a', 1));
  roster.endList({ version: '9', isOlder: false });
  roster.put(thing('b', 2));
  t.same(told, ['gone', 'begin', 'a', '- gone', 'end 9', 'b']);
});

t.test('what belongs to no namespace has none', async (t) => {
  const { roster, told } = following();
  const { uid, resourceVersion } = thing('a', 1).metadata;
  roster.put({ metadata: { name: 'a', uid, resourceVersion } });
  roster.remove({ name: 'a' });
  t.same(told, ['+ undefined/a', '- /a']);
});
