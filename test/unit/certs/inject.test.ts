import t from 'tap';
import { joinBundle, toCaBundle } from '../../../certs/bundle.ts';
import { planInjection } from '../../../certs/inject.ts';
import { issueCa } from '../../../certs/issue.ts';

const now = Date.UTC(2026, 10, 22);
const [one, two] = [(await issueCa(now)).certPem, (await issueCa(now)).certPem];
const bundle = joinBundle(one, two);
const value = toCaBundle(bundle);

const webhook = (name: string, caBundle?: string) => ({
  name,
  clientConfig: caBundle === undefined ? {} : { caBundle },
});

t.test('planInjection writes where the bundle is absent, and only there', async (t) => {
  const configuration = { webhooks: [webhook('a.restamp.dev', value), webhook('b.restamp.dev')] };
  t.strictSame(planInjection(configuration, bundle), [
    { op: 'test', path: '/webhooks/1/name', value: 'b.restamp.dev' },
    { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value },
  ]);
});

t.test('planInjection replaces another bundle, a part of it and a damaged one', async (t) => {
  for (const caBundle of [toCaBundle(one), '', 'Cg==', 'damaged']) {
    const operations = planInjection({ webhooks: [webhook('a.restamp.dev', caBundle)] }, bundle);
    t.match(operations, [{ op: 'test' }, { op: 'add', value }]);
  }
});

t.test('planInjection takes a CA away that is no longer in the bundle', async (t) => {
  t.ok(planInjection({ webhooks: [webhook('a.restamp.dev', value)] }, one));
});

t.test(
  'planInjection wants no write when every webhook trusts the bundle, however it is written',
  async (t) => {
    const other = toCaBundle(`${two}\n${one}`);
    const configuration = { webhooks: [webhook('a.restamp.dev', value), webhook('b.restamp.dev', other)] };
    t.equal(planInjection(configuration, bundle), undefined);
  },
);

t.test('planInjection wants no write where there is no webhook', async (t) => {
  t.equal(planInjection({}, bundle), undefined);
  t.equal(planInjection({ webhooks: [] }, bundle), undefined);
});

t.test('planInjection leaves its input as it was', async (t) => {
  const configuration = Object.freeze({ webhooks: Object.freeze([Object.freeze(webhook('a.restamp.dev'))]) });
  t.ok(planInjection(configuration, bundle));
});
