import t from 'tap';
import { createHmacKeys } from '../../../../certs/keys.ts';
import { reviewPaths } from '../../../../certs/review-paths.ts';
import { concealPaths, SecretPaths } from '../../../../webhook/callers/secret-paths.ts';

const [now, former, stranger] = [createHmacKeys(), createHmacKeys(), createHmacKeys()].map(
  ({ current }) => current,
);

t.test('the addresses of the current key and of the former ones are accepted', async (t) => {
  const paths = new SecretPaths({ current: now!, former: [former!] });
  for (const key of [now!, former!]) {
    t.equal(paths.routeOf(reviewPaths(key).sources), 'sources');
    t.equal(paths.routeOf(reviewPaths(key).workloads), 'workloads');
  }
});

t.test('no other path is an address, however near it comes', async (t) => {
  const paths = new SecretPaths({ current: now!, former: [] });
  const { sources, workloads } = reviewPaths(now!);
  for (const path of [
    reviewPaths(former!).sources,
    reviewPaths(stranger!).workloads,
    '',
    '/',
    '/sources',
    '/workloads/',
    sources.slice(0, -1),
    `${sources}0`,
    `${sources}/`,
    `/${sources}`,
    sources.toUpperCase(),
    sources.replace('/sources/', '/workloads/'),
    workloads.replace('/workloads/', '/sources/'),
    encodeURIComponent(sources),
    '\ud800',
  ])
    t.equal(paths.routeOf(path), undefined, path);
});

t.test('a text that quotes an address, whole or cut, is told without it', async (t) => {
  const { sources, workloads } = reviewPaths(now!);
  const text = `Invalid value: "https://a${sources}?x" and "${workloads.slice(0, 25)}`;
  t.equal(concealPaths(text), 'Invalid value: "https://a/sources/…?x" and "/workloads/…');
});
