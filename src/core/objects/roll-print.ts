import { LAST_ROLL, STAMP, STAMPS } from '../api/annotations.ts';
import { leversNamed } from '../template/lever-index.ts';
import { leversOf, type TemplatePatch } from '../template/template-patch.ts';
import type { Workload } from './workload.ts';

/** What one roll writes into a workload, by which it is known again: the answer to it may be late, or lost. */
export type RollPrint = {
  readonly annotations: Readonly<Record<string, string | null>>;
  /** Undefined for a kind whose rolls do not show in its own template. */
  readonly template: TemplatePatch | undefined;
};

/**
 * Whether a workload bears what this roll writes. The history says it alone, because no two entries are equal; where there
 * was no room for it, map and levers together do.
 */
export function bearsRoll(workload: Workload, { annotations, template }: RollPrint): boolean {
  const history = annotations[LAST_ROLL] ?? undefined;
  if (history !== undefined) return workload.lastRoll === history;
  const map = annotations[STAMPS] ?? undefined;
  if (map !== undefined && workload.stamps !== map) return false;
  return template === undefined ? map !== undefined : bearsTemplate(workload, template);
}

function bearsTemplate(workload: Workload, template: TemplatePatch): boolean {
  const stamp = template.metadata?.annotations[STAMP];
  const gone = (template.spec?.containers ?? []).flatMap(({ name: container, env }) =>
    env.filter(({ value }) => value === undefined).map(({ name }) => ({ container, name })),
  );
  const has = (wanted: { container: string; name: string; value?: string }): boolean =>
    leversNamed(workload.levers, wanted.name).some(
      ({ container, value }) =>
        container === wanted.container && (wanted.value === undefined || value === wanted.value),
    );
  return (
    (stamp === undefined || workload.templateStamp === stamp) &&
    leversOf(template).every(has) &&
    !gone.some(has)
  );
}
