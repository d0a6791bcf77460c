import { FAILINGS } from './verdict/verdict.ts';
import type { ChaosReport } from './chaos.ts';

const SHOWN = 8;

/** Whether nothing went wrong. */
export function isGood({ failings, deaths }: ChaosReport): boolean {
  return failings.length === 0 && deaths === 0;
}

/** A kind of failing that is rare must not be hidden behind many of another one. */
function rarestFirst(failings: ChaosReport['failings']): ChaosReport['failings'] {
  const count = (what: string): number => failings.filter((one) => one.what === what).length;
  return [...failings].sort((a, b) => count(a.what) - count(b.what));
}

/** The figures of a run, for people. Names and digests, never data. */
export function textOf(report: ChaosReport, seed: number): string {
  const counts = (of: Readonly<{ [what: string]: number }>): string =>
    Object.entries(of)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ');
  const total = (of: Readonly<{ [what: string]: number }>): number =>
    Object.values(of).reduce((sum, count) => sum + count, 0);
  const failed = FAILINGS.map(
    (what) => `${what} ${report.failings.filter((failing) => failing.what === what).length}`,
  );
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return [
    `workloads ${total(report.workloads)} (${counts(report.workloads)}), ${report.sources} sources`,
    `changes   ${total(report.changes)} (${counts(report.changes)})`,
    `writes    ${total(report.writes)} (${counts(report.writes)})`,
    `faults    ${counts(report.faults)}`,
    `rolls     ${report.rolls}, of which ${report.ownRolls} by a workload's own user`,
    `failings  ${failed.join(', ')}, ended unasked ${report.deaths}, excused ${report.excused}`,
    `duration  ${seconds(report.durationMs)}, settled ${seconds(report.settleMs)} after the last fault`,
    `seed      ${seed}`,
    ...rarestFirst(report.failings)
      .slice(0, SHOWN)
      .map(({ what, where }) => `${what.toUpperCase()} ${where}`),
  ].join('\n');
}
