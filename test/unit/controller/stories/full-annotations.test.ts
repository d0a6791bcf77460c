import t from 'tap';
import { HELD, LAST_ROLL, STAMPS } from '../../../../src/core/api/annotations.ts';
import { parseHistory } from '../../../../src/core/stamps/history.ts';
import { RestampError } from '../../../../src/errors.ts';
import { annotationBytes } from '../../../support/controller/fake-patch.ts';
import { AUTO, digestOf } from '../../../support/controller/builders.ts';
import { settled, world, type World } from '../../../support/controller/world.ts';

/** What the API server takes, less what the Deployment controller adds on a ReplicaSet. */
const LIMIT = 256 * 1024 - 200;
const annotationsOf = (made: World) => made.stored('api').metadata.annotations ?? {};

/** A Deployment on which others have left so many bytes of annotations. */
async function crowded(bytes: number, settings: Parameters<typeof settled>[1] = {}): Promise<World> {
  const made = await settled([], settings);
  const [key = ''] = Object.keys(AUTO);
  const frame = Buffer.byteLength(`${key}${AUTO[key]}filler`);
  made.putWorkload('api', { annotations: { ...AUTO, filler: 'x'.repeat(LIMIT - bytes - frame) } });
  await made.pass(3000);
  return made;
}

t.test('a workload with annotations that are nearly full rolls, whatever room there is', async (t) => {
  for (const bytes of [0, 10, 30, 90, 150, 200, 250, 320, 400, 600, 9000]) {
    const made = await crowded(bytes);
    for (const value of ['2', '3', '4']) {
      made.putSource('cm/app', { a: value }, { by: 'ann' });
      await made.pass(3000);
    }
    t.equal(made.rolled().length, 3, `${bytes} bytes`);
    t.ok(annotationBytes(made.stored('api')) <= LIMIT);
    t.same([made.errors, made.troubles, made.queue.size], [[], [], 0]);
    await made.pass(60_000);
    t.equal(made.rolled().length, 3, 'and no more');
    const { [STAMPS]: map, [LAST_ROLL]: history } = annotationsOf(made);
    t.equal(map !== undefined, bytes >= 200, 'it gets the room before the history');
    t.equal(history !== undefined, bytes === 90 || bytes === 150 || bytes >= 320);
    t.same(made.leftOut, map === undefined ? ['api 1 of all'] : [], 'told once');
  }
});

t.test('what is stored of a map goes where there is no room for it any more', async (t) => {
  const made = await settled(['api']);
  t.ok(annotationsOf(made)[STAMPS]);
  const free = LIMIT - annotationBytes(made.stored('api'));
  // Somebody fills it to the last byte: our map is in it.
  made.annotate('api', { x: 'x'.repeat(free - 1) });
  await made.pass(3000);
  made.putSource('cm/app', { a: '2' });
  await made.pass(3000);
  t.equal(made.rolled().length, 1);
  const map = annotationsOf(made)[STAMPS];
  t.notMatch(map ?? '', digestOf('cm/app', { a: '1' }), 'an old one would be stale at the next start');
});

t.test('a map that does not fit is told of once, and its workload rolls', async (t) => {
  const made = await settled([]);
  const names = Array.from({ length: 400 }, (_, index) => `source-${index}-${'x'.repeat(150)}`);
  for (const name of names) made.putSource(`cm/${name}`, { a: '1' });
  made.putWorkload('api', { uses: names.map((name) => `cm/${name}`) });
  await made.pass(5000);
  for (const value of ['2', '3']) {
    made.putSource(`cm/${names[0]}`, { a: value });
    await made.pass(60_000);
  }
  t.same(made.rolled(), ['api', 'api']);
  t.same(made.leftOut, ['api 400 of all']);
  t.equal(parseHistory(annotationsOf(made)[LAST_ROLL]).length, 2);
  t.same([made.errors, made.troubles, made.queue.size], [[], [], 0]);
});

