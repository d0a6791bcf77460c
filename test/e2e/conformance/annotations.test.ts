import t from 'tap';
import { AUTOS, COMBINATIONS, EXCLUDES, IGNORES, PAUSES, SEARCHES } from './annotation-rows.ts';
import { runTable } from './table.ts';

t.setTimeout(600_000);

await runTable(t, [AUTOS, COMBINATIONS, EXCLUDES, IGNORES, PAUSES, SEARCHES].flat());
