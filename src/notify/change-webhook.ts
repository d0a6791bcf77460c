import type { Clock } from '../clock.ts';
import { sourceKey, sourceRow, type SourceType } from '../core/api/source.ts';
import type { RestampError } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { MountChanges } from './mount-changes.ts';
import { createPost } from './delivery.ts';
import { SourceChanges, type SourceChange, type SourceChangesOptions } from './source-changes.ts';

/** Calls a webhook for each data change of a source, instead of rolling (--webhook-url). */
export type ChangeHook = {
  /** What follows the sources whose own writes change data; a SecretProviderClass is none of them. */
  follower(type: SourceType): ReturnType<SourceChanges['follower']> | undefined;
  /** What follows the statuses that tell of SecretProviderClasses. */
  readonly statuses: Pick<MountChanges, 'put' | 'remove'>;
  /** The watches have shown everything. */
  start(): void;
  /** Only the leader calls. */
  setLeading(leading: boolean): void;
  stop(): Promise<void>;
};

export type ChangeHookOptions = Pick<
  SourceChangesOptions,
  'read' | 'key' | 'selector' | 'reloadOnCreate' | 'reloadOnDelete' | 'faults'
> & {
  readonly url: URL | undefined;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly metrics: Pick<Metrics, 'outgoing'>;
  readonly onTrouble: (error: RestampError) => void;
  /** For how long nobody may have led before this process does, in milliseconds. */
  readonly leaseMs: number;
};

/** Byte for byte Reloader's (reloader.md 7.6); what it is about stands in headers. */
const BODY = '{"webhook":"update successful"}';
const MAX_UNSENT = 1_000;

/** Undefined without an address. */
export function createChangeHook({ url, ...options }: ChangeHookOptions): ChangeHook | undefined {
  if (url === undefined) return undefined;
  const { clock, faults, log, metrics, leaseMs } = options;
  const shown = url.origin + url.pathname;
  const post = createPost({
    what: 'webhook',
    url,
    proxy: undefined,
    failed: 'Error sending webhook',
    dropped: 'Webhook calls were not made',
    clock,
    faults,
    log,
    metrics,
  });
  const tell = (change: SourceChange): void => {
    const { type, namespace, name } = change;
    log.info(
      {},
      `Changes detected in '${name}' of type '${sourceRow(type).word}' in namespace '${namespace}', Sending webhook to '${shown}'`,
    );
    const headers = { 'x-restamp-source': sourceKey(change), 'x-restamp-version': change.version };
    post.add({ url, contentType: 'application/json', body: BODY, headers });
  };
  let leading = false;
  let unsent: { readonly at: number; readonly change: SourceChange }[] = [];
  const onChange = (change: SourceChange): void => {
    if (leading) tell(change);
    else unsent = [...unsent.slice(1 - MAX_UNSENT), { at: clock.monotonic(), change }];
  };
  const changes = new SourceChanges({ ...options, onChange });
  return {
    follower: (type) => (type === 'spc' ? undefined : changes.follower(type)),
    statuses: new MountChanges(onChange),
    start: () =>
      void changes.start().then(() => {
        log.info(
          { sources: changes.size },
          'All sources have been read: each change of data calls the webhook',
        );
      }),
    setLeading: (now) => {
      leading = now;
      // The former leader may have ended before it told of these; what it did tell of has the same version.
      const since = clock.monotonic() - leaseMs;
      if (now) for (const { at, change } of unsent.splice(0)) if (at >= since) tell(change);
    },
    stop: () => {
      changes.stop();
      return post.stop();
    },
  };
}
