import { createHash } from 'node:crypto';
import t from 'tap';
import { AUTO, leverOf, sha1Of, source, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// Sources as the API server really stores them: rare keys, binary values, the largest, the emptiest, generated
// names, deletion. Each change is one roll, with the hash that Reloader would have computed.
// A busy machine takes several times as long as an idle one.
t.setTimeout(600_000);
const stage = await openStage(t, 'odd');
const { cp } = stage;

const sha1 = (text: string | Buffer): string => createHash('sha1').update(text).digest('hex');

t.test('a key __proto__ is a key like any other', async (t) => {
  const proto: SourceName = 'ConfigMap/proto';
  const data = (value: string): Record<string, string> => ({ ['__proto__']: value, constructor: 'a' });
  await stage.create(source(proto, data('old')));
  const api = await stage.observe('Deployment', 'proto', { uses: [proto] });
  await stage.change(proto, data('new'));
  await api.rolledFor(proto, { ...data('new') });
  const line = await stage.restamp.until(
    (one) => one.audit === 'roll' && one['name'] === 'proto' && JSON.stringify(one).includes('cm/proto'),
  );
  t.match(line['sources'], [{ keys: ['__proto__'], by: 'admin' }]);
  await stage.patch('ConfigMap', 'proto', { data: { ['__proto__']: null } });
  await api.rolledFor(proto, { constructor: 'a' });
  t.same(await api.ring(), api.after(['cm/proto'], ['cm/proto']));
});

t.test('binaryData rolls, and is hashed as base64', async (t) => {
  const binary: SourceName = 'ConfigMap/binary';
  const bytes = (last: number): string => Buffer.from([0, 0xff, last]).toString('base64');
  const holding = { ...source(binary, { text: 'a' }), ...{ binaryData: { 'logo.bin': bytes(1) } } };
  await stage.create(holding);
  const api = await stage.observe('Deployment', 'binary', { uses: [binary] });
  await stage.patch('ConfigMap', 'binary', { binaryData: { 'logo.bin': bytes(2) } });
  const value = sha1(`logo.bin=${bytes(2)};text=a`);
  await stage.until('Deployment', 'binary', (object) => leverOf(object, binary) === value);
  t.same(await api.ring(), api.after(['cm/binary']));
});

t.test('stringData of a Secret is hashed as the bytes that it becomes', async (t) => {
  const text: SourceName = 'Secret/text';
  await stage.create(source(text, { key: 'old', other: 'stays' }));
  const api = await stage.observe('Deployment', 'text', { uses: [text] });
  await stage.change(text, { key: 'grüße ✓' });
  await api.rolledFor(text, { key: 'grüße ✓', other: 'stays' });
  t.same(await api.ring(), api.after(['secret/text']));
});

t.test('a Secret of 1 MiB rolls, and the writer is known from a review of three', async (t) => {
  const large: SourceName = 'Secret/large';
  const filled = (letter: string): { data: Record<string, string> } => ({
    data: { key: Buffer.alloc(1024 * 1024 - 3, letter).toString('base64') },
  });
  await stage.create({ ...source(large, {}), ...filled('a') });
  const api = await stage.observe('Deployment', 'large', { uses: [large] });
  await stage.patch('Secret', 'large', filled('b'));
  const value = sha1(`key=${'b'.repeat(1024 * 1024 - 3)}`);
  await stage.until('Deployment', 'large', (object) => leverOf(object, large) === value);
  const line = await stage.restamp.until((one) => one.audit === 'roll' && one['name'] === 'large');
  t.match(line, { attributed: true, sources: [{ keys: ['key'], by: 'admin' }] });
  t.same(await api.ring(), api.after(['secret/large']));
});

for (const which of ['ConfigMap/empty', 'Secret/empty'] as const)
  t.test(`${which}: to fill an empty source and to empty it again are two rolls`, async (t) => {
    const [kind, key] = which.startsWith('Secret') ? ['Secret', 'secret/empty'] : ['ConfigMap', 'cm/empty'];
    await stage.create(source(which, {}));
    const api = await stage.observe('Deployment', `empty-${kind.toLowerCase()}`, { uses: [which] });
    await stage.change(which, { key: 'full' });
    await api.rolledFor(which, { key: 'full' });
    await stage.patch(kind as 'Secret' | 'ConfigMap', 'empty', { data: null });
    await api.rolledFor(which, {});
    t.equal(sha1Of({}), 'da39a3ee5e6b4b0d3255bfef95601890afd80709');
    t.same(await api.ring(), api.after([key], [key]));
  });

t.test('a source with a generated name is a source: creation rolls nothing, a change once', async (t) => {
  const annotations = { 'configmap.reloader.stakater.com/reload': 'made-.*' };
  const api = await stage.observe('Deployment', 'made', { annotations });
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { generateName: 'made-' },
    data: { key: 'old' },
  };
  const { metadata } = await cp.api('POST', stage.path('ConfigMap'), body);
  const made: SourceName = `ConfigMap/${metadata.name}`;
  await stage.stamped('Deployment', 'made', [made, api.bell]);
  t.same(await api.ring(), api.after());
  await stage.change(made, { key: 'new' });
  await api.rolledFor(made, { key: 'new' });
  t.same(await api.ring(), api.after([`cm/${metadata.name}`]));
});

