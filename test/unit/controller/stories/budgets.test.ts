import t from 'tap';
import { world, type World } from '../../../support/controller/world.ts';

const LIST = 'configmap.reloader.stakater.com/reload';
const named = (count: number): string => Array.from({ length: count }, (_none, at) => `n${at}`).join();
const told = (made: World): string[] =>
  made.events.filter(({ reason }) => reason === 'TooManySources').map(({ message }) => message);

async function listing(count: number): Promise<World> {
  const made = world();
  for (const name of ['cm/n0', 'cm/n999', 'cm/n1000']) made.putSource(name, { a: '1' });
  made.putWorkload('api', { annotations: { [LIST]: named(count) } });
  made.mutator.start();
  await made.pass(1000);
  return made;
}

t.test(
  'the first thousand names of a list are followed; the others are told of once, and do not count',
  async (t) => {
    const made = await listing(1001);
    t.match(told(made), [/Deployment 'api' names too many sources: the first 1000 .* 1 are not/]);
    t.equal(made.errors.length, 1);
    made.putSource('cm/n1000', { a: '2' });
    await made.pass(2000);
    t.same(made.rolled(), []);
    made.putSource('cm/n999', { a: '2' });
    await made.pass(2000);
    t.same(made.rolled(), ['api']);
    t.equal(told(made).length, 1);
    made.annotate('api', { [LIST]: named(1002) });
    await made.pass(1000);
    t.equal(told(made).length, 2, 'another number is news');
  },
);

t.test('a list that fits is told of by nobody', async (t) => {
  t.same(told(await listing(1000)), []);
});

t.test('only who leads tells', async (t) => {
  const made = world();
  made.queue.setActive(false);
  made.putWorkload('api', { annotations: { [LIST]: named(1001) } });
  made.mutator.start();
  await made.pass(1000);
  t.same(told(made), []);
  made.queue.setActive(true);
  made.mutator.recover();
  await made.pass(1000);
  t.equal(told(made).length, 1);
});

t.test('ten thousand parts that are invalid are eleven lines', async (t) => {
  const made = world();
  made.putWorkload('api', {
    annotations: { [LIST]: Array.from({ length: 10_000 }, (_none, at) => `(${at}`).join() },
  });
  made.mutator.start();
  await made.pass(1000);
  t.equal(made.invalid.length, 11);
  t.match(made.invalid.at(-1), '9990 more parts are invalid');
  made.annotate('api', { other: 'x' });
  await made.pass(1000);
  t.equal(made.invalid.length, 11, 'told once');
});

t.test(
  'new names are matched once for each list, however many have it and however often they are judged',
  async (t) => {
    const made = world();
    const create = (from: number, to: number): void => {
      for (let at = from; at < to; at += 1) made.putSource(`cm/config-${at}`, { a: '1' });
    };
    create(0, 50);
    const names = Array.from({ length: 10 }, (_none, at) => `api-${at}`);
    for (const name of names) made.putWorkload(name, { uses: [], annotations: { [LIST]: 'conf.+[0-9]' } });
    const [pattern] = made.workloads.get('apps/Deployment/api-0')?.workload.optIn.cm.list?.patterns ?? [];
    const matcher = pattern!.matcher.bind(pattern);
    const tried: string[] = [];
    Object.assign(pattern!, {
      matcher: (name: string) => {
        tried.push(name);
        return matcher(name);
      },
    });
    made.mutator.start();
    await made.pass(5000);
    t.equal(tried.length, 50);
    create(50, 60);
    await made.pass(5000);
    made.mutator.recover();
    await made.pass(5000);
    t.same(
      tried.slice(50),
      Array.from({ length: 10 }, (_none, at) => `config-${at + 50}`),
    );
    t.equal(made.workloads.map('apps/Deployment/api-9')?.s.size, 60);
  },
);

t.test('each source is asked for once in a judgement, and what has room once for each map', async (t) => {
  const made = world();
  for (let at = 0; at < 200; at += 1) made.putSource(`cm/n${at}`, { a: '1' });
  const asking = { 'configmap.reloader.stakater.com/reload': '.*' };
  made.putWorkload('api', { uses: [], annotations: { ...asking, pad: 'x'.repeat(250_000) } });
  made.mutator.start();
  await made.pass(5000);
  const key = 'apps/Deployment/api';
  const { uid, references } = made.workloads.get(key)!.workload;
  const asked = { get: 0, has: 0 };
  for (const how of ['get', 'has'] as const)
    Object.assign(references, {
      [how]: () => {
        asked[how] += 1;
        return how === 'get' ? undefined : false;
      },
    });
  const map = made.workloads.map(key)!;
  made.workloads.remember(key, uid, { ...map, s: new Map(map.s) });
  t.match(made.judge.judge(key), { is: 'fresh', write: false });
  t.same(asked, { get: 200, has: 200 }, 'another map may have room');
  t.match(made.judge.judge(key), { is: 'fresh', write: false });
  t.same(asked, { get: 400, has: 200 });
  made.annotate('api', { pad: null });
  t.match(made.judge.judge(key), { is: 'fresh', write: true }, 'others have left more room');
});
