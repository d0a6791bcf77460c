import t, { type Test } from 'tap';
import { RestampError } from '../../../../src/errors.ts';
import { apiServer } from '../../../support/controller/fake-cluster.ts';

const nightly = { kind: 'CronJob', namespace: 'prod', name: 'nightly' };
const KEY = 'prod/CronJob/nightly';
const LIST = 'configmap.reloader.stakater.com/reload';

/** A CronJob that depends on `app` and `more`, both changed; its Job was made, and its map was not stored. */
async function crashed() {
  const server = apiServer();
  const one = server.replica();
  for (const name of ['app', 'more']) server.putSource('prod', { a: '1' }, name);
  server.put(nightly, { annotations: { [LIST]: 'app,more' } });
  one.parts.mutator.start();
  await server.pass(3000);
  server.ways.patch = () => Promise.reject(new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'it goes down'));
  for (const name of ['app', 'more']) server.putSource('prod', { a: '2' }, name);
  await server.pass(1500);
  one.lead(false);
  server.ways.patch = async () => undefined;
  /** The next leader, which knows nothing of the former one. */
  const follow = async (t: Test): Promise<void> => {
    const two = server.replica();
    server.tellAll();
    two.parts.mutator.start();
    await server.pass(10_000);
    t.same(two.parts.queue.waiting(), []);
  };
  const jobs = (): string[][] =>
    [...server.objects]
      .filter(([key]) => key.includes('/Job/'))
      .map(([, job]) => {
        const { template } = job.spec as {
          template: { spec: { containers: { env?: { name: string }[] }[] } };
        };
        return (template.spec.containers[0]?.env ?? []).map(({ name }) => name);
      });
  return { server, follow, jobs };
}

t.test('the Job that was made before a crash is the Job of the roll', async (t) => {
  const { follow, jobs } = await crashed();
  t.equal(jobs().length, 1);
  await follow(t);
  t.equal(jobs().length, 1);
});

t.test('so it is where less is to be rolled since: it has run all of that', async (t) => {
  const { server, follow, jobs } = await crashed();
  server.dropSource('prod', 'more');
  await follow(t);
  t.same(jobs(), [['STAKATER_APP_CONFIGMAP', 'STAKATER_MORE_CONFIGMAP']]);
  const { annotations } = server.objects.get(KEY)!.metadata;
  t.match(annotations['restamp.dev/last-roll'], /"cm\/app"/);
});

t.test('it is not where it lacks anything that is to be rolled now', async (t) => {
  const { server, follow, jobs } = await crashed();
  server.putSource('prod', { a: '3' }, 'more');
  await follow(t);
  t.equal(jobs().length, 2);
});

t.test('nor is a Job of that name that somebody else has made', async (t) => {
  const { server, follow, jobs } = await crashed();
  for (const [key, { spec }] of server.objects)
    if (key.includes('/Job/'))
      for (const { env = [] } of (spec as { template: { spec: { containers: { env?: object[] }[] } } })
        .template.spec.containers)
        env.length = 0;
  await follow(t);
  t.same(jobs(), [[], ['STAKATER_APP_CONFIGMAP', 'STAKATER_MORE_CONFIGMAP']]);
});
