import fc from 'fast-check';
import t from 'tap';
import { compareVersions, newerVersion } from '../../../../src/core/api/resource-version.ts';

const versions = fc.bigInt({ min: 0n, max: 2n ** 70n });

t.test('compareVersions orders unsigned integers of any length', async (t) => {
  t.ok(compareVersions('9', '10') < 0, 'not as text');
  t.ok(compareVersions('10', '9') > 0);
  t.equal(compareVersions('10', '10'), 0);
  t.ok(compareVersions('9007199254740993', '9007199254740992') > 0, 'beyond what a number holds');
  fc.assert(
    fc.property(versions, versions, (a, b) => {
      const sign = Math.sign(compareVersions(String(a), String(b)));
      return sign === (a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

t.test('newerVersion takes the newer, and any version before none', async (t) => {
  t.equal(newerVersion('9', '10'), '10');
  t.equal(newerVersion('10', '9'), '10');
  t.equal(newerVersion('7', '7'), '7');
  t.equal(newerVersion(undefined, '7'), '7');
  t.equal(newerVersion('7', undefined), '7');
  t.equal(newerVersion(undefined, undefined), undefined);
});
