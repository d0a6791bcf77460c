import t from 'tap';
import { mayReadStatus, STATUS_RIGHT } from '../../../src/kube/authorization.ts';
import { connect, fakeApiServer } from '../../support/fake-api-server.ts';

type Test = { teardown(run: () => unknown): void };
const TOKEN = 'canary-token-7f3a91';
const ANN = { username: 'ann', uid: 'u-1', groups: ['staff'] };
const known = { authenticated: true, user: ANN };

/** Asks an API server that gives these answers to the two reviews. */
async function ask(t: Test, token: object, access: object = { allowed: true }) {
  const api = await fakeApiServer(t);
  api.answer((exchange) =>
    exchange.json({ status: exchange.path.endsWith('/tokenreviews') ? token : access }, 201),
  );
  const { client } = connect(t, api.url);
  return { may: await mayReadStatus(client, TOKEN), requests: api.requests.items };
}

t.test('the bearer of a token may read where the API server knows and allows it', async (t) => {
  const { may, requests } = await ask(t, known);
  t.equal(may, true);
  t.same(
    requests.map(({ method, path, body }) => [method, path, (JSON.parse(body) as { spec: object }).spec]),
    [
      ['POST', '/apis/authentication.k8s.io/v1/tokenreviews', { token: TOKEN }],
      [
        'POST',
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        {
          user: 'ann',
          uid: 'u-1',
          groups: ['staff'],
          nonResourceAttributes: { path: STATUS_RIGHT, verb: 'get' },
        },
      ],
    ],
  );
});

t.test('a token that nobody knows may not, and no access is asked for', async (t) => {
  const unknown = [{}, { authenticated: false, user: ANN }, { user: ANN }, { authenticated: true }];
  for (const status of [...unknown, { authenticated: true, user: {} }]) {
    const { may, requests } = await ask(t, status);
    t.equal(may, false, JSON.stringify(status));
    t.equal(requests.length, 1);
  }
});

t.test('a known user without the right may not', async (t) => {
  for (const access of [{}, { allowed: false }, { allowed: false, denied: true }, { allowed: 'true' }])
    t.equal((await ask(t, known, access)).may, false, JSON.stringify(access));
});

t.test('a review that fails is an error of ours, without the token, and never a yes', async (t) => {
  for (const failing of ['/tokenreviews', '/subjectaccessreviews']) {
    const api = await fakeApiServer(t);
    api.answer((exchange) => {
      if (exchange.path.endsWith(failing)) exchange.refuse(403, 'no');
      else exchange.json({ status: known }, 201);
    });
    const { client } = connect(t, api.url);
    const error: unknown = await mayReadStatus(client, TOKEN).catch((thrown: unknown) => thrown);
    t.match(error, { code: /^RESTAMP_KUBE_/ }, failing);
    t.notMatch(`${String(error)} ${JSON.stringify(error)}`, TOKEN);
  }
});
