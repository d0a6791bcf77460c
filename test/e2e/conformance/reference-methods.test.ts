import t from 'tap';
import { REFERENCES } from './rows/reference-rows.ts';
import { runTable } from './rows/table.ts';

t.setTimeout(600_000);

await runTable(t, REFERENCES);
