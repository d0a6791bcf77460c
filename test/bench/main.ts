// `make bench`: measures the bundle on a real control plane, beside a plain client and, if there is one, a peer.
import { accessSync, constants } from 'node:fs';
import { loadavg } from 'node:os';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, PROGRAMS } from '../../manifests/image/bundle.ts';
import { callRows } from './calls.ts';
import { fanoutRows } from './fanout.ts';
import { memoryRows } from './memory.ts';
import { floodRows } from './neighbours/floods.ts';
import { namespaceRows } from './neighbours/namespaces.ts';
import { neighbourRows } from './neighbours/rows.ts';
import { stuckJobRows } from './neighbours/stuck-jobs.ts';
import { tableOf, writeJson, type Row } from './report.ts';
import { onStand } from './stand.ts';
import { patternRows } from './patterns.ts';
import { peer, restamp } from './subject.ts';
import { webhookRows } from './webhook-cost.ts';

const usage = `Usage: make bench, or node test/bench/main.ts [flags]

  --only=PART,PART                    fanout, calls, webhook, patterns, memory, neighbours, or of these neighbours/loads,
                                      neighbours/floods, neighbours/stuck-jobs, neighbours/namespaces; all unless given
  --peer=PATH                         a program that does the same work, to measure beside Restamp: it is started with
                                      KUBECONFIG and no flags, and its port 9090 must be free
  --replicas=N                        of the Deployments of the fan-out (0: the rollouts themselves cost nothing)
  --json=FILE                         where every single figure goes (bench-results/bench.json)
  --quiet                             no progress on stderr
`;

const NEIGHBOURS = ['loads', 'floods', 'stuck-jobs', 'namespaces'].map((part) => `neighbours/${part}`);
const PARTS = ['fanout', 'calls', 'webhook', 'patterns', 'memory', 'neighbours'];

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: PARTS.join(',') },
    peer: { type: 'string' },
    replicas: { type: 'string', default: '0' },
    json: { type: 'string', default: 'bench-results/bench.json' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const parts = values.only.split(',').flatMap((part) => (part === 'neighbours' ? NEIGHBOURS : [part]));
const unknown = parts.filter((part) => ![...PARTS, ...NEIGHBOURS].includes(part));
if (values.help || unknown.length > 0) {
  process.stdout.write(usage);
  process.exit(values.help ? 0 : 2);
}

// What is missing is said before anything is built.
if (values.peer !== undefined) {
  try {
    accessSync(values.peer, constants.X_OK);
  } catch {
    process.stderr.write(`--peer=${values.peer} is no program: build it first, and give its path\n`);
    process.exit(2);
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const say = (line: string): void => {
  if (!values.quiet) process.stderr.write(`[bench] ${line}\n`);
};
const loadBefore = loadavg();
const contenders = {
  restamp: restamp(await bundle(PROGRAMS.restamp)),
  peer: values.peer === undefined ? undefined : peer(values.peer),
};
const rows: Row[] = [];
if (parts.includes('fanout'))
  rows.push(...(await onStand(say, (stand) => fanoutRows(stand, contenders, Number(values.replicas)))));
if (parts.includes('calls')) rows.push(...(await onStand(say, (stand) => callRows(stand, contenders))));
if (parts.includes('webhook'))
  rows.push(...(await onStand(say, (stand) => webhookRows(stand, contenders.restamp))));
if (parts.includes('patterns'))
  rows.push(...(await onStand(say, (stand) => patternRows(stand, contenders.restamp))));
if (parts.includes('memory')) rows.push(...(await onStand(say, (stand) => memoryRows(stand, contenders))));
if (parts.includes('neighbours/loads')) rows.push(...(await neighbourRows(say)));
if (parts.includes('neighbours/floods'))
  rows.push(...(await onStand(say, (stand) => floodRows(stand, contenders.restamp))));
if (parts.includes('neighbours/stuck-jobs'))
  rows.push(...(await onStand(say, (stand) => stuckJobRows(stand, contenders.restamp))));
if (parts.includes('neighbours/namespaces'))
  rows.push(...(await onStand(say, (stand) => namespaceRows(stand, contenders.restamp))));

process.stdout.write(`\n${tableOf(rows, 'peer')}\n\n`);
for (const { note } of rows) if (note !== undefined) process.stdout.write(`${note}\n`);
const load = (averages: readonly number[]): string => (averages[0] ?? 0).toFixed(1);
process.stdout.write(
  `Load of the machine: ${load(loadBefore)} before, ${load(loadavg())} at the end. Times are the API server's own; read ratios.\n`,
);
await writeJson(values.json, rows, loadBefore);
process.stdout.write(`Every figure: ${relative('.', values.json)}\n`);
