// Which of Reloader's end-to-end tests are tests here, counted from the tables themselves.
import { CONTAINERS, JOBS, PATTERNS, ROLLOUTS } from './rows/advanced-rows.ts';
import { AUTOS, COMBINATIONS, EXCLUDES, IGNORES, PAUSES, SEARCHES } from './rows/annotation-rows.ts';
import {
  CSI_AUTOS,
  CSI_CASES,
  CSI_CONTAINERS,
  CSI_EXCLUDES,
  CSI_JOBS,
  CSI_WORKLOADS,
  csiEntriesOf,
} from './rows/csi-rows.ts';
import { REFERENCES } from './rows/reference-rows.ts';
import { entriesOf } from './rows/row.ts';
import { WORKLOADS } from './rows/workload-rows.ts';

/** One file of Reloader's `test/e2e`. */
type Family = {
  readonly file: string;
  /** How many tests it has: cases and lines of tables, those that are pending too. */
  readonly tests: number;
  /** How many of them are tests here. */
  readonly held: number;
  /** The files here that have them. */
  readonly by: string;
};

/** The cases of `flags/*`, each of them a row of our own tests of flags. */
const FLAGS = {
  'flags.test.ts':
    2 + // auto_reload_all
    4 + // ignore_resources
    2 + // namespace_ignore
    2 + // namespace_selector
    3 + // reload_on_create
    3 + // reload_on_delete
    2 + // resource_selector
    6, // watch_globally
  'ignored-kinds.test.ts': 3, // ignored_workloads
};

const FAMILIES: readonly Family[] = [
  {
    file: 'core/workloads_test.go',
    tests: 140,
    held: entriesOf(WORKLOADS) + csiEntriesOf(CSI_WORKLOADS),
    by: 'workloads.test.ts, csi.test.ts',
  },
  {
    file: 'core/reference_methods_test.go',
    tests: 55,
    held: entriesOf(REFERENCES),
    by: 'reference-methods.test.ts',
  },
  {
    file: 'annotations/auto_reload_test.go',
    tests: 9,
    held: entriesOf(AUTOS) + csiEntriesOf(CSI_AUTOS),
    by: 'annotations.test.ts, csi.test.ts',
  },
  {
    file: 'annotations/combination_test.go',
    tests: 9,
    held: entriesOf(COMBINATIONS),
    by: 'annotations.test.ts',
  },
  {
    file: 'annotations/exclude_test.go',
    tests: 11,
    held: entriesOf(EXCLUDES) + csiEntriesOf(CSI_EXCLUDES),
    by: 'annotations.test.ts, csi.test.ts',
  },
  {
    file: 'annotations/search_match_test.go',
    tests: 9,
    held: entriesOf(SEARCHES),
    by: 'annotations.test.ts',
  },
  {
    file: 'annotations/pause_period_test.go',
    tests: 3,
    held: entriesOf(PAUSES),
    by: 'annotations.test.ts',
  },
  {
    file: 'annotations/resource_ignore_test.go',
    tests: 2,
    held: entriesOf(IGNORES),
    by: 'annotations.test.ts',
  },
  {
    file: 'advanced/job_reload_test.go',
    tests: 6,
    held: entriesOf(JOBS) + csiEntriesOf(CSI_JOBS),
    by: 'advanced.test.ts, csi.test.ts',
  },
  {
    file: 'advanced/multi_container_test.go',
    tests: 4,
    held: entriesOf(CONTAINERS) + csiEntriesOf(CSI_CONTAINERS),
    by: 'advanced.test.ts, csi.test.ts',
  },
  { file: 'advanced/regex_test.go', tests: 3, held: entriesOf(PATTERNS), by: 'advanced.test.ts' },
  { file: 'argo/rollout_test.go', tests: 2, held: entriesOf(ROLLOUTS), by: 'advanced.test.ts' },
  { file: 'csi/csi_test.go', tests: 4, held: csiEntriesOf(CSI_CASES), by: 'csi.test.ts' },
  {
    file: 'flags/*',
    tests: 27,
    held: FLAGS['flags.test.ts'] + FLAGS['ignored-kinds.test.ts'],
    by: Object.keys(FLAGS).join(', '),
  },
];

export type Count = Pick<Family, 'tests' | 'held'>;

/** Families whose numbers do not add up. */
export const UNEVEN: readonly Family[] = FAMILIES.filter(({ tests, held }) => held !== tests);

export const TOTAL: Count = FAMILIES.reduce(
  (sum: Count, one) => ({
    tests: sum.tests + one.tests,
    held: sum.held + one.held,
  }),
  { tests: 0, held: 0 },
);

/** The table of docs/reference/conformance.md. */
export function inventoryTable(): string {
  const line = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [
    line('Reloader', 'tests', 'held', 'by'),
    line('---', '---', '---', '---'),
    ...FAMILIES.map(({ file, tests, held, by }) => line(`\`${file}\``, tests, held, by)),
    line('all', TOTAL.tests, TOTAL.held, ''),
  ].join('\n');
}
