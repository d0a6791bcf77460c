import t from 'tap';
import { runTable } from './rows/table.ts';
import { WORKLOADS } from './rows/workload-rows.ts';

t.setTimeout(600_000);

await runTable(t, WORKLOADS);
