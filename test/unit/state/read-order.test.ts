import t from 'tap';
import { hasGoneBack } from '../../../src/state/read-order.ts';
import type { SourceState } from '../../../src/state/source-reader.ts';
import { metaOf, source } from '../../support/controller/builders.ts';

const at = (version: string, uid = 'uid-app') => metaOf('cm', source('app', {}, { version, uid }));
function readOf(resourceVersion: string, { uid = 'uid-app', ended = 5 } = {}): SourceState {
  const current = { uid, resourceVersion, created: 0, dataTime: undefined, levers: [], digest: () => '' };
  return { state: 'present', ...current, meta: at(resourceVersion, uid), lever: '', began: 1, ended };
}
const back = (more: Partial<Parameters<typeof hasGoneBack>[1]>): boolean =>
  hasGoneBack(at('10'), { before: undefined, read: undefined, begun: 9, ...more });

t.test('a source has gone back if it is shown in a lower version than before', async (t) => {
  t.equal(back({ before: at('11') }), true);
  t.equal(back({ before: at('10') }), false);
  t.equal(back({ before: at('9') }), false);
  t.equal(back({ before: at('11', 'another') }), false, 'of another one nothing follows');
  t.equal(back({}), false);
});

t.test('or lower than was read before the list was asked for that shows it', async (t) => {
  t.equal(back({ read: readOf('11') }), true);
  t.equal(back({ read: readOf('10') }), false);
  t.equal(back({ read: readOf('11', { uid: 'another' }) }), false);
  t.equal(back({ read: readOf('11', { ended: 12 }) }), false, 'a later read is ahead of the list');
  t.equal(back({ read: { state: 'missing', began: 1, ended: 5 } }), false);
});
