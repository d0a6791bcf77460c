import fc from 'fast-check';
import t from 'tap';
import type { PodTemplate } from '../../../../src/core/api/pod-template.ts';
import { templateOperations } from '../../../../src/core/template/template-operations.ts';
import {
  applyTemplatePatch,
  leversOf,
  type TemplatePatch,
} from '../../../../src/core/template/template-patch.ts';
import { patched } from '../../../support/core/json-patch.ts';

const names = fc.constantFrom('A', 'B', 'C', 'D');
const template: fc.Arbitrary<PodTemplate> = fc.record(
  {
    metadata: fc.record(
      { annotations: fc.dictionary(fc.constantFrom('a/b', 'c~d'), fc.string()) },
      { requiredKeys: [] },
    ),
    spec: fc.record({
      containers: fc.tuple(
        fc.record(
          {
            name: fc.constant('main'),
            env: fc.uniqueArray(fc.record({ name: names, value: fc.string() }), {
              selector: ({ name }) => name,
            }),
          },
          { requiredKeys: ['name'] },
        ),
        fc.record({ name: fc.constant('side') }),
      ),
    }),
  },
  { requiredKeys: ['spec'] },
);
const patch: fc.Arbitrary<TemplatePatch> = fc.record(
  {
    metadata: fc.record({
      annotations: fc.dictionary(fc.constantFrom('a/b', 'e'), fc.string(), { minKeys: 1 }),
    }),
    spec: fc.record({
      containers: fc
        .constantFrom('main', 'side')
        .chain((name) =>
          fc
            .uniqueArray(
              fc.oneof(
                fc.record({ name: names, value: fc.string() }),
                fc.record({ name: names, $patch: fc.constant('delete' as const) }),
              ),
              { selector: (one) => one.name, minLength: 1 },
            )
            .map((env) => [{ name, env }]),
        ),
    }),
  },
  { requiredKeys: [] },
);

t.test('the operations make of a template what the merge patch makes of it', async () => {
  fc.assert(
    fc.property(template, patch, (before, change) => {
      const object = { spec: { template: before } };
      const operations = templateOperations(before, '/spec/template', change);
      const after = patched(object, operations as Parameters<typeof patched>[1]);
      const bare = (one: PodTemplate): string =>
        JSON.stringify([
          Object.entries(one.metadata?.annotations ?? {}).sort(),
          one.spec?.containers?.map(({ name, env = [] }) => [name, env]),
        ]);
      if (bare(after.spec.template) !== bare(applyTemplatePatch(before, change)))
        throw new Error(`${bare(after.spec.template)} is not ${bare(applyTemplatePatch(before, change))}`);
    }),
  );
});

t.test('the levers of a patch are what it sets, not what it takes away', async (t) => {
  const text = '{"type":"SECRET"}';
  const change: TemplatePatch = {
    metadata: { annotations: { 'reloader.stakater.com/last-reloaded-from': text, 'restamp.dev/stamp': '1' } },
    spec: {
      containers: [
        {
          name: 'main',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', $patch: 'delete' },
          ],
        },
      ],
    },
  };
  t.same(leversOf(change), [
    { container: 'main', name: 'A', value: '1' },
    { container: '', name: 'reloader.stakater.com/last-reloaded-from', value: text },
  ]);
});

t.test(
  'variables that a list names twice keep their places; a lever among them is written in each',
  async (t) => {
    const env = (lever: string | undefined) => [
      { name: 'A', value: '1' },
      ...(lever === undefined ? [] : [{ name: 'L', value: lever }]),
      { name: 'B', value: '$(A)' },
      { name: 'A', value: '2' },
      ...(lever === undefined ? [] : [{ name: 'L', value: lever }]),
    ];
    const of = (lever: string | undefined): PodTemplate => ({
      spec: { containers: [{ name: 'main', env: env(lever) }] },
    });
    const after = (change: object): PodTemplate => {
      const asked = { spec: { containers: [{ name: 'main', env: [change] }] } } as TemplatePatch;
      return patched({ spec: of('old') }, templateOperations(of('old'), '/spec', asked)).spec;
    };
    t.same(after({ name: 'L', value: 'new' }), of('new'));
    t.same(after({ name: 'L', $patch: 'delete' }), of(undefined));
  },
);
