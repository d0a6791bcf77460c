import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { problemsOf, read } from '../../support/config.ts';

const folder = await mkdtemp(join(tmpdir(), 'restamp-config-'));
t.teardown(() => rm(folder, { recursive: true }));

t.test('a flag wins over a variable, and a variable over the file', async (t) => {
  const path = join(folder, 'order.yaml');
  await writeFile(path, 'roll-limit: 1\nnamespaces: [a, b]\nauto-reload-all: T\nquiet-period: 0\n');
  const env = { RESTAMP_CONFIG: path };
  t.has(read([], env), { rollLimit: 1, namespaces: ['a', 'b'], autoReloadAll: true, quietMs: 0 });
  t.has(read([], { ...env, RESTAMP_ROLL_LIMIT: '2', KUBERNETES_NAMESPACE: 'c' }), {
    rollLimit: 2,
    namespaces: ['c'],
  });
  t.equal(read(['--roll-limit=3'], { ...env, RESTAMP_ROLL_LIMIT: '2' }).rollLimit, 3);
});

t.test('what is wrong in the file is told with everything else', async (t) => {
  const path = join(folder, 'wrong.yaml');
  const wrong = async (text: string): Promise<string[]> => {
    await writeFile(path, text);
    return problemsOf([`--config=${path}`, '--mode=x']).filter((one) => !one.startsWith('--mode=x: '));
  };
  const prefix = `--config=${path}: `;
  t.same(await wrong('quietperiod: 1s\nroll-limit: x\n'), [
    `${prefix}quietperiod: is unknown`,
    '--help lists all settings',
    '--roll-limit=x: must be a whole number',
  ]);
  t.match(await wrong('config: other.yaml\n'), [/config: is unknown/, /--help/]);
  t.same(await wrong('mode: {a: b}\n'), [`${prefix}mode: must be a value or a list of values`]);
  t.same(await wrong('- mode\n'), [`${prefix}must be a mapping of settings`]);
  t.match(await wrong('mode: roll\nmode: roll\n'), [/line 2: DUPLICATE_KEY/]);
  t.match(await wrong('a: [\n'), [/line \d: [A-Z_]+/]);
  t.match(problemsOf(['--config=/nowhere/at/all.yaml']), [/ENOENT/]);
});

t.test('the address of a webhook is in no error', async (t) => {
  const path = join(folder, 'secret.yaml');
  await writeFile(path, 'alert-webhook-url: "ftp://canary.example\n');
  const texts = [
    ...problemsOf(['--webhook-url=canary', '--alert-webhook-url=ftp://canary.example']),
    ...problemsOf([`--config=${path}`]),
  ];
  t.equal(texts.length > 2, true);
  t.notMatch(texts.join(), /canary/);
});