for (const kind of ['ConfigMap', 'Secret'] as const) {
  const short = kind === 'Secret' ? 'secret' : 'cm';
  t.test(
    `${kind}: deleted and made again with other data is one roll, with the same data none`,
    async (t) => {
      const which: SourceName = `${kind}/again`;
      await stage.create(source(which, { key: 'old' }));
      const api = await stage.observe('Deployment', `again-${short}`, { uses: [which] });
      await stage.remove(which);
      await stage.create(source(which, { key: 'old' }));
      t.same(await api.ring(), api.after(), 'the same data, at once');

      await stage.remove(which);
      t.same(await api.ring(), api.after(), 'its absence alone');
      await stage.create(source(which, { key: 'old' }));
      t.same(await api.ring(), api.after(), 'the same data, after its absence was seen');

      await stage.remove(which);
      await stage.create(source(which, { key: 'new' }));
      await api.rolledFor(which, { key: 'new' });
      t.same(await api.ring(), api.after([`${short}/again`]), 'other data, at once');

      await stage.remove(which);
      t.same(await api.ring(), api.after());
      await stage.create(source(which, { key: 'newer' }));
      await api.rolledFor(which, { key: 'newer' });
      t.same(await api.ring(), api.after([`${short}/again`]), 'other data, after its absence was seen');
    },
  );
}

t.test(
  'a source that was missing when the workload came rolls nothing when it comes, then as any other',
  async (t) => {
    const late: SourceName = 'ConfigMap/late';
    const api = await stage.observe('Deployment', 'late', { annotations: AUTO, uses: [late] });
    await stage.create(source(late, { key: 'first' }));
    t.same(await api.ring(), api.after());
    await stage.change(late, { key: 'second' });
    await api.rolledFor(late, { key: 'second' });
    t.same(await api.ring(), api.after(['cm/late']));
  },
);

t.test(
  'two sources with one env var name: each change rolls once, also when their data become equal',
  async (t) => {
    const dot: SourceName = 'ConfigMap/a.b';
    const dash: SourceName = 'ConfigMap/a-b';
    for (const which of [dot, dash]) await stage.create(source(which, { key: 'old' }));
    const api = await stage.observe('Deployment', 'twins', { uses: [dot, dash] });
    const steps: readonly [SourceName, string][] = [
      [dot, 'one'],
      [dash, 'two'],
      // Here the env var has its value already.
      [dot, 'two'],
      [dash, 'three'],
      [dash, 'two'],
      [dot, 'old'],
      [dash, 'old'],
    ];
    for (const [which, value] of steps) {
      await stage.change(which, { key: value });
      await api.rolledTimes(1);
      const key = which.replace('ConfigMap', 'cm');
      t.same(await api.ring(), api.after([key]), `${which} becomes ${value}`);
    }
    for (const which of [dot, dash]) await stage.change(which, { key: 'both' });
    await api.rolledFor(dot, { key: 'both' });
    const { rolls } = await api.ring();
    t.same([...new Set(rolls.flat())].sort(), ['cm/a-b', 'cm/a.b', 'cm/bell-twins']);
    t.same(rolls.flat().length, 3, 'each once');
  },
);

t.test('a container that names a variable twice keeps the order of its variables', async (t) => {
  const app: SourceName = 'ConfigMap/doubled';
  const env = [
    { name: 'A', value: '1' },
    { name: 'B', value: '$(A)' },
    { name: 'A', value: '2' },
  ];
  await stage.create(source(app, { key: 'old' }));
  const api = await stage.observe('Deployment', 'doubled', { uses: [app] });
  // A patch would have moved them together here already: it is written as a whole.
  const object = await stage.get('Deployment', 'doubled');
  const [container] = object.spec.template.spec.containers;
  const template = {
    ...object.spec.template,
    spec: { ...object.spec.template.spec, containers: [{ ...container, env }] },
  };
  await cp.api('PUT', stage.path('Deployment', 'doubled'), {
    ...object,
    metadata: { ...object.metadata, resourceVersion: undefined },
    spec: { ...object.spec, template },
  });
  const order = async (): Promise<string[]> =>
    ((await stage.get('Deployment', 'doubled')).spec.template.spec.containers[0]?.env ?? []).map(
      ({ name }) => name,
    );
  for (const key of ['new', 'newer']) {
    await stage.change(app, { key });
    await api.rolledFor(app, { key });
    t.same(await order(), ['A', 'B', 'A', 'STAKATER_DOUBLED_CONFIGMAP']);
  }
});
