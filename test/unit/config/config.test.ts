import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readConfig, type Config } from '../../../src/config/config.ts';
import type { KINDS } from '../../../src/config/value-types.ts';
import { helpText, SETTINGS, SETTING_NAMES, type SettingName } from '../../../src/config/settings.ts';
import { problemsOf, read } from '../../support/config.ts';

const folder = await mkdtemp(join(tmpdir(), 'restamp-config-'));
t.teardown(() => rm(folder, { recursive: true }));
const emptyFile = join(folder, 'empty.yaml');
await writeFile(emptyFile, '');

t.test('readConfig gives the defaults where nothing is said', async (t) => {
  t.has(read(), {
    kubeconfig: undefined,
    namespace: undefined,
    namespaces: [],
    instance: 'restamp',
    admission: true,
    admissionUrl: undefined,
    admissionListen: { host: '0.0.0.0', port: 9443 },
    admissionMaxBytes: 16_777_216,
    opsListen: { host: '0.0.0.0', port: 9090 },
    quietMs: 1_000,
    longestDelayMs: 10_000,
    rollParallelism: 16,
    baselinesPerSecond: 5,
    leaderElect: true,
    adoptByRoll: false,
    writeBaselines: true,
    autoReloadAll: false,
    reloadOnCreate: false,
    reloadOnDelete: false,
    logLevel: 'info',
    logFormat: '',
  });
});

t.test('readConfig takes a value after the flag or after an equals sign', async (t) => {
  t.equal(read(['--quiet-period', '3s']).quietMs, 3_000);
  t.equal(read(['--quiet-period=3s']).quietMs, 3_000);
  t.equal(read(['--kubeconfig=/a=b']).kubeconfig, '/a=b');
});

/** A value that a setting takes and that is not its default. */
function otherValue(name: SettingName): string {
  const { kind, fallback } = SETTINGS[name];
  if (name === 'config') return emptyFile;
  if (name === 'alert-sink') return 'slack';
  if (name === 'reload-strategy') return 'annotations';
  if (typeof kind !== 'string') return kind.find((value) => value !== fallback && value !== 'warn')!;
  const values: Record<keyof typeof KINDS, string> = {
    text: 'x',
    bool: fallback === 'true' ? 'false' : 'true',
    'exact-true': 'true',
    'exact-enabled': 'enabled',
    duration: '77s',
    integer: '77',
    count: '77',
    address: '127.0.0.1:77',
    'https-url': 'https://127.0.0.1:77/base',
    'http-url': 'http://127.0.0.1:77/base?a=1',
    namespaces: 'x,y',
    names: 'x,y',
    kinds: 'Rollout',
    selector: 'x=y',
    key: 'example.org/x',
    'source-types': 'secrets',
    'workload-types': 'jobs',
    'workload-kinds': 'g.example/v1/K=/spec/template',
  };
  return values[kind];
}

