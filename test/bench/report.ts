import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { dirname } from 'node:path';

/** One line of the table. A figure that was not taken is undefined. */
export type Row = {
  readonly work: string;
  readonly unit: 'ms' | 'MB' | 'KiB' | 's' | 'calls' | 'connections';
  readonly peer?: number | undefined;
  readonly floor?: number | undefined;
  readonly restamp: number;
  /** What it may be, and how that is said; none where the figure is only shown. */
  readonly goal?: { readonly least?: number; readonly most: number; readonly text: string } | undefined;
  /** Every single measurement, for who wants to see how they spread. */
  readonly samples?: Readonly<Partial<Record<'peer' | 'floor' | 'restamp', readonly number[]>>>;
  readonly note?: string;
};

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new RangeError('the median of nothing');
  return (low + high) / 2;
}

/** Whether the goal is met; undefined where there is none. */
function met({ goal, restamp }: Row): boolean | undefined {
  return goal === undefined ? undefined : restamp >= (goal.least ?? -Infinity) && restamp <= goal.most;
}

const number = (value: number | undefined): string =>
  value === undefined ? '–' : value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);

/** The table as text, columns under each other. */
export function tableOf(rows: readonly Row[], peerName: string): string {
  const head = ['work', 'unit', peerName, 'floor', 'Restamp', 'goal', 'met?'];
  const lines = rows.map((row) => [
    row.work,
    row.unit,
    number(row.peer),
    number(row.floor),
    number(row.restamp),
    row.goal?.text ?? '–',
    { true: 'yes', false: 'NO', undefined: '–' }[String(met(row)) as 'true' | 'false' | 'undefined'],
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  return [head, widths.map((width) => '-'.repeat(width)), ...lines]
    .map((line) =>
      line
        .map((cell, column) =>
          column > 1 && column < 5 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Writes everything that was measured, with what the machine was and how busy it was before and after. */
export async function writeJson(
  file: string,
  rows: readonly Row[],
  loadBefore: readonly number[],
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const machine = { node: process.version, cores: availableParallelism(), loadBefore, loadAfter: loadavg() };
  const facts = {
    at: new Date().toISOString(),
    machine,
    rows: rows.map((row) => ({ ...row, met: met(row) })),
  };
  await writeFile(file, `${JSON.stringify(facts, null, 2)}\n`);
}
