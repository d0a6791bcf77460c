import t from 'tap';
import {
  isLeverName,
  leverName,
  planLever,
  stampValue,
  type Lever,
  type LeverChange,
} from '../../../../src/core/template/lever.ts';

const OLD = 'dc30e0faa89a70dec1033016a2309bbeb9efcbd0';
const NEW = '864d7898d91c30bcfb98a95564e2744651fae84a';
const THIRD = 'c6cceb2f1c84498af4f4cda76071f8bc2afd425b';

const lever = (name: string, value: string | undefined, parts: Partial<Lever> = {}): Lever => ({
  container: 'app',
  name,
  value,
  dynamic: false,
  ...parts,
});
const change = (name: string, value: string | undefined, parts: Partial<LeverChange> = {}): LeverChange => ({
  type: 'cm',
  name,
  namespace: 'prod',
  container: 'app',
  value,
  at: 0,
  ...parts,
});
const env = (...variables: readonly object[]) => ({
  spec: { containers: [{ name: 'app', env: variables }] },
});
const stamped = { metadata: { annotations: { 'restamp.dev/stamp': '5.abc' } } };

t.test('leverName is Reloader’s, vector by vector', async (t) => {
  const cases = [
    ['cm', 'my-config', 'STAKATER_MY_CONFIG_CONFIGMAP'],
    ['cm', 'my.app-config', 'STAKATER_MY_APP_CONFIG_CONFIGMAP'],
    ['secret', 'a--b..c', 'STAKATER_A_B_C_SECRET'],
    ['secret', '1st-secret', 'STAKATER_1ST_SECRET_SECRET'],
    ['cm', '--lead', 'STAKATER_LEAD_CONFIGMAP'],
    ['cm', 'trail-.', 'STAKATER_TRAIL__CONFIGMAP'],
    ['secret', 'a_b', 'STAKATER_A_B_SECRET'],
    ['cm', 'az09', 'STAKATER_AZ09_CONFIGMAP'],
  ] as const;
  for (const [type, name, expected] of cases) t.equal(leverName(type, name), expected, name);
});

t.test('leverName lets two sources fall together, as Reloader does', async (t) => {
  t.equal(leverName('cm', 'my.config'), leverName('cm', 'my-config'));
  t.not(leverName('cm', 'my-config'), leverName('secret', 'my-config'));
});

t.test('isLeverName knows the levers of all types of source and nothing else', async (t) => {
  for (const name of ['STAKATER_A_CONFIGMAP', 'STAKATER_A_B_SECRET', 'STAKATER_V_SECRETPROVIDERCLASS'])
    t.ok(isLeverName(name), name);
  t.ok(isLeverName(leverName('cm', 'trail-')) && isLeverName(leverName('secret', '1st')));
  for (const name of [
    'STAKATER_A',
    'STAKATER_CONFIGMAP',
    'STAKATER_A_CONFIGMAPS',
    'MY_STAKATER_A_CONFIGMAP',
    'STAKATER_A_PROVIDER',
    'stakater_a_configmap',
    '',
  ])
    t.notOk(isLeverName(name), name);
});

t.test('planLever replaces a lever that has another value', async (t) => {
  const patch = planLever([lever('STAKATER_APP_CONFIGMAP', OLD)], [change('app', NEW)], '5.abc');
  t.same(patch, env({ name: 'STAKATER_APP_CONFIGMAP', value: NEW }));
});

t.test('planLever appends a lever that is not there', async (t) => {
  t.same(planLever([], [change('app', NEW)], '5.abc'), env({ name: 'STAKATER_APP_CONFIGMAP', value: NEW }));
});

t.test('planLever does not take the lever of another container for its own', async (t) => {
  const elsewhere = lever('STAKATER_APP_CONFIGMAP', NEW, { container: 'sidecar' });
  t.same(
    planLever([elsewhere], [change('app', NEW)], '5.abc'),
    env({ name: 'STAKATER_APP_CONFIGMAP', value: NEW }),
  );
});

t.test('planLever takes away a valueFrom, with which a value cannot stand', async (t) => {
  const dynamic = lever('STAKATER_APP_CONFIGMAP', undefined, { dynamic: true });
  t.same(
    planLever([dynamic], [change('app', NEW)], '5.abc'),
    env({ name: 'STAKATER_APP_CONFIGMAP', value: NEW, valueFrom: null }),
  );
  const both = lever('STAKATER_APP_CONFIGMAP', NEW, { dynamic: true });
  t.same(
    planLever([both], [change('app', NEW)], '5.abc'),
    env({ name: 'STAKATER_APP_CONFIGMAP', value: NEW, valueFrom: null }),
  );
});

t.test('planLever deletes the lever of a source that is gone', async (t) => {
  const patch = planLever([lever('STAKATER_APP_CONFIGMAP', OLD)], [change('app', undefined)], '5.abc');
  t.same(patch, env({ name: 'STAKATER_APP_CONFIGMAP', $patch: 'delete' }));
});

t.test('planLever stamps the template where no lever is left to delete', async (t) => {
  t.same(planLever([], [change('app', undefined)], '5.abc'), stamped);
});

t.test('planLever stamps the template where the lever has its value already', async (t) => {
  t.same(planLever([lever('STAKATER_APP_CONFIGMAP', NEW)], [change('app', NEW)], '5.abc'), stamped);
});

t.test(
  'planLever sets no stamp where a lever changes, so that the template is what Reloader makes it',
  async (t) => {
    const present = [lever('STAKATER_APP_CONFIGMAP', NEW)];
    const patch = planLever(present, [change('app', NEW), change('other', NEW)], '5.abc');
    t.same(patch, env({ name: 'STAKATER_OTHER_CONFIGMAP', value: NEW }));
  },
);

t.test(
  'planLever puts the last of two sources that fall together, and stamps if that changes nothing',
  async (t) => {
    const both = [change('a.b', OLD), change('a-b', NEW)];
    const one = env({ name: 'STAKATER_A_B_CONFIGMAP', value: NEW });
    t.same(planLever([], both, '5.abc'), one);
    t.same(planLever([lever('STAKATER_A_B_CONFIGMAP', OLD)], both, '5.abc'), one);
    t.same(planLever([lever('STAKATER_A_B_CONFIGMAP', NEW)], both, '5.abc'), stamped);
    t.same(planLever([lever('STAKATER_A_B_CONFIGMAP', THIRD)], both, '5.abc'), one);
  },
);

t.test('planLever puts each lever into its own container, with one patch for each', async (t) => {
  const changes = [
    change('app', NEW),
    change('db', OLD, { type: 'secret', container: 'sidecar' }),
    change('more', THIRD),
  ];
  t.same(planLever([], changes, '5.abc'), {
    spec: {
      containers: [
        {
          name: 'app',
          env: [
            { name: 'STAKATER_APP_CONFIGMAP', value: NEW },
            { name: 'STAKATER_MORE_CONFIGMAP', value: THIRD },
          ],
        },
        { name: 'sidecar', env: [{ name: 'STAKATER_DB_SECRET', value: OLD }] },
      ],
    },
  });
});

t.test('stampValue tells maps apart by their counter, and lost counters by the first digest', async (t) => {
  const digest = 'fsjCft6c6UQL5st0iqU1fA';
  t.equal(stampValue(5, [digest, 'x'.repeat(22)]), `5.${digest}`);
  t.equal(stampValue(5, ['-', digest]), `5.-.${digest.slice(0, 20)}`);
  t.not(stampValue(5, [digest]), stampValue(6, [digest]));
});
