import { getEventListeners } from 'node:events';
import t from 'tap';
import { atMost, pause, systemClock, type Clock } from '../../src/clock.ts';
import { fakeClock } from '../support/fake-clock.ts';

t.test('pause ends when its time has come, and not before', async (t) => {
  const clock = fakeClock(0);
  let ended = false;
  const pausing = pause(clock, 100).then(() => (ended = true));
  clock.advance(99);
  await Promise.resolve();
  t.notOk(ended);
  clock.advance(1);
  await pausing;
  t.ok(ended);
});

t.test('pause ends at once when the signal aborts, and leaves neither timer nor listener', async (t) => {
  const clock = fakeClock(0);
  const controller = new AbortController();
  const pausing = pause(clock, 100, controller.signal);
  t.equal(clock.waiting(), 1);
  controller.abort();
  await pausing;
  t.equal(clock.waiting(), 0);
  t.equal(getEventListeners(controller.signal, 'abort').length, 0);
});

t.test('pause leaves no listener on the signal when its time has come', async (t) => {
  const clock = fakeClock(0);
  const { signal } = new AbortController();
  const pausing = pause(clock, 100, signal);
  clock.advance(100);
  await pausing;
  t.equal(getEventListeners(signal, 'abort').length, 0);
});

t.test('pause does not begin where the signal has aborted before', async (t) => {
  const clock = fakeClock(0);
  await pause(clock, 100, AbortSignal.abort());
  t.equal(clock.waiting(), 0);
});

/** Runs `run` with setTimeout in the test's hands, and gives back the times that were asked for. */
function timersOf(run: (clock: Clock) => void): number[] {
  const original = globalThis.setTimeout;
  const asked: number[] = [];
  const fake = (_run: () => void, ms: number) => {
    asked.push(ms);
    return { unref: () => undefined };
  };
  globalThis.setTimeout = fake as unknown as typeof setTimeout;
  try {
    run(systemClock);
  } finally {
    globalThis.setTimeout = original;
  }
  return asked;
}

t.test('systemClock never asks for a longer timer than there is, which would fire at once', async (t) => {
  const asked = timersOf((clock) => {
    for (const ms of [2 ** 31, Infinity, 2 ** 31 - 1, 5, 0, -1]) clock.after(ms, () => undefined);
  });
  t.same(asked, [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1, 5, 0, 0]);
});

t.test('systemClock runs a timer once, and a cancelled one never', async (t) => {
  let cancelled = 0;
  const cancel = systemClock.after(0, () => (cancelled += 1));
  cancel();
  const keepAlive = setInterval(() => undefined, 1_000);
  let ran = 0;
  await new Promise<void>((resolve) => {
    systemClock.after(0, () => (ran += 1));
    systemClock.after(1, resolve);
  });
  clearInterval(keepAlive);
  t.equal(ran, 1);
  t.equal(cancelled, 0);
});

t.test('systemClock keeps no process alive by its timers', async (t) => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const cancel = systemClock.after(60_000, () => undefined);
  t.equal(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, before);
  cancel();
});

t.test('systemClock tells wall time, and a time of its own that does not step back', async (t) => {
  const early = Date.now();
  const now = systemClock.now();
  t.ok(early <= now && now <= Date.now());
  const first = systemClock.monotonic();
  t.ok(systemClock.monotonic() >= first);
});

t.test('atMost ends with the work, or when its time is over, and tells the work so', async (t) => {
  const clock = fakeClock(0);
  await atMost(clock, 100, async () => undefined);
  t.equal(clock.waiting(), 0, 'no timer is left');
  let told: AbortSignal | undefined;
  const waiting = atMost(clock, 100, (over) => {
    told = over;
    return new Promise(() => undefined);
  });
  t.equal(told?.aborted, false);
  clock.advance(100);
  await waiting;
  t.equal(told?.aborted, true);
});