/** A config as text, so that two can be compared. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => (one instanceof Set ? [...(one as Set<unknown>)] : one));

t.test(
  'readConfig takes each setting from its flag, its variables and the file, for one field',
  async (t) => {
    const defaults = Object.entries(read());
    const fields = new Set<string>();
    for (const name of SETTING_NAMES) {
      const value = otherValue(name);
      const byFlag = read([`--${name}=${value}`]);
      const differing = defaults.filter(
        ([key, before]) => textOf(byFlag[key as keyof Config]) !== textOf(before),
      );
      t.equal(differing.length, 1, `--${name}=${value}`);
      fields.add(differing[0]?.[0] ?? '');
      t.same(read([], { [`RESTAMP_${name.replaceAll('-', '_').toUpperCase()}`]: value }), byFlag, name);
      const { variable } = SETTINGS[name];
      if (variable !== undefined) t.same(read([], { [variable]: value }), byFlag, variable);
      if (name === 'config') continue;
      const configFile = join(folder, 'one.yaml');
      await writeFile(configFile, `${name}: ${value}\n`);
      t.same(read([`--config=${configFile}`]), { ...byFlag, configFile }, `${name} in a file`);
    }
    t.same([...fields].sort(), defaults.map(([key]) => key).sort());
  },
);

t.test('readConfig reads the values of settings', async (t) => {
  const args =
    '--namespaces=a,b --admission=off --admission-url=https://127.0.0.1:9443/base --admission-listen=127.0.0.1:1 ' +
    '--ops-listen=[::1]:2 --quiet-period=0 --longest-delay=2m --roll-parallelism=3 --shutdown-delay=500ms ' +
    '--roll-limit=0 --adopt=roll --baseline=memory --leader-elect=F --log-level=warning --log-format=json';
  const { admissionUrl, ...rest } = read(args.split(' '));
  t.equal(admissionUrl?.href, 'https://127.0.0.1:9443/base');
  t.has(rest, {
    namespaces: ['a', 'b'],
    admission: false,
    admissionListen: { host: '127.0.0.1', port: 1 },
    opsListen: { host: '::1', port: 2 },
    quietMs: 0,
    longestDelayMs: 120_000,
    rollParallelism: 3,
    shutdownDelayMs: 500,
    rollLimit: 0,
    adoptByRoll: true,
    writeBaselines: false,
    leaderElect: false,
    logLevel: 'warning',
    logFormat: 'json',
  });
});

t.test('readConfig takes the flag before the environment, and that before the default', async (t) => {
  const env = { RESTAMP_QUIET_PERIOD: '2s', RESTAMP_AUTO_RELOAD_ALL: 'true' };
  t.equal(read([], env).quietMs, 2_000);
  t.equal(read(['--quiet-period=3s'], env).quietMs, 3_000);
  t.ok(read([], env).autoReloadAll);
  t.notOk(read(['--auto-reload-all=false'], env).autoReloadAll);
  t.equal(
    read([], { QUIET_PERIOD: '2s', RESTAMP_QUIET: '2s' }).quietMs,
    1_000,
    'other variables are not ours',
  );
});

t.test('readConfig takes the last of a flag that is given twice, and all of a list', async (t) => {
  t.equal(read(['--quiet-period=2s', '--quiet-period=3s']).quietMs, 3_000);
  t.same(read(['--namespaces=a', '--namespaces', 'b,c']).namespaces, ['a', 'b', 'c']);
  t.same(read(['--namespaces= a ,,b, ']).namespaces, ['a', 'b']);
});

t.test('readConfig reads a flag that is a bool as Go does', async (t) => {
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True'])
    t.ok(read([`--auto-reload-all=${text}`]).autoReloadAll, text);
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False'])
    t.notOk(read([`--auto-reload-all=${text}`]).autoReloadAll, text);
  for (const text of ['yes', 'tRUE', '']) t.equal(problemsOf([`--auto-reload-all=${text}`]).length, 1, text);
  t.ok(read(['--auto-reload-all']).autoReloadAll);
  t.same(
    problemsOf(['--auto-reload-all', 'false']),
    ['false: is no flag'],
    'it takes no value after a space',
  );
});

t.test(
  'readConfig enables reload-on-create and -delete by the exact word true alone, as Reloader does',
  async (t) => {
    for (const text of ['True', '1', 'yes', 'false', ''])
      t.notOk(read([`--reload-on-create=${text}`]).reloadOnCreate, text);
    t.ok(read(['--reload-on-create', 'true']).reloadOnCreate, 'it is a flag of text for Reloader');
    t.notOk(read(['--reload-on-delete', 'false']).reloadOnDelete);
    t.ok(read(['--reload-on-delete', '--log-level=debug']).reloadOnDelete);
    t.same(problemsOf(['--reload-on-create', 'true', 'true']), ['true: is no flag']);
    t.same(problemsOf(['--reload-on-create=true', 'true']), ['true: is no flag']);
  },
);

t.test('readConfig tells all that is wrong at once', async (t) => {
  const args = ['--quiet-period=soon', '--nonsense=1', 'stray', '-x'];
  t.same(problemsOf(args, { RESTAMP_ROLL_PARALLELISM: '0' }), [
    '--nonsense: is unknown',
    '--help lists all flags',
    'stray: is no flag',
    '-x: is unknown',
    '--help lists all flags',
    '--quiet-period=soon: must be a duration such as 500ms, 10s or 1m30s',
    '--roll-parallelism=0: must be a whole number above zero',
  ]);
});

t.test('readConfig knows no flag but its own', async (t) => {
  for (const flag of [
    '--__proto__',
    '--constructor',
    '--no-auto-reload-all',
    '--quietperiod',
    '--toString=1',
  ])
    t.match(problemsOf([flag]), [/is unknown/], flag);
  t.same(problemsOf(['--quiet-period']), ['--quiet-period: needs a value']);
});

t.test('readConfig refuses each kind of value that it cannot use', async (t) => {
  const refused: readonly (readonly [flag: string, values: readonly string[]])[] = [
    ['admission', ['On', 'true', '']],
    ['log-level', ['loud', 'INFO', '']],
    ['namespaces', ['a b', 'A', '../x', 'a/b']],
    ['namespace-selector', ['a=b=c', 'a>1', 'a in b', '=b', 'a:b:c', 'a b']],
    ['resources-to-ignore', ['pods', 'configmaps pods']],
    ['ignored-workload-types', ['deployments', 'jobs,pods', 'Job']],
    ['auto-annotation', ['', 'a/b/c', 'a b', '/x']],
    ['reload-strategy', ['', 'Annotations', 'restart']],
    [
      'workload-kinds',
      ['apps/v1/Deployment', 'v1/Pod=/spec', 'a/v1/k=/spec', 'a/v1/K=spec', 'a/v1/K=/spec/'],
    ],
    ['annotation-lever-kinds', ['rollout', 'Roll out', 'argoproj.io/Rollout']],
    ['mode', ['', 'off']],
    ['quiet-period', ['', '1', '-1s', '1 s', '1d']],
    ['roll-parallelism', ['0', '-1', '1.5', '01', 'many', '', '12345678901', '1e3']],
    ['roll-limit', ['', '-1', '1.5', 'many', '12345678901']],
    ['ops-listen', ['9090', ':', 'host:', ':65536', ':x', '', 'a:123456']],
    [
      'admission-url',
      ['http://h', 'h:1', 'https://h?a=1', 'https://h#a', 'https://u@h', 'https://:p@h', 'nonsense'],
    ],
  ];
  for (const [flag, values] of refused)
    for (const value of values) {
      const [problem, ...more] = problemsOf([`--${flag}=${value}`]);
      t.ok(problem?.startsWith(`--${flag}=${value}: must be `), `--${flag}=${value}`);
      t.same(more, []);
    }
  t.same(problemsOf(['--admission=maybe']), ['--admission=maybe: must be one of "on", "off"']);
});

t.test('readConfig takes an address without a host for all addresses', async (t) => {
  t.same(read(['--ops-listen=:8080']).opsListen, { host: '0.0.0.0', port: 8080 });
  t.same(read(['--ops-listen=localhost:0']).opsListen, { host: 'localhost', port: 0 });
  t.same(read(['--ops-listen=[fe80::1]:65535']).opsListen, { host: 'fe80::1', port: 65_535 });
});

t.test('readConfig reads nothing where help is asked for, however much is wrong', async (t) => {
  for (const args of [['--help'], ['-h'], ['--nonsense', '--help', '--quiet-period=x']])
    t.equal(readConfig(args, {}), undefined, args.join(' '));
});

t.test('helpText lists every flag with its default', async (t) => {
  const lines = helpText().split('\n');
  for (const [name, { fallback, help, variable }] of Object.entries(SETTINGS)) {
    const flag = `  --${name}${fallback === '' ? '' : `=${fallback}`} `;
    const end = variable === undefined ? ` ${help}` : ` ${help} (also ${variable})`;
    t.equal(lines.filter((line) => line.startsWith(flag) && line.endsWith(end)).length, 1, name);
  }
  t.match(helpText(), /--quiet-period is RESTAMP_QUIET_PERIOD/);
});
