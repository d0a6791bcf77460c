import t from 'tap';
import { HELD, LAST_ROLL, STAMPS } from '../../../src/core/api/annotations.ts';
import { parseHistory } from '../../../src/core/stamps/history.ts';
import { annotationBytes } from '../../support/controller/fake-patch.ts';
import { AUTO, digestOf } from '../../support/controller/builders.ts';
import { api, ask, fresh, update, type Stored } from '../../support/webhook/workload-handler-harness.ts';

/** What the API server takes, less what the Deployment controller adds on a ReplicaSet. */
const LIMIT = 256 * 1024 - 200;
const now = { 'cm/app': fresh('cm/app', { a: '2' }) };
const stamps = { 'cm/app': { h: digestOf('cm/app', { a: '1' }) } };
const entries = ['2026-11-22T12:00:00Z', '2026-11-22T11:00:00Z'].map((rolled) => ({ rolled, sources: [] }));
const history = JSON.stringify(entries);
const hold = JSON.stringify({ reason: 'limit', since: '2026-11-22T12:00:00Z', sources: [] });

/** The annotations of a writer who leaves so many bytes for ours. */
function leaving(bytes: number): Record<string, string> {
  const frame = annotationBytes(api({ annotations: { ...AUTO, filler: '' } }));
  return { ...AUTO, filler: 'x'.repeat(LIMIT - bytes - frame) };
}
const annotationsOf = ({ metadata }: Stored) => metadata.annotations ?? {};

t.test(
  'a write that starts pods is stored whatever room it leaves, and gets a map if there is any',
  async (t) => {
    for (const bytes of [0, 20, 100, 200, 300, 5000]) {
      const object = api({ annotations: leaving(bytes) });
      const { stored } = await ask({ operation: 'CREATE', oldObject: null, object }, now);
      t.ok(annotationBytes(stored) <= LIMIT, `${bytes} bytes`);
      t.equal(annotationsOf(stored)[STAMPS] !== undefined, bytes >= 200);
      t.equal(annotationsOf(stored)['filler'], annotationsOf(object)['filler']);
    }
  },
);

t.test(
  'a write that brings more of its own takes room from the history, then the hold, then the map',
  async (t) => {
    const ours = { [LAST_ROLL]: history, [HELD]: hold };
    const before = api({ annotations: { ...AUTO, ...ours }, stamps });
    const kept = new Map<number, string[]>();
    for (const bytes of [0, 50, 150, 260, 300, 400, 5000]) {
      // The API server has merged what the writer sent with what is stored.
      const { annotations } = api({ annotations: { ...leaving(bytes), ...ours }, stamps }).metadata;
      const { stored } = await ask(
        update(before, { ...before, metadata: { ...before.metadata, annotations } }),
      );
      t.ok(annotationBytes(stored) <= LIMIT, `${bytes} bytes`);
      const { [STAMPS]: map, [HELD]: held, [LAST_ROLL]: told } = annotationsOf(stored);
      if (map !== undefined) t.equal(map, annotationsOf(before)[STAMPS], 'byte for byte');
      const count = parseHistory(told).length;
      kept.set(bytes, [
        ...(map ? ['map'] : []),
        ...(held ? ['hold'] : []),
        ...Array<string>(count).fill('roll'),
      ]);
    }
    t.same(kept.get(0), []);
    t.same(kept.get(150), ['map']);
    t.same(kept.get(260), ['map', 'hold']);
    t.same(kept.get(300), ['map', 'hold', 'roll'], 'the oldest entry goes first');
    t.same(kept.get(5000), ['map', 'hold', 'roll', 'roll']);
  },
);

t.test('a write that starts pods keeps as much of the history as there is room for', async (t) => {
  const before = api({ annotations: { ...AUTO, [LAST_ROLL]: history }, stamps });
  for (const bytes of [200, 260, 5000]) {
    const after = api({ annotations: { ...leaving(bytes), [LAST_ROLL]: history } }, 'b');
    const { stored } = await ask(update(before, after), now);
    t.ok(annotationBytes(stored) <= LIMIT, `${bytes} bytes`);
    t.match(annotationsOf(stored)[STAMPS], digestOf('cm/app', { a: '2' }));
    t.equal(parseHistory(annotationsOf(stored)[LAST_ROLL]).length, { 200: 0, 260: 1, 5000: 2 }[bytes]);
  }
});
