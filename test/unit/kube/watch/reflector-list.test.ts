import t from 'tap';
import { METADATA, METADATA_LIST } from '../../../../src/kube/client.ts';
import { turn } from '../../../support/recording.ts';
import { bookmark, follow, sendList, synced, thing } from '../../../support/kube/reflector-harness.ts';

t.test('the initial list is asked for as a stream, and is synced at its end mark only', async (t) => {
  const { api, reflector, told } = await follow(t);
  const exchange = await api.next();
  t.match(exchange, { method: 'GET', path: '/api/v1/configmaps' });
  t.same(exchange.query, {
    watch: '1',
    allowWatchBookmarks: 'true',
    timeoutSeconds: '600',
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
  });
  const stream = exchange.stream();
  stream.send('ADDED', thing('a', 7));
  stream.send('BOOKMARK', bookmark(8));
  stream.send('ADDED', thing('b', 3));
  await told.until(2);
  t.equal(reflector.hasSynced, false);
  stream.send('BOOKMARK', bookmark(9, true));
  await reflector.synced;
  t.equal(reflector.hasSynced, true);
  t.same(told.items, ['+ a@7', '+ b@3']);
  t.equal(reflector.relists, 0);
});

t.test('after the list come the changes', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.send('MODIFIED', thing('a', 6));
  stream.send('ADDED', thing('b', 7));
  stream.send('DELETED', thing('a', 8));
  t.same(await followed.told.until(4), ['+ a@1', '+ a@6', '+ b@7', '- a']);
});

t.test('objects of one name in two namespaces are two', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1, 'one'), thing('a', 2, 'two'));
  stream.send('DELETED', thing('a', 6, 'one'));
  stream.send('DELETED', thing('a', 7, 'two'));
  t.same(await followed.told.until(4), ['+ a@1', '+ a@2', '- a', '- a']);
});

t.test('an object that goes twice is told of once', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.send('DELETED', thing('a', 6));
  stream.send('DELETED', thing('a', 7));
  stream.send('ADDED', thing('z', 8));
  t.same(await followed.told.until(3), ['+ a@1', '- a', '+ z@8']);
});

t.test('what is gone when the list is read again is told of, at the end of that list', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1), thing('b', 2));
  stream.send('ADDED', thing('c', 6));
  await followed.told.until(3);
  stream.send('ERROR', { code: 410, message: 'too old' });
  await followed.troubles.until(1);
  followed.clock.advance(100);
  const again = (await followed.api.next()).stream();
  again.send('ADDED', thing('b', 9));
  await followed.told.until(4);
  t.notOk(followed.told.items.includes('- a'), 'nothing is taken for gone in the middle of a list');
  again.send('BOOKMARK', bookmark(10, true));
  t.same((await followed.told.until(6)).slice(3), ['+ b@9', '- a', '- c']);
  t.equal(followed.reflector.relists, 1);
});

t.test('an object that goes while the list is read again is told of once', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.send('ERROR', { code: 410 });
  await followed.troubles.until(1);
  followed.clock.advance(100);
  const again = (await followed.api.next()).stream();
  again.send('ADDED', thing('a', 1));
  again.send('DELETED', thing('a', 7));
  sendList(again, 8, thing('b', 2));
  t.same(await followed.told.until(4), ['+ a@1', '+ a@1', '- a', '+ b@2']);
});

t.test('a character that is cut by the network comes through whole', async (t) => {
  const followed = await follow(t);
  const stream = (await followed.api.next()).stream();
  const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: thing('é€😀', 1) })}\n`);
  for (const byte of bytes) {
    stream.raw(Buffer.from([byte]));
    await turn(1);
  }
  t.same(await followed.told.until(1), ['+ é€😀@1']);
});

t.test('query and accepted form are those that were asked for, in a list and in a watch', async (t) => {
  const accept = { watch: METADATA, list: METADATA_LIST };
  const { api } = await follow(t, { query: { fieldSelector: 'type!=x' }, accept });
  const first = await api.next();
  t.match(first, { query: { fieldSelector: 'type!=x', watch: '1' }, headers: { accept: METADATA } });
  first.refuse(422);
  const list = await api.next();
  t.match(list, { query: { fieldSelector: 'type!=x', limit: '500' }, headers: { accept: METADATA_LIST } });
  t.notOk(Object.hasOwn(list.query, 'watch'));
});

t.test('a line that is no JSON is reported without being quoted, and the watch goes on', async (t) => {
  const followed = await follow(t);
  const stream = await synced(followed, 5, thing('a', 1));
  stream.raw('{"type":"MODIFIED","object":CANARY\n');
  const [trouble] = await followed.troubles.until(1);
  t.equal(trouble?.code, 'RESTAMP_KUBE_PROTOCOL');
  t.notMatch(`${trouble?.stack}${String(trouble?.cause)}`, 'CANARY');
  followed.clock.advance(100);
  t.match((await followed.api.next()).query, { resourceVersion: '5' });
});

t.test('an exception of the follower is reported and does not end the watch', async (t) => {
  const names: string[] = [];
  const followed = await follow(t, {
    follower: {
      put: ({ metadata }) => {
        names.push(metadata.name);
        if (metadata.name === 'bad') throw new Error('cannot take it');
      },
      remove: () => {
        throw new Error('cannot let go');
      },
    },
  });
  const stream = await synced(followed, 5, thing('bad', 1), thing('good', 2));
  stream.send('DELETED', thing('good', 6));
  const troubles = await followed.troubles.until(2);
  t.same(names, ['bad', 'good']);
  t.same(
    troubles.map(({ code, detail }) => [code, detail]),
    [
      ['RESTAMP_INTERNAL_FAULT', '/api/v1/configmaps apps bad: Error: cannot take it'],
      ['RESTAMP_INTERNAL_FAULT', '/api/v1/configmaps apps good: Error: cannot let go'],
    ],
  );
  t.equal(followed.api.requests.items.length, 1, 'it is still the first watch');
});
