import t from 'tap';
import { AUTOS, COMBINATIONS, EXCLUDES, IGNORES, PAUSES, SEARCHES } from './rows/annotation-rows.ts';
import { runTable } from './rows/table.ts';

t.setTimeout(600_000);

await runTable(t, [AUTOS, COMBINATIONS, EXCLUDES, IGNORES, PAUSES, SEARCHES].flat());
