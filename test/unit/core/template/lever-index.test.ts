import t from 'tap';
import type { Lever } from '../../../../src/core/template/lever.ts';
import { leversNamed } from '../../../../src/core/template/lever-index.ts';

const lever = (name: string, container: string): Lever => ({
  container,
  name,
  value: container,
  dynamic: false,
});

t.test('the levers of a name are found in their order, in few and in many', async (t) => {
  for (const others of [0, 5, 1_000]) {
    const levers = [
      lever('A', 'main'),
      ...Array.from({ length: others }, (_, index) => lever(`B${index}`, 'main')),
      lever('A', 'sidecar'),
      lever('__proto__', 'main'),
    ];
    // The second time, it is known.
    for (let time = 1; time <= 2; time += 1) {
      const found = leversNamed(levers, 'A').map(({ container }) => container);
      t.same(found, ['main', 'sidecar']);
      t.same(leversNamed(levers, 'C'), []);
      t.equal(leversNamed(levers, '__proto__').length, 1);
      t.same(leversNamed(levers, 'constructor'), []);
    }
  }
});

t.test('each of very many levers is looked at a few times, however many are asked for', async (t) => {
  let looks = 0;
  const levers = Array.from({ length: 10_000 }, (_, index): Lever => ({
    ...lever('', 'main'),
    get name() {
      looks += 1;
      return `STAKATER_X${index}_CONFIGMAP`;
    },
  }));
  for (let index = 0; index < 1_000; index += 1) leversNamed(levers, `STAKATER_X${index}_CONFIGMAP`);
  t.ok(looks <= 20_000, `${looks} looks`);
});
