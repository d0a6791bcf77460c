import t from 'tap';
import { LAST_RELOADED_FROM, RELOADER_KEYS } from '../../../src/core/api/annotations.ts';
import { formatReloadedFrom } from '../../../src/core/template/reloaded-from.ts';
import { EVERYWHERE } from '../../support/scopes.ts';
import { isReviewed } from '../../../webhook/registration/review-scope.ts';
import { api, ask, fresh, update, type Stored } from '../../support/webhook/workload-handler-harness.ts';

// Who knows our address can make up a review. No answer to one may tell the hash of a Secret that is not told already by
// the workload that the API server has stored.

const now = { 'secret/db': fresh('secret/db', { password: '2' }) };
const HASH = 'sha1 of 2';
const told = formatReloadedFrom({
  type: 'secret',
  name: 'db',
  namespace: 'apps',
  container: 'main',
  value: 'old',
  at: 0,
});
const listed = { [RELOADER_KEYS.reload.secret]: 'db' };
const env = [{ name: 'STAKATER_DB_SECRET', value: 'x' }];

/** A Deployment that bears a lever of the Secret, in the env var or in the annotation. */
function levered(how: 'env' | 'annotation', image = 'b'): Stored {
  const object = api({ annotations: listed, uses: [], ...(how === 'env' ? { env } : {}) }, image);
  if (how === 'env') return object;
  const { template } = object.spec;
  const metadata = { ...template.metadata, annotations: { [LAST_RELOADED_FROM]: told } };
  return { ...object, spec: { ...object.spec, template: { ...template, metadata } } };
}
const withUid = (object: Stored, uid: string | undefined): Stored =>
  ({ ...object, metadata: { ...object.metadata, uid } }) as Stored;

t.test('a workload that is stored and bears a lever gets its value', async (t) => {
  for (const how of ['env', 'annotation'] as const) {
    const { answer } = await ask(update(levered(how, 'a'), levered(how)), now);
    t.match(JSON.stringify(answer), HASH, how);
  }
});

t.test('a workload that is made up gets none', async (t) => {
  const plain = api({ annotations: listed, uses: [] });
  for (const how of ['env', 'annotation'] as const) {
    const other = withUid(levered(how, 'a'), 'uid-of-the-stored-one');
    const made: readonly (readonly [string, object, Stored | undefined])[] = [
      ['created', { operation: 'CREATE', oldObject: null, object: levered(how) }, undefined],
      [
        'created under the name of a stored one',
        { operation: 'CREATE', oldObject: null, object: levered(how) },
        other,
      ],
      [
        'updated, and not there',
        update(levered(how, 'a'), levered(how)),
        withUid(plain, 'uid-of-another-one'),
      ],
      ['updated, of another uid', update(levered(how, 'a'), levered(how)), other],
      [
        'updated, without uid',
        update(withUid(levered(how, 'a'), undefined), withUid(levered(how), undefined)),
        other,
      ],
      ['updated, with a lever that the stored one lacks', update(levered(how, 'a'), levered(how)), plain],
    ];
    for (const [what, request, stored] of made) {
      const { answer } = await ask(request, now, { stored });
      t.notMatch(JSON.stringify(answer), HASH, `${what}, ${how}`);
    }
  }
});

t.test('a lever of one source tells nothing of another one', async (t) => {
  const before = levered('env', 'a');
  const after = api({
    annotations: { [RELOADER_KEYS.reload.secret]: 'db,other' },
    uses: [],
    env: [...env, { name: 'STAKATER_OTHER_SECRET', value: 'x' }],
  });
  const { answer } = await ask(update(before, after), {
    'secret/other': fresh('secret/other', { pin: '7' }),
  });
  t.notMatch(JSON.stringify(answer), 'sha1 of 7');
});

t.test(
  'a lever whose name falls together with that of another source tells nothing of that one',
  async (t) => {
    const env = [{ name: 'STAKATER_A_B_SECRET', value: 'x' }];
    const parts = (name: string) => ({ annotations: { [RELOADER_KEYS.reload.secret]: name }, uses: [], env });
    const sources = {
      'secret/a.b': fresh('secret/a.b', { pin: '7' }),
      'secret/a-b': fresh('secret/a-b', { pin: '8' }),
    };
    const same = await ask(update(api(parts('a-b')), api(parts('a-b'), 'b')), sources);
    t.match(JSON.stringify(same.answer), 'sha1 of 8');
    const other = await ask(update(api(parts('a-b')), api(parts('a.b'), 'b')), sources);
    t.notMatch(JSON.stringify(other.answer), 'sha1 of 7');
  },
);

t.test('nothing is read or said of a workload out of the scope', async (t) => {
  for (const request of [update(levered('env', 'a'), levered('env')), update(levered('env', 'a'), api({}))]) {
    const { answer, reads, audit } = await ask(request, now, {
      inScope: (namespace) => namespace !== 'apps',
    });
    t.same([answer, reads, audit], [{}, [], []]);
  }
});

t.test('the scope of reviews is what the API server is told to ask about', async (t) => {
  const all = () => true;
  t.ok(isReviewed(EVERYWHERE, 'apps', all));
  for (const odd of ['kube-system', 'kube-node-lease', '', 'Apps', 'a/b', '../x', 'a'.repeat(64)])
    t.notOk(isReviewed(EVERYWHERE, odd, all), odd);
  t.notOk(isReviewed({ ...EVERYWHERE, namespacesToIgnore: ['apps'] }, 'apps', all));
  t.notOk(isReviewed(EVERYWHERE, 'apps', (name) => name === 'other'));
  const named = { ...EVERYWHERE, namespaces: ['kube-system'] };
  t.ok(isReviewed(named, 'kube-system', all), 'who names it means it');
  t.notOk(isReviewed(named, 'apps', all));
});
