import t from 'tap';
import { RELOADER_KEYS } from '../../../src/core/api/annotations.ts';
import { reloaderHash } from '../../../src/core/objects/digest.ts';
import { mountedData } from '../../../src/core/objects/source-data.ts';
import { at, Driver, mounted, stampOf, USES } from '../../support/controller/csi-driver.ts';
import { NAMESPACE, NOW } from '../../support/controller/builders.ts';
import { world } from '../../support/controller/world.ts';

const sha1 = (version: string): string => reloaderHash(mountedData('vault', [{ id: 'db', version }]));

t.test('a rotation rolls once, with the hash of the class, while its pods disagree', async (t) => {
  const { made, driver } = await mounted();
  t.ok(stampOf(made), 'a baseline');
  driver.rotate('api-1', '2');
  await made.pass(2_000);
  t.same(made.rolled(), ['api']);
  const template = made.stored('api').spec?.template;
  t.match(template?.spec?.containers[0], {
    env: [{ name: 'STAKATER_VAULT_SECRETPROVIDERCLASS', value: sha1('2') }],
  });
  t.match(made.audit.at(-1), { sources: [{ source: 'spc/vault', cause: 'changed' }] });
  t.match(made.events.at(-1), {
    component: 'reloader-secretproviderclasspodstatuses',
    message: /'vault' of type 'SECRETPROVIDERCLASS'/,
  });
  driver.rotate('api-2', '2');
  driver.start('api-3', '2');
  driver.end('api-1');
  driver.end('api-2');
  await made.pass(60_000);
  t.equal(made.rolled().length, 1);
});

t.test('each rotation of the pods of the day rolls, also back to an older version', async (t) => {
  const { made, driver } = await mounted();
  let pod = 'api-1';
  driver.end('api-2');
  for (const [index, version] of ['2', '1', '2'].entries()) {
    driver.rotate(pod, version);
    await made.pass(2_000);
    t.equal(made.rolled().length, index + 1);
    driver.end(pod);
    pod = `api-${index + 10}`;
    driver.start(pod, version);
    await made.pass(120_000);
  }
});

t.test(
  'pods that are older than the last roll roll no second time, whatever their files become',
  async (t) => {
    const { made, driver } = await mounted();
    driver.rotate('api-1', 'a');
    await made.pass(2_000);
    // Of a provider that gives each pod a secret of its own.
    driver.rotate('api-2', 'b');
    await made.pass(2_000);
    t.equal(made.rolled().length, 1);
    driver.end('api-1');
    driver.start('api-3', 'c');
    driver.end('api-2');
    await made.pass(60_000);
    t.equal(made.rolled().length, 1, 'a pod starts with what is current');
    driver.rotate('api-3', 'd');
    await made.pass(2_000);
    t.equal(made.rolled().length, 2);
  },
);

t.test(
  'a pod that starts during a rotation rolls nothing, and hides nothing from those that follow',
  async (t) => {
    const { made, driver } = await mounted();
    driver.start('api-3', '2');
    await made.pass(20_000);
    t.same(made.rolled(), []);
    driver.rotate('api-1', '2');
    await made.pass(2_000);
    t.same(made.rolled(), ['api']);
  },
);

t.test('a workload looks at its own pods alone', async (t) => {
  const { made, driver } = await mounted({ api: USES, web: USES });
  driver.rotate('web-1', '2');
  await made.pass(2_000);
  t.same(made.rolled(), ['web']);
});

t.test('labels of a status, and lists that are read again, roll nothing', async (t) => {
  const { made, driver } = await mounted();
  driver.touch('api-1');
  driver.touch('api-2');
  // What this one started with is not what is stamped.
  driver.start('api-3', '2');
  driver.touch('api-3');
  await made.pass(60_000);
  t.same(made.patches, []);
});

t.test('scaling to nothing, and up again with other content, rolls nothing', async (t) => {
  const { made, driver } = await mounted({ api: USES }, { reloadOnDelete: true, reloadOnCreate: true });
  driver.end('api-1');
  driver.end('api-2');
  await made.pass(20_000);
  t.ok(stampOf(made), 'kept');
  driver.start('api-3', '5');
  await made.pass(20_000);
  t.same(made.rolled(), []);
  driver.rotate('api-3', '1');
  await made.pass(2_000);
  t.same(made.rolled(), ['api'], 'what it started with is what counts');
});

