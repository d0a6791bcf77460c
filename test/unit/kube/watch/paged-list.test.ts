import t from 'tap';
import { METADATA_LIST } from '../../../../src/kube/client.ts';
import { readPages, type ListRequest, type Page } from '../../../../src/kube/watch/paged-list.ts';
import { connect, fakeApiServer } from '../../../support/fake-api-server.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const path = '/api/v1/configmaps';

async function reading(t: Parameters<typeof fakeApiServer>[0], more: Partial<ListRequest> = {}) {
  const api = await fakeApiServer(t);
  const { client } = connect(t, api.url, { clock: fakeClock(0) });
  const { signal } = new AbortController();
  const read = async (): Promise<Page<string>[]> => {
    const pages: Page<string>[] = [];
    for await (const page of readPages<string>(client, { path, signal, ...more })) pages.push(page);
    return pages;
  };
  return { api, pages: read() };
}

t.test('each part is asked for by the mark of the one before, until there is none', async (t) => {
  const query = { labelSelector: 'a=b' };
  const { api, pages } = await reading(t, { query, accept: METADATA_LIST });
  const first = await api.next();
  t.same(first.query, { labelSelector: 'a=b', limit: '500' });
  t.equal(first.headers['accept'], METADATA_LIST);
  first.json({ metadata: { resourceVersion: '4', continue: 'more' }, items: ['a', 'b'] });
  const second = await api.next();
  t.same(second.query, { labelSelector: 'a=b', limit: '500', continue: 'more' });
  second.json({ metadata: { resourceVersion: '5', continue: '' }, items: ['c'] });
  t.same(await pages, [
    { items: ['a', 'b'], version: '4' },
    { items: ['c'], version: '5' },
  ]);
  t.equal(api.requests.items.length, 2);
});

t.test('an empty list is one part, whether it is written as null or not', async (t) => {
  for (const items of [null, []]) {
    const { api, pages } = await reading(t);
    (await api.next()).json({ metadata: { resourceVersion: '4' }, items });
    t.same(await pages, [{ items: [], version: '4' }]);
  }
});

t.test('a mark that has become too old is said as such', async (t) => {
  const { api, pages } = await reading(t);
  (await api.next()).json({ metadata: { resourceVersion: '4', continue: 'more' }, items: [] });
  const rejected = t.rejects(pages, { code: 'RESTAMP_KUBE_GONE' });
  (await api.next()).refuse(410, 'the continue token is too old');
  await rejected;
});
