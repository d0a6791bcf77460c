import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Random } from '../chaos/random.ts';
import { hostileText } from '../helpers/hostile.ts';
import { get } from './metrics.ts';
import { AUTO, leverOf, sha1Of, source, workload, type SourceName } from './objects.ts';
import { openStage } from './stage.ts';

// What strangers write into annotations concerns their own workloads: it ends no process and holds nobody else up.

t.setTimeout(900_000);

const root = fileURLToPath(new URL('../..', import.meta.url));
const VICTIMS = 30;
const PATCHES_AT_ONCE = 8;
/** In three places each: on a workload, on its pod template, and on a source. */
const VALUES = 180;
const EXAMPLES = [
  'true',
  'app,app-.*',
  '30s',
  'roll@2026-11-22T12:00:00Z',
  '2026-11-22T12:00:00Z',
  '{"v":1,"n":3,"key":"0123abcd","for":"a/Deployment/b","s":{"cm/app":{"h":"AAAAAAAAAAAAAAAAAAAAAA","uid":"u","rv":"7"}}}',
  '{"reason":"limit","since":"2026-11-22T12:00:00Z","sources":[{"source":"cm/app","cause":"changed","keys":["a"],"by":"x","changed":"2026-11-22T12:00:00Z"}]}',
  '[{"rolled":"2026-11-22T12:00:00Z","sources":[{"source":"cm/app","cause":"changed","changed":"2026-11-22T12:00:00Z"}]}]',
  '{"type":"CONFIGMAP","name":"app","namespace":"a","hash":"b","containerRefs":["main"],"observedAt":"2026-11-22T12:00:00Z"}',
];

/** Every annotation that the product names. */
async function keysOfTheCode(): Promise<string[]> {
  const keys = new Set<string>();
  for await (const file of glob('src/core/**/*.ts', { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8');
    for (const [, key = ''] of text.matchAll(
      /'((?:[a-z]+\.)*(?:reloader\.stakater\.com|restamp\.dev)\/[-a-z]+)'/g,
    ))
      keys.add(key);
  }
  return [...keys];
}

const name = (at: number): string => `victim-${at % VICTIMS}`;
const ofVictim = (at: number): SourceName => `ConfigMap/${name(at)}`;

t.test('5,000 hostile values of all annotations end nothing, and bystanders roll', async (t) => {
  const stage = await openStage(t, 'hostile', { flags: ['--roll-limit=0'] });
  const random = new Random(7, stage.ns.replace(/\d+/g, ''));
  const keys = await keysOfTheCode();
  for (let at = 0; at < VICTIMS; at += 1) {
    await stage.create(source(ofVictim(at), { round: '0' }));
    await stage.create(
      workload('Deployment', name(at), { annotations: AUTO, uses: [ofVictim(at)], replicas: 0 }),
    );
  }
  const shared: SourceName = 'ConfigMap/shared';
  await stage.create(source(shared, { round: '0' }));
  await stage.create(workload('Deployment', 'bystander', { annotations: AUTO, uses: [shared], replicas: 0 }));
  await stage.stamped('Deployment', 'bystander', [shared]);

  let sent = 0;
  let refused = 0;
  /** What each object bears, to be taken away with the next one. */
  const borne = new Map<string, string>();
  const attack = async (key: string, at: number): Promise<void> => {
    const value = hostileText(random, random.pick(EXAMPLES));
    const place = at % 3;
    const id = `${place} ${name(at)}`;
    const annotations = { ...AUTO, [borne.get(id) ?? key]: null, [key]: value };
    borne.set(id, key);
    const body =
      place === 1 ? { spec: { template: { metadata: { annotations } } } } : { metadata: { annotations } };
    sent += 1;
    // The API server may refuse a value; that is one hostile value that never came.
    await stage.patch(place === 2 ? 'ConfigMap' : 'Deployment', name(at), body).catch(() => (refused += 1));
    if (random.chance(0.3)) await stage.change(ofVictim(at), { round: String(at) });
  };
  for (const [round, key] of keys.entries()) {
    const left = Array.from({ length: VALUES }, (_none, at) => at);
    const next = async (): Promise<void> => {
      for (let at = left.pop(); at !== undefined; at = left.pop()) await attack(key, at);
    };
    await Promise.all(Array.from({ length: PATCHES_AT_ONCE }, next));
    // Level with every value that was sent before: the bystander rolls for what is stored now.
    const data = { round: String(round + 1) };
    await stage.change(shared, data);
    await stage.until('Deployment', 'bystander', (object) => leverOf(object, shared) === sha1Of(data));
  }
  t.ok(sent >= 5_000, `${sent} values of ${keys.length} annotations`);
  t.ok(refused < sent / 10, `${refused} were refused by the API server`);

  // Whoever takes the nonsense away is served again.
  for (let at = 0; at < VICTIMS; at += 1) {
    const none = Object.fromEntries(keys.map((key) => [key, null]));
    await stage.patch('ConfigMap', name(at), { metadata: { annotations: none } });
    await stage.patch('Deployment', name(at), {
      metadata: { annotations: { ...none, ...AUTO } },
      spec: { template: { metadata: { annotations: none } } },
    });
    await stage.stamped('Deployment', name(at), [ofVictim(at)]);
  }
  const last = { round: 'last' };
  for (let at = 0; at < VICTIMS; at += 1) await stage.change(ofVictim(at), last);
  for (let at = 0; at < VICTIMS; at += 1)
    await stage.until('Deployment', name(at), (object) => leverOf(object, ofVictim(at)) === sha1Of(last));
  const metrics = await stage.metrics();
  t.equal(
    get(metrics, 'restamp_errors_total', { code: 'RESTAMP_INTERNAL_FAULT' }),
    0,
    'nothing unforeseen was met',
  );
  t.equal(stage.lines.filter(({ level }) => level === 'fatal').length, 0);
  t.equal(await stage.restamp.stop(), 0);
});
