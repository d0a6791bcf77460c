// Which of Reloader's end-to-end tests are tests here, counted from the tables themselves.
import { CONTAINERS, JOBS, PATTERNS, ROLLOUTS } from './advanced-rows.ts';
import { AUTOS, COMBINATIONS, EXCLUDES, IGNORES, PAUSES, SEARCHES } from './annotation-rows.ts';
import { REFERENCES } from './reference-rows.ts';
import { entriesOf } from './row.ts';
import { WORKLOADS } from './workload-rows.ts';

/** One file of Reloader's `test/e2e`. */
type Family = {
  readonly file: string;
  /** How many tests it has: cases and lines of tables, those that are pending too. */
  readonly tests: number;
  /** How many of them are tests here. */
  readonly held: number;
  /** How many need SecretProviderClasses, and are none here. */
  readonly csi: number;
  /** The file here that has them. */
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
    held: entriesOf(WORKLOADS),
    csi: 33,
    by: 'workloads.test.ts',
  },
  {
    file: 'core/reference_methods_test.go',
    tests: 55,
    held: entriesOf(REFERENCES),
    csi: 0,
    by: 'reference-methods.test.ts',
  },
  {
    file: 'annotations/auto_reload_test.go',
    tests: 9,
    held: entriesOf(AUTOS),
    csi: 3,
    by: 'annotations.test.ts',
  },
  {
    file: 'annotations/combination_test.go',
    tests: 9,
    held: entriesOf(COMBINATIONS),
    csi: 0,
    by: 'annotations.test.ts',
  },
  {
    file: 'annotations/exclude_test.go',
    tests: 11,
    held: entriesOf(EXCLUDES),
    csi: 2,
    by: 'annotations.test.ts',
  },
  {
    file: 'annotations/search_match_test.go',
    tests: 9,
    held: entriesOf(SEARCHES),
    csi: 0,
    by: 'annotations.test.ts',
  },
  {
    file: 'annotations/pause_period_test.go',
    tests: 3,
    held: entriesOf(PAUSES),
    csi: 0,
    by: 'annotations.test.ts',
  },
  {
    file: 'annotations/resource_ignore_test.go',
    tests: 2,
    held: entriesOf(IGNORES),
    csi: 0,
    by: 'annotations.test.ts',
  },
  { file: 'advanced/job_reload_test.go', tests: 6, held: entriesOf(JOBS), csi: 1, by: 'advanced.test.ts' },
  {
    file: 'advanced/multi_container_test.go',
    tests: 4,
    held: entriesOf(CONTAINERS),
    csi: 2,
    by: 'advanced.test.ts',
  },
  { file: 'advanced/regex_test.go', tests: 3, held: entriesOf(PATTERNS), csi: 0, by: 'advanced.test.ts' },
  { file: 'argo/rollout_test.go', tests: 2, held: entriesOf(ROLLOUTS), csi: 0, by: 'advanced.test.ts' },
  { file: 'csi/csi_test.go', tests: 4, held: 0, csi: 4, by: '–' },
  {
    file: 'flags/*',
    tests: 27,
    held: FLAGS['flags.test.ts'] + FLAGS['ignored-kinds.test.ts'],
    csi: 0,
    by: Object.keys(FLAGS).join(', '),
  },
];

export type Count = Pick<Family, 'tests' | 'held' | 'csi'>;

/** Families whose numbers do not add up. */
export const UNEVEN: readonly Family[] = FAMILIES.filter(({ tests, held, csi }) => held + csi !== tests);

export const TOTAL: Count = FAMILIES.reduce(
  (sum: Count, one) => ({
    tests: sum.tests + one.tests,
    held: sum.held + one.held,
    csi: sum.csi + one.csi,
  }),
  { tests: 0, held: 0, csi: 0 },
);

/** The table of docs/CONFORMANCE.md. */
export function inventoryTable(): string {
  const line = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [
    line('Reloader', 'tests', 'held', 'CSI', 'by'),
    line('---', '---', '---', '---', '---'),
    ...FAMILIES.map(({ file, tests, held, csi, by }) => line(`\`${file}\``, tests, held, csi, by)),
    line('all', TOTAL.tests, TOTAL.held, TOTAL.csi, ''),
  ].join('\n');
}