t.test('a refusal because of a size that nobody foresaw is met by the smallest roll', async (t) => {
  for (const [code, said] of [
    ['RESTAMP_KUBE_INVALID', 'metadata.annotations: Too long: may not be more than 1000 bytes'],
    ['RESTAMP_KUBE_INVALID', 'admission webhook "limits" denied the request: annotations too large'],
    ['RESTAMP_KUBE_UNAVAILABLE', 'etcdserver: request is too large'],
    ['RESTAMP_KUBE_TOO_LARGE', 'PATCH /apis/apps/v1/namespaces/apps/deployments/api: status 413'],
  ] as const) {
    const made = await settled(['api']);
    made.ways.patch = async (_name, { body }) => {
      const { [STAMPS]: map, [LAST_ROLL]: history } = body.metadata?.annotations ?? {};
      if ((map ?? history ?? null) !== null) throw new RestampError(code, said);
    };
    made.putSource('cm/app', { a: '2' });
    await made.pass(3000);
    t.equal(made.rolled().length, 2, said);
    t.same(made.errors, []);
    t.same(made.leftOut, ['api 1 of all']);
    await made.pass(60_000);
    t.equal(made.rolled().length, 2, 'it is not stale any more');
  }
});

t.test('what is too large even so is tried with patience, and says so', async (t) => {
  const made = await settled(['api']);
  made.ways.patch = async () => {
    throw new RestampError('RESTAMP_KUBE_TOO_LARGE', 'status 413');
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(60_000);
  const tries = made.rolled().length / 2;
  t.ok(tries >= 5 && tries <= 8, `${tries} tries in a minute, each of a whole and a bare roll`);
  t.match(made.errors, [/takes no request this large/]);
  t.equal(made.errors.length, 1);
  t.match(made.queue.waiting(), [{ reason: 'rejected' }]);
});

t.test('a refusal of another kind is sent once for each try', async (t) => {
  const made = await settled(['api']);
  made.ways.patch = async () => {
    throw new RestampError('RESTAMP_KUBE_INVALID', 'spec.template: Invalid value');
  };
  made.putSource('cm/app', { a: '2' });
  await made.pass(1500);
  t.equal(made.rolled().length, 1);
});

t.test('a hold for very many sources is cut to 8 KiB, with a count', async (t) => {
  const made = world({ baselinesPerSecond: 1000, rollLimit: 1 });
  const put = (value: string): void => {
    for (let at = 0; at < 300; at += 1) made.putSource(`cm/application-config-${at}`, { a: value });
  };
  put('0');
  made.putWorkload('api', {
    uses: [],
    annotations: { 'configmap.reloader.stakater.com/reload': '.*' },
    settled: true,
  });
  made.mutator.start();
  await made.pass(5000);
  for (const value of ['1', '2']) {
    put(value);
    await made.pass(20_000);
  }
  const text = annotationsOf(made)[HELD] ?? '';
  t.ok(text.length > 4096 && text.length <= 8192, `${text.length} bytes`);
  const held = JSON.parse(text) as { sources: unknown[]; more: number; detail: string };
  t.equal(held.sources.length + held.more, 300);
  t.ok(held.detail.length <= 500);
  const line = made.audit.findLast(({ audit }) => audit === 'held');
  t.ok(JSON.stringify(line).length < 10_000);
});

t.test('a hold gives way to the map, and the history to the hold', async (t) => {
  for (const bytes of [200, 500, 700]) {
    const made = await crowded(bytes, { rollLimit: 1 });
    for (const value of ['2', '3']) {
      made.putSource('cm/app', { a: value });
      await made.pass(3000);
    }
    t.equal(made.rolled().length, 1);
    const { [STAMPS]: map, [HELD]: held, [LAST_ROLL]: history } = annotationsOf(made);
    t.ok(map, `${bytes} bytes`);
    t.equal(held !== undefined, bytes > 200);
    t.equal(history !== undefined, bytes > 500);
    t.same(made.troubles, []);
  }
});

t.test('what is left is enough for what the Deployment controller adds on a ReplicaSet', async (t) => {
  const [key = ''] = Object.keys(AUTO);
  const needs = ['revision', 'desired-replicas', 'max-replicas']
    .map((name) => `deployment.kubernetes.io/${name}`.length + 10)
    .reduce((sum, bytes) => sum + bytes);
  for (let bytes = needs; bytes < 2000; bytes += 97) {
    const made = await settled([]);
    const frame = Buffer.byteLength(`${key}${AUTO[key]}filler`);
    const filler = 'x'.repeat(256 * 1024 - bytes - frame);
    made.putWorkload('api', { annotations: { ...AUTO, filler } });
    await made.pass(3000);
    for (const a of ['2', '3', '4']) {
      made.putSource('cm/app', { a }, { by: 'ann' });
      await made.pass(3000);
      const left = 256 * 1024 - annotationBytes(made.stored('api'));
      t.ok(left >= needs, `${bytes} were left by others, ${left} by us`);
    }
  }
});
