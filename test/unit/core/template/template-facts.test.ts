import t from 'tap';
import { ARGO_ROLLOUT, Kinds } from '../../../../src/core/api/kind.ts';
import { readTemplate } from '../../../../src/core/template/template-facts.ts';
import { reduced, rowOf, using, workload } from '../../../support/core/core-objects.ts';

const rollout = new Kinds().add(ARGO_ROLLOUT, 'rollouts');
const AUTO = { 'reloader.stakater.com/auto': 'true' };
const main = using('main', 'cm/app');
const template = { metadata: { annotations: { note: '1' } }, spec: { containers: [main] } };

t.test(
  'the facts of a template that was read before are taken from there, whatever else was written',
  async (t) => {
    for (const row of [rowOf('Deployment'), rollout]) {
      const known = readTemplate(row, { spec: { template } }, undefined);
      const again = readTemplate(row, { spec: { template: structuredClone(template), replicas: 5 } }, known);
      t.equal(again.references, known.references, `of a ${row.kind} nothing is read twice`);
      t.same(again, known);
    }
  },
);

t.test('any change of a template is read, of a lever too', async (t) => {
  const lever = { name: 'STAKATER_APP_CONFIGMAP', value: 'a' };
  const others = [
    { ...template, spec: { containers: [using('main', 'cm/other')] } },
    { ...template, spec: { containers: [{ ...main, env: [lever] }] } },
    { ...template, spec: { containers: [{ ...main, env: [{ ...lever, value: 'b' }] }] } },
    { ...template, spec: { containers: [{ ...main, env: [lever, lever] }] } },
    { ...template, spec: { containers: [main, using('side')] } },
    { ...template, metadata: { annotations: { note: '1', 'restamp.dev/stamp': '1.a' } } },
  ];
  for (const row of [rowOf('Deployment'), rollout]) {
    let known = readTemplate(row, { spec: { template } }, undefined);
    for (const other of others) {
      const object = { spec: { template: other } };
      const read = readTemplate(row, object, known);
      t.not(read.references, known.references);
      t.same(read, readTemplate(row, object, undefined));
      known = read;
    }
  }
});

t.test('what is kept of a workload is its own, and of the one before its template alone', async (t) => {
  const before = workload({ annotations: { ...AUTO, 'restamp.dev/last-roll': '[]' }, template });
  const metadata = { uid: 'u-2', resourceVersion: '8' };
  const after = reduced({ annotations: AUTO, template, metadata }, before);
  t.equal(after?.references, before.references);
  t.same(after, reduced({ annotations: AUTO, template, metadata }));
});

t.test('nobody reads the template of a workload that asks for nothing', async (t) => {
  let read = 0;
  const spec = () => {
    read += 1;
    return template.spec;
  };
  const watched = Object.defineProperty({ metadata: template.metadata }, 'spec', {
    get: spec,
    enumerable: true,
  });
  t.equal(reduced({ template: watched }), undefined);
  t.equal(read, 0);
  t.ok(reduced({ template: watched, annotations: AUTO }));
  t.ok(read > 0);
});
