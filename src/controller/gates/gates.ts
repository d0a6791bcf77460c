import type { Clock } from '../../clock.ts';
import type { Plan } from '../../core/stamps/plan.ts';
import { isReleaseTool } from '../../core/objects/release.ts';
import { pauseMs } from '../../core/objects/pause.ts';
import { sourceKey } from '../../core/api/source.ts';
import { workloadKey, type Workload } from '../../core/objects/workload.ts';
import { openRequest, type Request } from '../../core/opt-in/overrides.ts';
import type { HoldReason } from './hold-reasons.ts';
import type { Releases } from './release-tracker.ts';
import type { RollRates } from './roll-limit.ts';
import type { SourceBook } from '../../state/source-cache.ts';

export type GatesOptions = {
  readonly clock: Clock;
  readonly sources: SourceBook;
  readonly releases: Releases;
  readonly rates: RollRates;
  readonly releaseQuietMs: number;
  /** Whether somebody has turned the stop switch for this namespace. */
  readonly stopped: (namespace: string) => boolean;
};

/** What the gates say of a stale workload: held, with a reason, or through, perhaps because somebody asked. */
export type Passage =
  | {
      readonly held: HoldReason;
      readonly ms: number;
      /** For people: what it waits for. */ readonly detail: string;
    }
  | { readonly held: undefined; readonly request: Request | undefined };

/** A closed gate without an end of its own is asked again this often; whoever opens it also asks. */
const ASK_AGAIN_MS = 60_000;

/** Asks every gate, in order, whether a stale workload may be rolled now (DESIGN 3.4). */
export class Gates {
  readonly #options: GatesOptions;

  constructor(options: GatesOptions) {
    this.#options = options;
  }

  /** The open request of a person for this workload or one of its stale sources. */
  request(workload: Workload, plan: Plan): Request | undefined {
    const { clock, sources } = this.#options;
    const { namespace } = workload;
    const ofSources = plan.stale.map(
      ({ dependency: { type, name } }) => sources.get({ type, name, namespace })?.wishes.request,
    );
    return openRequest([workload.wishes.request, ...ofSources], plan.baseline.req, clock.now());
  }

  ask(workload: Workload, plan: Plan): Passage {
    const { clock, rates, stopped } = this.#options;
    const key = workloadKey(workload);
    // The stop switch is for emergencies: no request passes it.
    if (stopped(workload.namespace)) return { held: 'stop', ms: ASK_AGAIN_MS, detail: 'the stop switch' };
    const request = this.request(workload, plan);
    if (request !== undefined) return { held: undefined, request };
    const pause = pauseMs(workload.pause, clock.now());
    if (pause > 0) return { held: 'pause', ms: pause, detail: '' };
    const overLimit = rates.waitMs(key);
    if (overLimit > 0) {
      const sources = plan.stale.map(({ key: source }) => source).join(', ');
      return { held: 'limit', ms: overLimit, detail: `rolled too often; what changes now: ${sources}` };
    }
    const contested = rates.contestedMs(key);
    if (contested > 0) return { held: 'contested', ms: contested, detail: rates.contender(key) ?? '' };
    const release = this.#releaseMs(workload, plan);
    if (release > 0) return { held: 'release', ms: release, detail: workload.release ?? '' };
    return { held: undefined, request: undefined };
  }

  /** How long to wait for the workload's own write of the release that changed a source of it. */
  #releaseMs(workload: Workload, plan: Plan): number {
    const { sources, releases, releaseQuietMs } = this.#options;
    const { release, namespace } = workload;
    if (release === undefined) return 0;
    let wait = 0;
    for (const { dependency } of plan.stale) {
      const meta = sources.get({ type: dependency.type, name: dependency.name, namespace });
      if (meta?.release !== release || !isReleaseTool(meta.manager)) continue;
      const quiet = workload.wishes.releaseQuietMs ?? meta.wishes.releaseQuietMs ?? releaseQuietMs;
      wait = Math.max(wait, releases.waitMs(release, sourceKey(meta), workloadKey(workload), quiet));
    }
    return wait;
  }
}
