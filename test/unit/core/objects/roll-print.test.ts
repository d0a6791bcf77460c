import t from 'tap';
import { LAST_RELOADED_FROM, LAST_ROLL, STAMPS } from '../../../../src/core/api/annotations.ts';
import { bearsRoll } from '../../../../src/core/objects/roll-print.ts';
import type { TemplatePatch } from '../../../../src/core/template/template-patch.ts';
import { AUTO, workload, type WorkloadParts } from '../../../support/controller/builders.ts';

const lever = { name: 'STAKATER_APP_CONFIGMAP', value: 'aa' };
const env: TemplatePatch = { spec: { containers: [{ name: 'main', env: [lever] }] } };
const written = { [LAST_ROLL]: 'history', [STAMPS]: 'map' };
const api = (parts: WorkloadParts) => workload('api', parts);

t.test('the history alone tells a roll from any other', async (t) => {
  const print = { annotations: written, template: env };
  t.ok(bearsRoll(api({ annotations: { ...AUTO, [LAST_ROLL]: 'history' } }), print));
  t.notOk(
    bearsRoll(api({ annotations: { ...AUTO, ...written, [LAST_ROLL]: 'older' }, env: [lever] }), print),
  );
});

t.test('without a history, map and levers tell it', async (t) => {
  const print = { annotations: { [STAMPS]: 'map', [LAST_ROLL]: null }, template: env };
  const stamped = { ...AUTO, [STAMPS]: 'map' };
  t.ok(bearsRoll(api({ annotations: stamped, env: [lever] }), print));
  t.notOk(bearsRoll(api({ annotations: stamped }), print), 'the lever is not there');
  t.notOk(bearsRoll(api({ annotations: stamped, env: [{ ...lever, value: 'bb' }] }), print));
  t.notOk(bearsRoll(api({ annotations: { ...AUTO, [STAMPS]: 'old' }, env: [lever] }), print));
});

t.test('without history and map, what is written into the template tells it', async (t) => {
  const print = (template: TemplatePatch | undefined) => ({ annotations: { [STAMPS]: null }, template });
  t.ok(bearsRoll(api({ env: [lever] }), print(env)));
  t.notOk(bearsRoll(api({}), print(env)));
  const mark: TemplatePatch = { metadata: { annotations: { [LAST_RELOADED_FROM]: 'x' } } };
  t.ok(bearsRoll(api({ podAnnotations: { [LAST_RELOADED_FROM]: 'x' } }), print(mark)));
  t.notOk(bearsRoll(api({}), print(mark)));
  const stamp: TemplatePatch = { metadata: { annotations: { 'restamp.dev/stamp': '7.a' } } };
  t.ok(bearsRoll(api({ podAnnotations: { 'restamp.dev/stamp': '7.a' } }), print(stamp)));
  t.notOk(bearsRoll(api({ podAnnotations: { 'restamp.dev/stamp': '6.a' } }), print(stamp)));
  const gone: TemplatePatch = {
    spec: { containers: [{ name: 'main', env: [{ name: lever.name, $patch: 'delete' }] }] },
  };
  t.ok(bearsRoll(api({}), print(gone)));
  t.notOk(bearsRoll(api({ env: [lever] }), print(gone)));
});

t.test('where nothing is written that could tell, nothing does', async (t) => {
  t.notOk(bearsRoll(api({}), { annotations: { [STAMPS]: null }, template: undefined }));
  t.notOk(bearsRoll(api({}), { annotations: {}, template: undefined }));
  const run = { annotations: { [STAMPS]: 'map' }, template: undefined };
  t.ok(bearsRoll(api({ annotations: { ...AUTO, [STAMPS]: 'map' } }), run));
});
