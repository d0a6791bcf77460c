import t from 'tap';
import { runTable } from './table.ts';
import { WORKLOADS } from './workload-rows.ts';

t.setTimeout(600_000);

await runTable(t, WORKLOADS);
