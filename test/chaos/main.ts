// `make chaos`: changes and faults at random, then an independent look at whether every workload is where it belongs.
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';
import { isGood, textOf } from './report.ts';

const usage = `Usage: make chaos, or node test/chaos/main.ts [flags]

  --seed=N     the run to repeat; a new one unless given
  --changes=N  how many changes of sources (1000)
  --faults=N   how many faults (one for 15 changes)
  --sources=N  how many ConfigMaps and Secrets change (60)
  --workloads=N  how many workloads depend on them (200); a quarter more are bystanders
  --admission=MODE   on or off: whether there is a webhook (on)
  --baseline=MODE    annotation or memory: whether there are maps; without them, only the changes after the storm
                     must roll (annotation)
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    changes: { type: 'string', default: '1000' },
    faults: { type: 'string' },
    sources: { type: 'string', default: '60' },
    workloads: { type: 'string', default: '200' },
    admission: { type: 'string', default: 'on' },
    baseline: { type: 'string', default: 'annotation' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

function oneOf<T extends string>(value: string, values: readonly T[]): T {
  const known = values.find((one) => one === value);
  if (known === undefined) throw new RangeError(`${value} is none of ${values.join(', ')}`);
  return known;
}

const say = (line: string): boolean => process.stderr.write(`[chaos] ${line}\n`);
const seed = Number(values.seed);
const changes = Number(values.changes);
const dependents = Number(values.workloads);
say(`seed ${seed}`);
try {
  const report = await runChaos({
    seed,
    changes,
    faults: Number(values.faults ?? Math.ceil(changes / 15)),
    size: {
      sources: Number(values.sources),
      dependents,
      still: Math.ceil(dependents / 10),
      strangers: Math.ceil((dependents * 3) / 20),
      mounting: Math.ceil(dependents / 20) + 2,
    },
    admission: oneOf(values.admission, ['on', 'off']),
    baseline: oneOf(values.baseline, ['annotation', 'memory']),
    say,
  });
  process.stdout.write(`${textOf(report, seed)}\n`);
  process.exitCode = isGood(report) ? 0 : 1;
} catch (error) {
  process.stderr.write(`seed ${seed}: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`);
  process.exitCode = 1;
}
