import fc from 'fast-check';
import t from 'tap';
import { planLever, type Lever, type LeverChange } from '../../../../src/core/template/lever.ts';
import type { TemplatePatch } from '../../../../src/core/template/template-patch.ts';

type Variable = { name: string; value?: string; valueFrom?: object };
type Template = { annotations: Record<string, string>; containers: { name: string; env: Variable[] }[] };

/** What the API server makes of a strategic merge patch, as far as these patches go. */
function applied(template: Template, patch: TemplatePatch): Template {
  const result = structuredClone(template);
  Object.assign(result.annotations, patch.metadata?.annotations);
  for (const part of patch.spec?.containers ?? []) {
    const container = result.containers.find(({ name }) => name === part.name)!;
    for (const { $patch, valueFrom, ...variable } of part.env) {
      const at = container.env.findIndex(({ name }) => name === variable.name);
      if ($patch === 'delete') container.env = container.env.filter(({ name }) => name !== variable.name);
      else if (at < 0) container.env.push(variable);
      else {
        const merged = { ...container.env[at]!, ...variable };
        if (valueFrom === null) delete merged.valueFrom;
        container.env[at] = merged;
      }
    }
  }
  return result;
}

function leversOf(template: Template): Lever[] {
  return template.containers.flatMap((container) =>
    container.env.map(({ name, value, valueFrom }) => ({
      container: container.name,
      name,
      value,
      dynamic: valueFrom !== undefined,
    })),
  );
}

const containers = ['app', 'sidecar'] as const;
const hashes = fc.constantFrom('aa', 'bb', 'cc');
// Few names, so that they fall together often: `a.b`, `a-b` and `a--b` share one lever.
const sources = fc.constantFrom('a.b', 'a-b', 'a--b', 'c');
const variable = fc.oneof(
  hashes.map((value) => ({ value })),
  fc.constant({ valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }),
);
const env = fc
  .dictionary(
    fc.constantFrom('STAKATER_A_B_CONFIGMAP', 'STAKATER_A_B_SECRET', 'STAKATER_C_CONFIGMAP', 'HOME'),
    variable,
  )
  .map((found) => Object.entries(found).map(([name, rest]): Variable => ({ name, ...rest })));
const templates = fc.tuple(env, env).map(([one, other]): Template => ({
  annotations: { 'restamp.dev/stamp': 'before' },
  containers: [
    { name: 'app', env: one },
    { name: 'sidecar', env: other },
  ],
}));
const changes = fc.uniqueArray(
  fc.record({
    type: fc.constantFrom('cm', 'secret'),
    name: sources,
    namespace: fc.constant('prod'),
    container: fc.constantFrom(...containers),
    at: fc.constant(0),
    value: fc.option(hashes, { nil: undefined }),
  }),
  { minLength: 1, selector: ({ type, name }) => `${type}/${name}` },
);

t.test('planLever makes a patch that always changes the template', async () => {
  fc.assert(
    fc.property(templates, changes, (template, list: LeverChange[]) => {
      const after = applied(template, planLever(leversOf(template), list, 'after'));
      return JSON.stringify(after) !== JSON.stringify(template);
    }),
    { numRuns: 5000 },
  );
});

t.test('planLever leaves the last change of each name, and no value beside a valueFrom', async () => {
  fc.assert(
    fc.property(templates, changes, (template, list: LeverChange[]) => {
      const after = applied(template, planLever(leversOf(template), list, 'after'));
      const target = new Map<string, string | undefined>();
      for (const { type, name, container, value } of list) {
        const word = type === 'cm' ? 'CONFIGMAP' : 'SECRET';
        target.set(`${container} STAKATER_${name === 'c' ? 'C' : 'A_B'}_${word}`, value);
      }
      const found = new Map(
        leversOf(after).map(({ container, name, value }) => [`${container} ${name}`, value]),
      );
      const reached = [...target].every(([name, value]) => found.get(name) === value);
      return reached && leversOf(after).every(({ value, dynamic }) => value === undefined || !dynamic);
    }),
    { numRuns: 3000 },
  );
});

t.test('planLever touches no other variable and no other container', async () => {
  fc.assert(
    fc.property(templates, changes, (template, list: LeverChange[]) => {
      const inApp = list.map((change) => ({ ...change, container: 'app' }));
      const after = applied(template, planLever(leversOf(template), inApp, 'after'));
      const home = (of: Template): string =>
        JSON.stringify(of.containers[0]!.env.filter(({ name }) => name === 'HOME'));
      return (
        home(after) === home(template) &&
        JSON.stringify(after.containers[1]) === JSON.stringify(template.containers[1])
      );
    }),
  );
});
