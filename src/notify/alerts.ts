import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { RollEntry } from '../core/stamps/history.ts';
import type { Workload } from '../core/objects/workload.ts';
import type { Faults } from '../faults.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { alertBody, alertText } from './alert-message.ts';
import { createPost } from './delivery.ts';

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
  readonly faults: Faults;
  readonly log: Pick<Log, 'error' | 'warn'>;
  readonly metrics: Pick<Metrics, 'outgoing'>;
};

/** Undefined unless alerts are asked for and have an address. */
export function createAlerts({ alert, ...common }: AlertOptions): Alerts | undefined {
  const { onReload, url, sink, proxy, info } = alert;
  if (!onReload || url === undefined) return undefined;
  const post = createPost({
    what: 'alert',
    url,
    proxy,
    // Reloader's words (reloader.md 7.2).
    failed: 'Error sending alert',
    dropped: 'Alerts were not sent',
    ...common,
  });
  return {
    rolled: (workload, { sources, more }) => {
      const text = alertText(
        info,
        workload,
        sources.map(({ source }) => source),
        more,
      );
      post.add({ url, ...alertBody(sink, text) });
    },
    setBusy: (busy) => post.setBusy(busy),
    stop: () => post.stop(),
  };
}
