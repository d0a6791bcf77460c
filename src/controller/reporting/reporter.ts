import type { Clock } from '../../clock.ts';
import { workloadTitle, type Workload } from '../../core/objects/workload.ts';
import { RestampError } from '../../errors.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { Repeats } from '../../telemetry/repeats.ts';
import type { MutatorPorts } from '../ports.ts';

type Told = Pick<
  MutatorPorts,
  | 'onTrouble'
  | 'onUnreadable'
  | 'onDropped'
  | 'onUnproven'
  | 'onInvalidList'
  | 'onInvalidPause'
  | 'onUnusableRequest'
  | 'onLeftOut'
  | 'onReverted'
  | 'onOutcome'
  | 'audit'
> & { readonly recorder: Omit<MutatorPorts['recorder'], 'sendEvent' | 'alerts'> };

/** How many sources one line names. */
const MAX_SOURCES = 20;

/** Says in log and metrics what the rolling side has met: names and counts, never values. */
export function createTelling(clock: Clock, log: Log, metrics: Metrics): Told {
  const repeats = new Repeats(clock);
  const named = ({ kind, namespace, name }: Workload): object => ({ kind, namespace, name });
  return {
    audit: log.audit,
    onTrouble: (error: RestampError) => {
      metrics.troubles.inc({ code: error.code });
      const more = repeats.ask(error.code, error.message);
      if (more === undefined) return;
      log.warn({ code: error.code, remedy: error.remedy, ...(more > 0 ? { more } : {}) }, error.message);
    },
    onUnreadable: (workload, reason) => {
      metrics.unreadableMaps.inc({ reason });
      log.warn(
        { workload, reason },
        'The map of stamps is not readable: baselines are taken again, nothing is rolled',
      );
    },
    onDropped: (workload, source) => {
      metrics.droppedStale.inc();
      log.audit({ audit: 'dropped', ...named(workload), source }, 'A stale source is no dependency any more');
    },
    onUnproven: (workload, sources) => {
      metrics.unproven.inc(sources.length);
      const more = sources.length - MAX_SOURCES;
      log.info(
        { ...named(workload), sources: sources.slice(0, MAX_SOURCES), ...(more > 0 ? { more } : {}) },
        'Adopted: whether these sources changed before the first baseline is not known',
      );
    },
    onLeftOut: (workload, sources, whole) => {
      metrics.leftOut.inc(sources.length);
      const fields = { ...named(workload), count: sources.length, first: sources.at(-1) };
      if (!whole) {
        log.warn(
          fields,
          'The map is full: while Restamp is down, a change of these sources is not seen; name them, or split the workload',
        );
        return;
      }
      const error = new RestampError('RESTAMP_MAP_TOO_LARGE', workloadTitle(workload));
      metrics.troubles.inc({ code: error.code });
      log.warn({ ...fields, code: error.code, remedy: error.remedy }, error.message);
    },
    onInvalidPause: (workload, period) =>
      // Reloader's words, but Reloader does not roll such a Deployment at all.
      log.warn(
        { ...named(workload) },
        `Failed to parse pause interval value '${period}': it is no duration such as 30s or 5m; the roll goes on without a pause`,
      ),
    onUnusableRequest: (where, at) =>
      log.warn(
        { where, at },
        'A request is for a time that is more than five minutes ahead of our clock: it is not obeyed',
      ),
    onInvalidList: (workload, reason) => {
      const { kind, namespace, name } = workload;
      // Reloader's words (reloader.md 7.2).
      log.error(
        named(workload) as Record<string, unknown>,
        `Skipping invalid reload annotation on ${kind} '${name}' in namespace '${namespace}': ${reason}`,
      );
    },
    onReverted: (workload, manager) => {
      metrics.reverted.inc();
      log.warn(
        { ...named(workload), manager },
        `Another manager has taken away what rolled ${workloadTitle(workload)}`,
      );
    },
    onOutcome: (workload, outcome) => {
      const reason = outcome.is === 'completed' ? '' : outcome.reason;
      metrics.rollouts.inc({ kind: workload.kind, outcome: outcome.is, reason });
      const fields = { audit: 'rollout', ...named(workload), ...outcome };
      log.audit(
        fields,
        `The rollout of ${workloadTitle(workload)} ${VERBS[outcome.is]}${reason === '' ? '' : `: ${reason}`}`,
      );
    },
    recorder: {
      audit: log.audit,
      error: log.error,
      countRoll: ({ success, kind, namespace, attributed, seconds, code }) => {
        const { reloads, reloadsByNamespace, actions } = metrics.reloader;
        reloads.inc({ success: String(success) });
        reloadsByNamespace?.inc({ success: String(success), namespace });
        actions.inc({ workload_kind: kind, result: success ? 'success' : 'error' });
        if (success) metrics.rolls.inc({ kind, attributed: String(attributed) });
        if (code !== undefined) metrics.rollFailures.inc({ code });
        if (seconds !== undefined) metrics.rollSeconds.observe(seconds);
      },
      countDropped: (count) => metrics.droppedEvents.inc(count),
    },
  };
}

const VERBS = { completed: 'is complete', failed: 'has failed', waiting: 'waits' } as const;