t.test('what was rotated while nobody looked rolls once at the start', async (t) => {
  const { made } = await mounted();
  const stamps = { 'spc/vault': stampOf(made)! };
  const again = world();
  again.putSource('spc/vault', {});
  again.putWorkload('api', { ...USES, created: at(NOW - 600_000), stamps });
  again.owners.set('api-1', { workload: `${NAMESPACE}/Deployment/api`, created: NOW - 600_000 });
  again.statuses.put({
    metadata: {
      name: 'api-1-vault',
      namespace: NAMESPACE,
      uid: 'u',
      resourceVersion: '999',
      creationTimestamp: at(NOW - 600_000),
      managedFields: [{ time: at(NOW - 60_000), fieldsV1: { 'f:status': { 'f:objects': {} } } }],
    },
    status: { podName: 'api-1', secretProviderClassName: 'vault', objects: [{ id: 'db', version: '2' }] },
  });
  again.mutator.start();
  await again.pass(60_000);
  t.same(again.rolled(), ['api']);
});

for (const [title, parts, annotations, rolls] of [
  ['auto for SecretProviderClasses', { [RELOADER_KEYS.typedAuto.spc]: 'true' }, {}, true],
  ['the name', { [RELOADER_KEYS.reload.spc]: 'other,vault' }, {}, true],
  ['a pattern', { [RELOADER_KEYS.reload.spc]: 'v.*' }, {}, true],
  ['search with a match', { [RELOADER_KEYS.search]: 'true' }, { [RELOADER_KEYS.match]: 'true' }, true],
  ['search without a match', { [RELOADER_KEYS.search]: 'true' }, {}, false],
  ['auto for ConfigMaps', { [RELOADER_KEYS.typedAuto.cm]: 'true' }, {}, false],
  [
    'auto, and ignore on the class',
    { [RELOADER_KEYS.auto]: 'true' },
    { [RELOADER_KEYS.ignore]: 'true' },
    false,
  ],
  ['auto, and excluded', { [RELOADER_KEYS.auto]: 'true', [RELOADER_KEYS.exclude.spc]: 'vault' }, {}, false],
] as const)
  t.test(`${title}: ${rolls ? 'rolls' : 'does not roll'}`, async (t) => {
    const made = world();
    const driver = new Driver(made);
    made.putSource('spc/vault', {}, { annotations });
    made.putWorkload('api', { ...USES, annotations: parts });
    driver.start('api-1', '1');
    made.mutator.start();
    await made.pass(5_000);
    driver.rotate('api-1', '2');
    await made.pass(5_000);
    t.same(made.rolled(), rolls ? ['api'] : []);
  });

t.test('a class that nobody has the right to see, or that does not exist, has no marks', async (t) => {
  const made = world();
  const driver = new Driver(made);
  made.putWorkload('api', USES);
  driver.start('api-1', '1');
  made.mutator.start();
  await made.pass(5_000);
  driver.rotate('api-1', '2');
  await made.pass(5_000);
  t.same(made.rolled(), ['api']);
});

t.test('what one pod has mounted is a look at its own workload alone', async (t) => {
  const { made, driver } = await mounted({ api: USES, web: USES });
  const judged: string[] = [];
  const judge = made.judge.judge.bind(made.judge);
  made.judge.judge = (key) => {
    judged.push(key.split('/')[2] ?? '');
    return judge(key);
  };
  driver.rotate('api-1', '2');
  await made.pass(0);
  t.same(judged, ['api']);
  driver.end('web-1');
  await made.pass(0);
  t.same(judged, ['api', 'web']);
  driver.start('web-3', '1');
  await made.pass(0);
  t.ok(judged.length > 3, 'all wait until it is known whose pod it is');
  await made.pass(20_000);
  t.same(made.rolled(), ['api']);
  judged.length = 0;
  driver.end('web-2');
  driver.start('web-2', '1', 'api');
  await made.pass(2_000);
  t.ok(judged.includes('api'), 'also where a pod of the same name follows');
});
