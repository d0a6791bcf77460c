import t from 'tap';
import { createHmacKeys } from '../../../certs/keys.ts';
import { reviewPaths } from '../../../certs/review-paths.ts';
import { leaksIn } from '../../support/certs/canary.ts';

t.test('each route has an address of its own, whose parts are lower-case DNS labels', async (t) => {
  const { sources, workloads } = reviewPaths(createHmacKeys().current);
  t.match(sources, /^\/sources\/[0-9a-f]{32}$/);
  t.match(workloads, /^\/workloads\/[0-9a-f]{32}$/);
  t.not(sources.split('/')[2], workloads.split('/')[2]);
});

t.test('an address follows from its key, and tells nothing of it', async (t) => {
  const [one, other] = [createHmacKeys().current, createHmacKeys().current];
  t.same(reviewPaths(one), reviewPaths({ ...one }));
  t.not(reviewPaths(one).sources, reviewPaths(other).sources);
  t.same(leaksIn(reviewPaths(one), [one.key]), []);
  t.notMatch(reviewPaths(one).sources, one.id);
});
