import t from 'tap';
import { boundSighting } from '../../../../webhook/request/review-bounds.ts';
import { formatSightings, parseSightings } from '../../../../webhook/replicas/sighting-codec.ts';
import { ask, object } from '../../../support/webhook/source-handler-harness.ts';
import { seen } from '../../../support/webhook/sighting-fixture.ts';

/** Everything as long as a stranger can make it. */
const long = 'x'.repeat(100_000);
const many = Array.from({ length: 1_000 }, (_, index) => `${index}${long.slice(0, 1_000)}`);

t.test('what is within its lengths stays as it is', async (t) => {
  t.same(boundSighting(seen), seen);
});

t.test('what is longer is cut, and what is cut off is counted', async (t) => {
  const cut = boundSighting({
    ...seen,
    namespace: long,
    name: long,
    uid: long,
    digest: long,
    operation: long,
    baseVersion: '9'.repeat(30),
    keys: many,
    user: long,
    groups: many,
    manager: long,
    requestUid: long,
  });
  t.ok(JSON.stringify(cut).length < 25_000, String(JSON.stringify(cut).length));
  t.equal(cut.user, `${'x'.repeat(256)}… (99744 more)`);
  t.equal(cut.keys.length, 50);
  t.equal(cut.more, 950);
  t.equal(cut.groups.length, 33);
  t.equal(cut.groups.at(-1), '… (968 more)');
  t.equal(cut.uid, '', 'an id that is cut is another one');
  t.equal(cut.digest, undefined, 'and so is a digest');
  t.equal(cut.baseVersion, undefined);
  t.same(boundSighting({ ...cut, more: 5 }).more, 5);
});

t.test('what another replica passes on is cut like what was seen here', async (t) => {
  const fat = { ...seen, user: long, keys: many };
  t.same(parseSightings(JSON.parse(formatSightings([fat]))), [boundSighting(fat)]);
  t.same(parseSightings(JSON.parse(formatSightings([boundSighting(fat)])))[0]?.more, 950);
});

t.test('what is of another type is dropped, not believed, and the review is answered', async (t) => {
  const odd = [null, 7, true, {}, [], { length: 1 }, ['1']];
  for (const value of odd) {
    const metadata = { uid: value, resourceVersion: value, creationTimestamp: value, managedFields: value };
    const { sightings, answer } = ask({
      oldObject: object(
        { a: '1' },
        { ...metadata, labels: value, annotations: value, ownerReferences: value },
      ),
      object: object({ a: '2' }, { ...metadata, labels: { a: value }, annotations: { a: value } }),
      userInfo: { username: value, groups: value },
      options: { fieldManager: value },
      namespace: value,
      dryRun: value,
    });
    t.ok(answer.auditAnnotations);
    if (value !== true)
      t.match(sightings, [
        { user: '', uid: '', baseVersion: undefined, manager: undefined, name: 'app', namespace: 'apps' },
      ]);
  }
  const { sightings } = ask({ userInfo: { username: 'ann', groups: ['a', 7, null, 'b'] } });
  t.same(sightings[0]?.groups, ['a', 'b']);
});

t.test('a version that is no number says nothing of order', async (t) => {
  for (const resourceVersion of ['x', '', '-1', '1e9', ' 7', '0x1'])
    t.equal(ask({ oldObject: object({}, { resourceVersion }) }).sightings[0]?.baseVersion, undefined);
  t.equal(ask({ oldObject: object({}, { resourceVersion: '18446744073709551615' }) }).sightings.length, 1);
});

t.test('an object whose name is still to be made, or is no text, is nobody’s', async (t) => {
  for (const name of [undefined, null, 7, '']) {
    const { sightings, previews } = ask({
      operation: 'CREATE',
      oldObject: null,
      object: object({ a: '1' }, { name }),
    });
    t.same([sightings, previews], [[], []], String(name));
  }
});
