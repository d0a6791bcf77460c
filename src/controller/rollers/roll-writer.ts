import { mergeAnnotations } from '../../core/api/annotations.ts';
import {
  hasRun,
  jobName,
  jobOfCronJob,
  remadeJob,
  type CronJobObject,
  type JobManifest,
  type JobObject,
} from '../../core/objects/job.ts';
import { parseHistory } from '../../core/stamps/history.ts';
import { apiKind } from '../../core/api/kind.ts';
import { planLever, withStamp, type LeverChange, type Strategy } from '../../core/template/lever.ts';
import { templateOperations } from '../../core/template/template-operations.ts';
import { leversOf, type TemplatePatch } from '../../core/template/template-patch.ts';
import { valueAt } from '../../core/api/value-at.ts';
import { templateOf } from '../../core/template/template-facts.ts';
import { workloadTitle, type Workload, type WorkloadObject } from '../../core/objects/workload.ts';
import { hasCode, RestampError } from '../../errors.ts';
import type { Remakes } from './job-recreator.ts';
import type { JobPort, RunningJob } from './job-port.ts';

/** Patches one workload and returns it as it is stored then. Fails with RESTAMP_KUBE_*. */
export type PatchWorkload = (
  workload: Workload,
  patch: { readonly type: 'merge' | 'strategic' | 'json'; readonly body: object },
) => Promise<WorkloadObject>;

/** One roll, as it is to be written. */
export type RollWrite = {
  readonly metadata: {
    /** The roll is only right for the workload that was judged (DESIGN 2.3). */
    readonly resourceVersion: string;
    readonly annotations: Readonly<Record<string, string | null>>;
  };
  readonly changes: readonly LeverChange[];
  /** When it is written, by our own clock: milliseconds since 1970. */
  readonly at: number;
  /** For a template that would not change otherwise; never used twice. */
  readonly stamp: string;
  /** The levers alone may bring back a template whose pods still run. */
  readonly returns: boolean;
  /** Which state of the map it leaves: of two rolls that leave the same one, the first was not stored. */
  readonly print: () => readonly string[];
};

/** What is written where somebody asked to take the sources as they are: the map and the history, and nothing rolls. */
export type Skip = Pick<RollWrite, 'metadata'>;

/** What is stored after a roll, and the levers that it left in the workload's own template. */
export type Written = {
  readonly object: WorkloadObject;
  readonly levers: readonly { readonly container: string; readonly name: string; readonly value: string }[];
};

export type RollWriterOptions = {
  readonly patch: PatchWorkload;
  readonly read: (workload: Workload) => Promise<WorkloadObject>;
  readonly jobs: JobPort;
  readonly remakes: Remakes;
  /** How a kind shows its rolls where the workload does not say. */
  readonly strategyOf: (kind: string) => Strategy;
};

/** Names that are tried for a Job. Each is a crash between a Job and its map, or somebody who knows our digests. */
const MOST_NAMES = 3;

/** Writes rolls, each kind in its own way (the kind table says which). Fails with RESTAMP_KUBE_*. */
export class RollWriter {
  readonly #options: RollWriterOptions;

  constructor(options: RollWriterOptions) {
    this.#options = options;
  }

  /** What a roll writes into the pod template; undefined for a kind of which it is another object's or none. */
  template(workload: Workload, roll: RollWrite): TemplatePatch | undefined {
    return this.#way(workload) === 'patch' ? this.#planned(workload, roll) : undefined;
  }

  async skip(workload: Workload, body: Skip): Promise<Written> {
    return { object: await this.#options.patch(workload, { type: 'merge', body }), levers: [] };
  }

  /** Undefined for a Job whose old self is still going: it is told of when the new one is made. */
  write(workload: Workload, roll: RollWrite): Promise<Written | undefined> {
    const template = this.#planned(workload, roll);
    switch (this.#way(workload)) {
      case 'remake':
        return this.#remake(workload, roll, template);
      case 'run':
        return this.#run(workload, roll, template);
      case 'restart':
        return this.#restart(workload, roll);
      case 'patch':
        return this.#patch(workload, roll, template);
    }
  }

  #way({ row, wishes }: Workload): 'remake' | 'run' | 'restart' | 'patch' {
    if (row.roll === 'remake') return 'remake';
    if (row.roll === 'run' && !wishes.nextRun) return 'run';
    return row.restart !== undefined && wishes.restart ? 'restart' : 'patch';
  }

