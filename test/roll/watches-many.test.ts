import t from 'tap';
import { BUILT_IN, kindPath } from '../../src/core/kind.ts';
import { sendList, thing } from '../kube/follow.ts';
import type { Stream } from '../helpers/fake-api-server.ts';
import { watching } from './watching.ts';

t.test(
  'of very many watches, few are listed at once, and each goes on until its turn has come',
  async (t) => {
    const namespaces = Array.from({ length: 20 }, (_none, at) => `team-${at}`);
    const { watches, told, opened } = await watching(t, { namespaces });
    const count = 7 * namespaces.length + 1;
    const answered = new Set<Stream>();
    for (let first = 100; first <= count; first += 1) {
      const next = (await opened.until(first)).find(({ stream }) => !answered.has(stream))!;
      t.equal(opened.items.length, first);
      answered.add(next.stream);
      sendList(next.stream, 5);
    }
    for (const { stream } of opened.items) if (!answered.has(stream)) sendList(stream, 5);
    await watches.synced;
    watches.relist();
    await opened.until(count + 100);
    const last = opened.items[count - 2]!;
    t.equal(last.exchange.path, kindPath(BUILT_IN.at(-1)!, 'team-19'));
    last.stream.send('ADDED', thing('app', 6));
    await told.find((what) => what.endsWith('+ app'));
    t.equal(opened.items.length, count + 100, 'the others wait');
  },
);
