import t, { type Test } from 'tap';
import { BUILT_IN, kindPath } from '../../../src/core/api/kind.ts';
import { sendList, thing } from '../../support/kube/reflector-harness.ts';
import type { Stream } from '../../support/fake-api-server.ts';
import { watching } from '../../support/controller/informers-harness.ts';

const AT_ONCE = 100;
const NAMESPACES = Array.from({ length: 20 }, (_none, at) => `team-${at}`);
const COUNT = 7 * NAMESPACES.length + 1;

/** More watches than lists may be read at once; all have been shown. */
async function synced(t: Test) {
  const made = await watching(t, { namespaces: NAMESPACES });
  const answered = new Set<Stream>();
  for (let first = AT_ONCE; first <= COUNT; first += 1) {
    const next = (await made.opened.until(first)).find(({ stream }) => !answered.has(stream))!;
    t.equal(made.opened.items.length, first, 'each list that ends lets one more begin');
    answered.add(next.stream);
    sendList(next.stream, 5);
  }
  for (const { stream } of made.opened.items) if (!answered.has(stream)) sendList(stream, 5);
  await made.watches.synced;
  return made;
}

t.test('of very many watches, each goes on as it is until its turn to be read again', async (t) => {
  const { watches, told, opened } = await synced(t);
  watches.relist();
  await opened.until(COUNT + AT_ONCE);
  const last = opened.items[COUNT - 2]!;
  t.equal(last.exchange.path, kindPath(BUILT_IN.at(-1)!, 'team-19'));
  last.stream.send('ADDED', thing('app', 6));
  await told.find((what) => what.endsWith('+ app'));
  t.equal(opened.items.length, COUNT + AT_ONCE, 'the others wait');
});

t.test('lists that are refused keep nobody waiting', async (t) => {
  const { watches, api } = await synced(t);
  api.answer((exchange) => exchange.refuse(403));
  watches.relist();
  await api.requests.until(2 * COUNT);
});
