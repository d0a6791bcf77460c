import t from 'tap';
import { LAST_ROLL, STAMPS } from '../../../src/core/api/annotations.ts';
import { reloaderHash } from '../../../src/core/objects/digest.ts';
import { parseHistory } from '../../../src/core/stamps/history.ts';
import { sourceData } from '../../../src/core/objects/source-data.ts';
import { RestampError, type ErrorCode } from '../../../src/errors.ts';
import { digestOf } from '../../support/controller/builders.ts';
import { settled, world } from '../../support/controller/world.ts';

const sha1 = (data: object): string => reloaderHash(sourceData('cm', { data }));

t.test('one strategic patch carries lever, map and history, for the version that was judged', async (t) => {
  const made = await settled();
  const { resourceVersion, annotations: before } = made.stored('api').metadata;
  made.putSource('cm/app', { a: '2' }, { by: 'ann' });
  await made.pass(3000);
  t.equal(made.patches.length, 1);
  const [{ type, body } = { type: '', body: {} }] = made.patches;
  t.equal(type, 'strategic');
  t.same(body.spec, {
    template: {
      spec: {
        containers: [{ name: 'main', env: [{ name: 'STAKATER_APP_CONFIGMAP', value: sha1({ a: '2' }) }] }],
      },
    },
  });
  t.equal(body.metadata?.resourceVersion, resourceVersion);
  t.same(Object.keys(body.metadata?.annotations ?? {}).sort(), [LAST_ROLL, STAMPS]);
  const map = JSON.parse(body.metadata?.annotations?.[STAMPS] ?? '') as { n: number };
  t.match(map, { v: 1, key: 'k1', for: 'apps/Deployment/api' });
  t.ok(map.n > (JSON.parse(before?.[STAMPS] ?? '') as { n: number }).n, 'the counter grows');
  t.match(map, { s: { 'cm/app': { h: digestOf('cm/app', { a: '2' }), uid: 'uid-app' } } });
  t.equal(parseHistory(body.metadata?.annotations?.[LAST_ROLL] ?? '').length, 1);
});

t.test('the history grows by each roll, newest first', async (t) => {
  const made = await settled();
  for (const value of ['2', '3']) {
    made.putSource('cm/app', { a: value }, { by: `writer-${value}` });
    await made.pass(3000);
  }
  const history = parseHistory((made.stored('api').metadata.annotations ?? {})[LAST_ROLL]);
  t.same(
    history.map(({ sources }) => sources[0]?.by),
    ['writer-3', 'writer-2'],
  );
});

