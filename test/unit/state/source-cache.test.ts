import t from 'tap';
import { SourceBook } from '../../../src/state/source-cache.ts';
import { metaOf, ref, reloaderKeys, source } from '../../support/controller/builders.ts';

const meta = (name: string, namespace = 'apps', type: 'cm' | 'secret' = 'cm') =>
  metaOf(type, source(name, {}, { namespace, annotations: { [reloaderKeys.ignore]: 'true' } }));

t.test('a source is known until it is removed', async (t) => {
  const book = new SourceBook();
  const first = meta('app');
  t.same(book.put(first), { before: undefined, same: false });
  t.match(book.put(meta('app')), { before: first, same: true }, 'put returns what was known');
  t.match(book.put({ ...meta('app'), resourceVersion: '2' }), { before: first, same: false });
  t.match(book.put({ ...first, resourceVersion: '2', uid: 'u' }), { same: false }, 'made anew');
  book.put(first);
  t.equal(book.size, 1);
  t.match(book.get(ref('cm/app')), first);
  book.remove(ref('secret/app'));
  book.remove(ref('cm/app', 'other'));
  t.equal(book.size, 1);
  book.remove(ref('cm/app'));
  t.equal(book.get(ref('cm/app')), undefined);
  t.equal(book.size, 0);
});

t.test('a version has the moment of when it was first shown, and what is shown last counts', async (t) => {
  const book = new SourceBook();
  const version = (text: string) => metaOf('cm', source('app', {}, { version: text }));
  const shown = (): number => book.get(ref('cm/app'))?.shown ?? 0;
  book.put(version('9'));
  const first = shown();
  book.put(version('9'));
  t.equal(shown(), first, 'a list that is read again shows nothing new');
  book.put(version('8'));
  t.ok(shown() > first);
  t.match(book.get(ref('cm/app')), { resourceVersion: '8' }, 'also where its version is lower');
});

t.test('a workload finds its sources in its own namespace only', async (t) => {
  const book = new SourceBook();
  for (const one of [meta('app'), meta('db'), meta('db', 'apps', 'secret'), meta('app', 'other')])
    book.put(one);
  t.equal(book.size, 4);
  t.same([...book.in('apps').keys()], ['cm/app', 'cm/db', 'secret/db']);
  t.same(book.in('apps').get('cm/app')?.marks, { ignore: true, match: false });
  t.equal(book.in('empty').size, 0);
});

t.test('the sources of a namespace that ask for times of their own are known', async (t) => {
  const book = new SourceBook();
  const quiet = { 'restamp.dev/quiet-period': '20s' };
  book.put(metaOf('cm', source('app', {}, { annotations: quiet })));
  book.put(meta('db'));
  const asking = (namespace: string) => book.asking(namespace).map(({ name }) => name);
  t.same([asking('apps'), asking('empty')], [['app'], []]);
  book.put(metaOf('cm', source('app', {})));
  t.same(asking('apps'), [], 'it asks no more');
  book.put(metaOf('cm', source('app', {}, { annotations: { 'restamp.dev/longest-delay': '20s' } })));
  t.same(asking('apps'), ['app']);
  book.remove(ref('cm/app'));
  t.same(asking('apps'), [], 'it is gone');
});
