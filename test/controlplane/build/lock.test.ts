import { spawnSync } from 'node:child_process';
import { access, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { withLock } from './lock.ts';

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;
const hourAgo = new Date(Date.now() - 3_600_000);

t.test('two holders of a lock come one after the other', async (t) => {
  const path = join(t.testdir(), 'lock');
  const seen: string[] = [];
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<undefined>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<undefined>();
  const { promise: waiting, resolve: wait } = Promise.withResolvers<number>();
  const first = withLock(path, async () => {
    enter(undefined);
    await mayEnd;
    seen.push('first');
  });
  await entered;
  const second = withLock(path, async () => seen.push('second'), wait);
  t.equal(await waiting, process.pid, 'the one who waits is told for whom');
  end(undefined);
  await Promise.all([first, second]);
  t.same(seen, ['first', 'second']);
  await t.rejects(access(path), { code: 'ENOENT' }, 'nothing is left');
});

t.test('the lock of a dead process is broken', async (t) => {
  const path = join(t.testdir({ lock: `${deadPid()} ${hostname()} x` }), 'lock');
  t.equal(await withLock(path, async () => 'worked'), 'worked');
});

t.test('a lock that was not touched for long is broken, wherever its process is', async (t) => {
  const path = join(t.testdir({ lock: `${process.pid} some-other-host x` }), 'lock');
  await utimes(path, hourAgo, hourAgo);
  t.equal(await withLock(path, async () => 'worked'), 'worked');
});

t.test('a process id of another host proves nothing', async (t) => {
  const path = join(t.testdir({ lock: `${deadPid()} some-other-host x` }), 'lock');
  const { promise: waiting, resolve: wait } = Promise.withResolvers<number>();
  const work = withLock(path, async () => 'worked', wait);
  await waiting;
  await utimes(path, hourAgo, hourAgo);
  t.equal(await work, 'worked', 'only time does');
});

t.test('a lock is given back when its work fails', async (t) => {
  const path = join(t.testdir(), 'lock');
  await t.rejects(
    withLock(path, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  await t.rejects(access(path), { code: 'ENOENT' });
});

t.test('a lock that somebody else took over is left alone', async (t) => {
  const path = join(t.testdir(), 'lock');
  await withLock(path, () => writeFile(path, 'theirs'));
  t.equal(await readFile(path, 'utf8'), 'theirs');
});
