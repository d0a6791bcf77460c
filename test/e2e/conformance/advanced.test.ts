import t from 'tap';
import { CONTAINERS, JOBS, PATTERNS, ROLLOUTS } from './rows/advanced-rows.ts';
import { runTable } from './rows/table.ts';

t.setTimeout(600_000);

await runTable(t, [CONTAINERS, JOBS, PATTERNS, ROLLOUTS].flat());
