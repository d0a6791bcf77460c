import { randomUUID } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { commandOf } from '../processes.ts';

/** A holder shows every so often that it lives; a lock that was not touched for staleMs belongs to nobody. */
const touchMs = 10_000;
const staleMs = 120_000;

const unlessMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
};

type Holder = { readonly text: string; readonly pid: number; readonly stale: boolean };

const holderOf = async (path: string): Promise<Holder | undefined> => {
  const text = await readFile(path, 'utf8').catch(unlessMissing);
  const info = await stat(path).catch(unlessMissing);
  if (text === undefined || info === undefined) return undefined;
  const [pid = '0', host = ''] = text.split(' ');
  // A process id says something only on its own host (a cache can be a mounted folder).
  const dead = host === hostname() && (await commandOf(Number(pid))) === '';
  return { text, pid: Number(pid), stale: dead || Date.now() - info.mtimeMs > staleMs };
};

const tryCreate = (path: string, text: string): Promise<boolean> =>
  writeFile(path, text, { flag: 'wx' }).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    },
  );

/** Moves a stale lock away. If another process was faster and the lock moved is its new one, it is put back. */
const breakLock = async (path: string, stale: string): Promise<void> => {
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(unlessMissing);
  const moved = await readFile(aside, 'utf8').catch(unlessMissing);
  if (moved !== undefined && moved !== stale) await tryCreate(path, moved);
  await rm(aside, { force: true });
};

/** Resolves when something happened in the lock's folder, and after a second at the latest (for a holder's death). */
const change = (path: string): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      watcher.close();
      resolve();
    };
    const timer = setTimeout(done, 1_000);
    const watcher = watch(dirname(path), (_event, name) => {
      if (name === basename(path)) done();
    });
    watcher.on('error', done);
  });

/**
 * Runs `work` while holding the lock file `path`; waits while a living process holds it, breaks the lock of a dead one.
 * It saves double work between processes side by side; correctness must not hang on it (two breakers can race).
 */
export const withLock = async <T>(
  path: string,
  work: () => Promise<T>,
  onWait: (pid: number) => void = () => undefined,
): Promise<T> => {
  await mkdir(dirname(path), { recursive: true });
  const text = `${process.pid} ${hostname()} ${randomUUID()}`;
  let told = false;
  while (!(await tryCreate(path, text))) {
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (holder.stale) {
      await breakLock(path, holder.text);
      continue;
    }
    if (!told) onWait(holder.pid);
    told = true;
    await change(path);
  }
  const touch = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, touchMs);
  touch.unref();
  try {
    return await work();
  } finally {
    clearInterval(touch);
    if ((await readFile(path, 'utf8').catch(unlessMissing)) === text) await rm(path, { force: true });
  }
};
