import t, { type Test } from 'tap';
import { startOpsServer, type OpsOptions } from '../../../src/telemetry/ops-server.ts';

async function ops(t: Test, unready: string[] = [], more: Partial<OpsOptions> = {}) {
  const server = await startOpsServer({
    listen: { host: '127.0.0.1', port: 0 },
    unready: () => unready,
    metrics: () => Promise.resolve({ type: 'text/x', text: 'm 1' }),
    mayRead: (token) => Promise.resolve(token === 'good'),
    ...more,
  });
  t.teardown(() => server.close());
  server.show(() => ({ waiting: ['apps/Deployment/api'] }));
  return async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.address.port}${path}`, { headers });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    };
  };
}

t.test('it lives while it answers, in our words and in those of Reloader', async (t) => {
  const get = await ops(t, ['not ready']);
  t.match(await get('/livez'), { status: 200, text: 'ok' });
  t.match(await get('/live'), { status: 200, text: 'alive' });
});

t.test('it is ready when nothing keeps it from that, and else says what does', async (t) => {
  const unready = ['the caches are not synced', 'the webhook is not registered'];
  const get = await ops(t, unready);
  t.match(await get('/readyz'), {
    status: 503,
    text: 'the caches are not synced\nthe webhook is not registered\n',
  });
  unready.length = 0;
  t.match(await get('/readyz'), { status: 200, text: 'ok' });
  unready.push('stopping');
  t.match(await get('/readyz'), { status: 503, text: 'stopping\n' });
});

t.test('metrics come with their own type', async (t) => {
  const get = await ops(t);
  t.same(await get('/metrics'), { status: 200, type: 'text/x', text: 'm 1' });
});

t.test('metrics that cannot be made are an error of that page only', async (t) => {
  const get = await ops(t, [], { metrics: () => Promise.reject(new Error('no metrics')) });
  t.equal((await get('/metrics')).status, 500);
  t.equal((await get('/livez')).status, 200);
  t.equal((await get('/other')).status, 404);
});

t.test('the status is for those whose token may read it', async (t) => {
  const get = await ops(t);
  const bad: Record<string, string>[] = [{}, { 'x-restamp-token': 'bad' }, { authorization: 'Bearer good' }];
  for (const headers of bad) {
    const refused = await get('/status', headers);
    t.ok(refused.status === 401 || refused.status === 403, JSON.stringify(headers));
    t.notMatch(refused.text, 'apps');
  }
  t.match(await get('/status', { 'x-restamp-token': 'good' }), { status: 200, text: 'apps/Deployment/api' });
});