t.test('a conflict is read again and rolled at once, if it is stale still', async (t) => {
  const made = await settled();
  let conflicts = 0;
  made.ways.patch = async (_name, { body }) => {
    if (body.spec === undefined || conflicts > 0) return;
    conflicts += 1;
    made.ways.echo = false;
    // Somebody writes just before us, and the watch has not told of it yet.
    Object.assign(made.stored('api').metadata, { resourceVersion: '900000' });
    made.shelf.versions.last = 900_000;
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(1000);
  t.same(made.rolled(), ['api', 'api']);
  t.equal(made.patches[1]?.body.metadata?.resourceVersion, '900000');
  t.same(made.errors, [], 'that is no failure');
  await made.pass(20_000);
  t.equal(made.rolled().length, 2);
});

t.test('a refusal is told as a failure, and tried again with patience', async (t) => {
  for (const [thrown, told] of [
    ['RESTAMP_KUBE_FORBIDDEN', 'A right is missing'],
    ['RESTAMP_KUBE_INVALID', 'A workload cannot be rolled'],
    ['RESTAMP_KUBE_UNSUPPORTED', 'The API server does not offer this request'],
  ] as const satisfies (readonly [ErrorCode, string])[]) {
    const made = await settled();
    made.ways.patch = async () => {
      throw new RestampError(thrown, 'no');
    };
    made.putSource('cm/app', { a: '2' });
    await made.pass(61_000);
    const tries = made.rolled().length;
    t.ok(tries >= 5 && tries <= 8, `${tries} tries in a minute, each pause twice as long as the one before`);
    t.equal(made.errors.length, 1, 'the cause is told once');
    t.match(
      made.errors[0],
      `Update for 'api' of type 'Deployment' in namespace 'apps' failed with error ${told}`,
    );
    t.match(made.events[0], { type: 'Warning', reason: 'ReloadFail', component: 'reloader-configmaps' });
    made.ways.patch = async () => undefined;
    await made.pass(300_000);
    t.equal(made.rolled().length, tries + 1, 'it is never given up');
    t.equal(made.queue.size, 0);
  }
});

t.test('an API server that is away is tried again soon, and the change is not lost', async (t) => {
  const made = await settled();
  let away = true;
  made.ways.patch = async () => {
    if (away) throw new RestampError('RESTAMP_KUBE_UNAVAILABLE', 'down');
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(10_000);
  t.ok(made.rolled().length >= 4);
  away = false;
  await made.pass(30_000);
  t.equal(made.queue.size, 0);
  t.match(JSON.stringify(made.stored('api').spec), sha1({ a: '2' }));
});

t.test('an API server that asks for a pause gets it, whatever changes meanwhile', async (t) => {
  const made = await settled();
  made.ways.patch = async () => {
    throw new RestampError('RESTAMP_KUBE_THROTTLED', 'slow', { retryAfter: 20 });
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(2000);
  made.putSource('cm/app', { a: '3' });
  await made.pass(17_000);
  t.equal(made.rolled().length, 1);
  await made.pass(3000);
  t.equal(made.rolled().length, 2);
});

t.test(
  'a workload that is gone when it is patched is forgotten by its event, not by a storm of patches',
  async (t) => {
    const made = await settled();
    made.ways.patch = async () => {
      throw new RestampError('RESTAMP_KUBE_NOT_FOUND', 'gone');
    };
    made.putSource('cm/app', { a: '2' });
    await made.pass(20_000);
    t.ok(made.rolled().length < 12, `${made.rolled().length} tries in 20 s`);
    t.same(made.errors, []);
    made.remove('api');
    await made.pass(60_000);
    t.equal(made.queue.size, 0);
  },
);

t.test('one workload that fails does not keep the others', async (t) => {
  const made = await settled(['api', 'web']);
  made.ways.patch = async (name) => {
    if (name === 'api') throw new RestampError('RESTAMP_KUBE_INVALID', 'no');
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(2000);
  t.ok(made.rolled().includes('web'));
  t.match(JSON.stringify(made.stored('web').spec), sha1({ a: '2' }));
});

t.test('where the lever has its target value already, the template changes all the same', async (t) => {
  const made = await settled([]);
  const env = [{ name: 'STAKATER_APP_CONFIGMAP', value: sha1({ a: '2' }) }];
  made.putWorkload('api', { env });
  await made.pass(3000);
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.same(made.rolled(), ['api']);
  const last = made.patches.at(-1);
  t.match(last?.body.spec?.template.metadata?.annotations ?? {}, { 'restamp.dev/stamp': /^\d+\./ });
});

t.test('a roll for very many sources is told in short, and is nobody’s revert', async (t) => {
  const made = world({ baselinesPerSecond: 1000 });
  const names = Array.from({ length: 120 }, (_, at) => `cm/application-config-${at}`);
  const put = (value: string): void => {
    for (const name of names) made.putSource(name, { ca: value }, { by: 'a sync' });
  };
  put('0');
  made.putWorkload('api', {
    uses: [],
    annotations: { 'configmap.reloader.stakater.com/reload': '.*' },
    settled: true,
  });
  made.mutator.start();
  await made.pass(5000);
  let told = '';
  for (let round = 1; round <= 4; round += 1) {
    put(String(round));
    await made.pass(20_000);
    t.equal(made.rolled().length, round);
    const next = (made.stored('api').metadata.annotations ?? {})[LAST_ROLL] ?? '';
    t.not(next, told, 'the history changes with each roll');
    told = next;
    const { sources, more = 0 } = parseHistory(next)[0]!;
    t.equal(sources.length + more, 120);
  }
  t.same(made.reverted, []);
  t.equal(made.queue.size, 0);
});
