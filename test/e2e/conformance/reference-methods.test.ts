import t from 'tap';
import { REFERENCES } from './reference-rows.ts';
import { runTable } from './table.ts';

t.setTimeout(600_000);

await runTable(t, REFERENCES);
