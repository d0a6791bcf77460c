import type { Clock } from '../clock.ts';
import type { Faults } from '../faults.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createMessenger, type Letter } from './http-sender.ts';
import { Outbox } from './outbox.ts';

/** Sends letters of one sort to one receiver, counts them, and tells what was lost. */
export type Post = {
  add(letter: Letter): void;
  /** Letters wait while patches are on their way. */
  setBusy(busy: boolean): void;
  /** Gives what waits a last chance, of seconds. */
  stop(): Promise<void>;
};

export type PostOptions = {
  /** As the metric calls them. */
  readonly what: 'alert' | 'webhook';
  readonly url: URL;
  readonly proxy: URL | undefined;
  /** What the log says before the reason of a failure, and of letters that were never sent. */
  readonly failed: string;
  readonly dropped: string;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Pick<Log, 'error' | 'warn'>;
  readonly metrics: Pick<Metrics, 'outgoing'>;
};

export function createPost(options: PostOptions): Post {
  const { what, url, proxy, failed, dropped, clock, faults, log, metrics } = options;
  const messenger = createMessenger({ proxy });
  const count = (result: string, by = 1): void => metrics.outgoing.inc({ what, result }, by);
  const outbox = new Outbox({
    clock,
    faults,
    send: (letter) => messenger.send(letter),
    onSent: () => count('sent'),
    onFailed: (_letter, error) => {
      count('failed');
      log.error({ code: error.code, remedy: error.remedy }, `${failed}: ${error.message}`);
    },
    onDropped: (lost) => {
      count('dropped', lost);
      log.warn({ lost, host: url.host }, `${dropped}: too many wait, or this process ends`);
    },
  });
  return {
    add: (letter) => outbox.add(letter),
    setBusy: (busy) => outbox.setBusy(busy),
    stop: async () => {
      await outbox.stop();
      await messenger.close();
    },
  };
}