  #planned(workload: Workload, roll: RollWrite): TemplatePatch {
    const strategy = workload.wishes.lever ?? this.#options.strategyOf(apiKind(workload.row));
    const planned = planLever(workload.levers, roll.changes, roll.stamp, strategy);
    return roll.returns ? withStamp(planned, roll.stamp) : planned;
  }

  async #patch(workload: Workload, { metadata }: RollWrite, template: TemplatePatch): Promise<Written> {
    const { patch } = this.#options;
    const levers = leversOf(template);
    if (canMerge(workload, template)) {
      const body = { metadata, ...nest(workload.row.template, template) };
      return {
        object: await patch(workload, { type: workload.row.merges ? 'strategic' : 'merge', body }),
        levers,
      };
    }
    const object = await this.#asJudged(workload);
    const path = `/${workload.row.template.join('/')}`;
    const operations = [
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      {
        op: 'add',
        path: '/metadata/annotations',
        value: mergeAnnotations(object.metadata.annotations, metadata.annotations),
      },
      ...templateOperations(templateOf(workload.row, object), path, template),
    ];
    try {
      return { object: await patch(workload, { type: 'json', body: operations }), levers };
    } catch (error) {
      // A `test` that fails is answered by 422 as well, without a word of which it was.
      if (hasCode(error, 'RESTAMP_KUBE_INVALID')) await this.#asJudged(workload);
      throw error;
    }
  }

  /**
   * A CronJob is not changed but for its map: it starts a Job now, unless somebody has suspended it. One that forbids
   * two at once has its next run stamped while a Job goes on, and one that replaces them loses those that do.
   */
  async #run(workload: Workload, roll: RollWrite, template: TemplatePatch): Promise<Written> {
    const { patch } = this.#options;
    if (!workload.suspended) {
      const cronJob = (await this.#asJudged(workload)) as unknown as CronJobObject;
      const { concurrencyPolicy } = cronJob.spec;
      const print = [...roll.print()];
      for (let tries = 0; ; tries += 1) {
        const name = jobName(workload, print);
        const others = await this.#others(workload, name, concurrencyPolicy);
        if (others.length > 0 && !(concurrencyPolicy === 'Replace' && (await this.#removeAll(others))))
          return this.#patch(workload, roll, template);
        const other = await this.#make(workload, jobOfCronJob(cronJob, name, template));
        if (other === undefined || hasRun(other, workload, { changes: roll.changes, template })) break;
        if (tries > MOST_NAMES)
          throw new RestampError('RESTAMP_KUBE_CONFLICT', `job ${name}: others have taken its names`);
        print.push(other.metadata.uid);
      }
    }
    const object = await patch(workload, { type: 'merge', body: { metadata: roll.metadata } });
    return { object, levers: [] };
  }

  /**
   * Creates a Job. The one that has its name already, if there is one: made before a crash, or before the controller wrote
   * the CronJob's status in between, or by somebody else.
   */
  async #make({ namespace }: Workload, manifest: JobManifest): Promise<JobObject | undefined> {
    const { jobs } = this.#options;
    try {
      await jobs.create(manifest, false);
      return undefined;
    } catch (error) {
      if (!hasCode(error, 'RESTAMP_KUBE_CONFLICT')) throw error;
      const { name } = manifest.metadata;
      const other = await jobs.read(namespace, name).catch((reason: unknown) => {
        // It has just been deleted: look again, as the workload itself is not gone.
        throw hasCode(reason, 'RESTAMP_KUBE_NOT_FOUND') ? error : reason;
      });
      return other as unknown as JobObject;
    }
  }

  /** The Jobs of a CronJob that go on beside the one that is called `name`, where its policy asks for them. */
  async #others(
    { namespace, uid }: Workload,
    name: string,
    policy: string | undefined,
  ): Promise<readonly RunningJob[]> {
    if (policy !== 'Forbid' && policy !== 'Replace') return [];
    const running = await this.#options.jobs.running({ namespace, uid });
    return running.filter((job) => job.name !== name);
  }

  /** Deletes Jobs as the controller does that replaces them; false where we may not, and it alone can. */
  async #removeAll(others: readonly RunningJob[]): Promise<boolean> {
    try {
      for (const job of others)
        await this.#options.jobs.remove(job).catch((error: unknown) => {
          if (!hasCode(error, 'RESTAMP_KUBE_NOT_FOUND')) throw error;
        });
      return true;
    } catch (error) {
      if (hasCode(error, 'RESTAMP_KUBE_FORBIDDEN')) return false;
      throw error;
    }
  }

  /** Restarts what is older than a time after the change, and after every roll and restart before. */
  async #restart(workload: Workload, roll: RollWrite): Promise<Written> {
    const path = workload.row.restart ?? [];
    const object = await this.#asJudged(workload);
    const { metadata } = object;
    // The API server's clock may be ahead of ours, and what took keys away moved no time of the source.
    const written = (metadata.managedFields ?? []).map(({ time }) => time);
    const told = [valueAt(object, path), ...written, parseHistory(workload.lastRoll)[0]?.rolled];
    const times = [
      roll.at,
      ...roll.changes.map(({ at }) => at),
      ...told.map((text) => Date.parse(String(text))),
    ];
    const newest = Math.max(...times.filter(Number.isFinite));
    // Times have whole seconds: a pod of the very second of the change may have read what was before.
    const time = new Date(Math.floor(newest / 1000) * 1000 + 1000);
    const body = { metadata: roll.metadata, ...nest(path, time.toISOString().replace('.000Z', 'Z')) };
    return { object: await this.#options.patch(workload, { type: 'merge', body }), levers: [] };
  }

  async #remake(
    workload: Workload,
    { metadata }: RollWrite,
    template: TemplatePatch,
  ): Promise<Written | undefined> {
    const job = (await this.#asJudged(workload)) as unknown as JobObject;
    const manifest = remadeJob(job, metadata.annotations, template);
    const { namespace, name, uid, resourceVersion } = workload;
    const object = await this.#options.remakes.remake({ namespace, name, uid, resourceVersion, manifest });
    return object && { object, levers: [] };
  }

  /** The whole object; RESTAMP_KUBE_CONFLICT if it is not what was judged any more. */
  async #asJudged(workload: Workload): Promise<WorkloadObject> {
    const object = await this.#options.read(workload);
    if (object.metadata.resourceVersion !== workload.resourceVersion)
      throw new RestampError('RESTAMP_KUBE_CONFLICT', workloadTitle(workload));
    return object;
  }
}

/**
 * The API server merges lists by name for its own kinds alone; of others, annotations can be merged. Where a list names
 * one variable twice, it moves the two together, and `$(NAME)` between them becomes another value.
 */
function canMerge({ row, twins }: Workload, { spec }: TemplatePatch): boolean {
  return spec === undefined || (row.merges && !spec.containers.some(({ name }) => twins.includes(name)));
}

/** `{spec: {template: …}}` for the path to a value. */
function nest(path: readonly string[], value: TemplatePatch | string): object {
  return path.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value) as object;
}
