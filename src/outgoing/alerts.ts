import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { RollEntry } from '../core/history.ts';
import type { Workload } from '../core/workload.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { alertBody, alertText } from './alert-text.ts';
import { createMessenger } from './messenger.ts';
import { Outbox } from './outbox.ts';

/** Tells a chat of rolls (ALERT_ON_RELOAD). */
export type Alerts = {
  rolled(workload: Workload, entry: RollEntry): void;
  /** Alerts wait while patches are on their way. */
  setBusy(busy: boolean): void;
  stop(): Promise<void>;
};

export type AlertOptions = {
  readonly alert: Config['alert'];
  readonly clock: Clock;
  readonly log: Pick<Log, 'error' | 'warn'>;
  readonly metrics: Pick<Metrics, 'outgoing'>;
};

/** Undefined unless alerts are asked for and have an address. */
export function createAlerts({ alert, clock, log, metrics }: AlertOptions): Alerts | undefined {
  const { onReload, url, sink, proxy, info } = alert;
  if (!onReload || url === undefined) return undefined;
  const messenger = createMessenger({ proxy });
  const count = (result: string, by = 1): void => metrics.outgoing.inc({ what: 'alert', result }, by);
  const outbox = new Outbox({
    clock,
    send: (letter) => messenger.send(letter),
    onSent: () => count('sent'),
    onFailed: (_letter, error) => {
      count('failed');
      // Reloader's words (reloader.md 7.2).
      log.error({ code: error.code, remedy: error.remedy }, `Error sending alert: ${error.message}`);
    },
    onDropped: (lost) => {
      count('dropped', lost);
      log.warn({ lost, host: url.host }, 'Alerts were not sent: too many wait, or this process ends');
    },
  });
  return {
    rolled: (workload, { sources }) => {
      const text = alertText(
        info,
        workload,
        sources.map(({ source }) => source),
      );
      outbox.add({ url, ...alertBody(sink, text) });
    },
    setBusy: (busy) => outbox.setBusy(busy),
    stop: () => {
      outbox.stop();
      return messenger.close();
    },
  };
}
