// `node test/docs/reference.ts` writes docs/reference/restamp.md from the tables in the code.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  ADDRESS,
  HELD,
  LAST_RELOADED_FROM,
  LAST_ROLL,
  RELOADER_KEYS,
  STAMP,
  STAMPS,
} from '../../src/core/api/annotations.ts';
import {
  CRONJOB,
  LEVER,
  LONGEST_DELAY,
  QUIET_PERIOD,
  RELEASE_QUIET,
  REQUEST,
  ROLLOUT_STRATEGY,
  STOP,
} from '../../src/core/opt-in/overrides.ts';
import { SETTINGS, variableOf } from '../../src/config/settings.ts';
import { ERRORS } from '../../src/error-table.ts';
import { addGauges } from '../../src/gauges.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

export const REFERENCE = fileURLToPath(new URL('../../docs/reference/restamp.md', import.meta.url));

type Cells = readonly string[];

function table(head: Cells, rows: readonly Cells[]): string {
  const line = (cells: Cells): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const ANNOTATIONS: readonly Cells[] = [
  [
    RELOADER_KEYS.auto,
    'workload, else its pod template',
    'true in any of Go’s spellings: every source that it uses',
  ],
  [RELOADER_KEYS.typedAuto.cm, 'workload, else its pod template', 'the same, for ConfigMaps'],
  [RELOADER_KEYS.typedAuto.secret, 'workload, else its pod template', 'the same, for Secrets'],
  [
    RELOADER_KEYS.typedAuto.spc,
    'workload, else its pod template',
    'the same, for SecretProviderClasses (`--enable-csi-integration`)',
  ],
  [
    RELOADER_KEYS.reload.cm,
    'workload, else its pod template',
    'list of names and regular expressions of ConfigMaps',
  ],
  [
    RELOADER_KEYS.reload.secret,
    'workload, else its pod template',
    'list of names and regular expressions of Secrets',
  ],
  [
    RELOADER_KEYS.reload.spc,
    'workload, else its pod template',
    'list of names and regular expressions of SecretProviderClasses',
  ],
  [
    RELOADER_KEYS.exclude.cm,
    'workload, else its pod template',
    'list of names of ConfigMaps that never roll it',
  ],
  [
    RELOADER_KEYS.exclude.secret,
    'workload, else its pod template',
    'list of names of Secrets that never roll it',
  ],
  [
    RELOADER_KEYS.exclude.spc,
    'workload, else its pod template',
    'list of names of SecretProviderClasses that never roll it',
  ],
  [
    RELOADER_KEYS.search,
    'workload, else its pod template',
    '`true`: sources that it uses and that bear match',
  ],
  [RELOADER_KEYS.match, 'source', '`true`: the other half of search'],
  [RELOADER_KEYS.ignore, 'source', '`true`: it never rolls anything'],
  [
    RELOADER_KEYS.pausePeriod,
    'Deployment, else its pod template',
    'for this long after a roll the next ones are held: `5m`',
  ],
  [RELOADER_KEYS.pausedAt, 'Deployment, written by Restamp', 'when the pause period began'],
  [ROLLOUT_STRATEGY, 'Argo Rollout', '`restart`: sets `spec.restartAt`, and the template stays'],
  [
    LAST_RELOADED_FROM,
    'pod template, written by Restamp',
    'the lever of rolls by annotation, in Reloader’s form',
  ],
  [LEVER, 'workload', '`annotation` or `env`: its own lever, whatever `--reload-strategy` says'],
  [CRONJOB, 'CronJob', '`next-run`: its template is stamped, and no Job is started out of turn'],
  [
    QUIET_PERIOD,
    'workload or source',
    'a quiet period of its own; a roll never waits beyond the longest delay for it',
  ],
  [LONGEST_DELAY, 'workload or source', 'a longest delay of its own'],
  [RELEASE_QUIET, 'workload or source', 'how long to wait for its release after the last write of it'],
  [
    REQUEST,
    'workload or source',
    '`roll@<RFC 3339>`: roll what is stale now, past the gates; `skip@…`: take it as it is; a time more than five minutes ahead is not obeyed',
  ],
  [STOP, 'namespace, or the ConfigMap of our name in our own namespace', '`true`: nothing is rolled there'],
  [HELD, 'workload, written by Restamp', 'why a stale workload is not rolled, since when, and for what'],
  [STAMPS, 'workload, written by Restamp', 'the map: keyed digests of its sources as it was rolled for'],
  [LAST_ROLL, 'workload, written by Restamp', 'the last rolls: sources, keys, actor, times; never a value'],
  [ADDRESS, 'Lease, written by Restamp', 'where the leader takes what other replicas have seen at admission'],
  [STAMP, 'pod template, written by Restamp', 'set where the env var alone would not change the template'],
];

const CSI: readonly string[] = [
  'With `--enable-csi-integration`, a SecretProviderClass is a source too. Its content is what the Secrets Store CSI ' +
    'driver says that pods have mounted (`SecretProviderClassPodStatus`: ids and versions, no secret); its annotations ' +
    'are those of the class. The driver must rotate, else nothing ever changes. Where it is installed later than ' +
    'Restamp, it is followed as soon as the API server serves its kinds.',
  'While a rotation goes on, the pods of a workload disagree. Only a rotation in a running pod makes stale: a pod that ' +
    'starts mounts what is current then. The newest rotation among the workload’s own pods counts, and pods that are ' +
    'older than the last roll by more than 30 s do not, because they are being replaced: so a rotation is one roll, ' +
    'also where each pod gets a secret of its own. Pods that a roll does not replace (`OnDelete`, a partition, a paused ' +
    'Deployment) cause no second one. Admission sees nothing of it: such a roll has no actor.',
  'It costs one watch of the classes (metadata), one of the statuses, and one read of a pod’s metadata for each status ' +
    'of a class that a workload may depend on (the right `get` on `pods`). `--resource-label-selector` filters the ' +
    'statuses, as in Reloader. `--webhook-url` is called once for what the pods of a class have mounted anew, ' +
    'however many of them; a pod that starts or ends is no change.',
];

const OUTGOING: readonly string[] = [
  'An alert is one POST for each roll, with the text and the bodies of Reloader; several sources of one roll stand in ' +
    'one list. It is sent when no patch waits. `--webhook-url` is one POST of `{"webhook":"update successful"}` for ' +
    'each data change of a source in the scope, whatever annotations say, and nothing is rolled: no workload is ' +
    'watched, no webhook of ours is registered, no map is written. The headers `X-Restamp-Source` ' +
    '(`namespace/cm/name`) and `X-Restamp-Version` (its resourceVersion) say what has changed; nothing of its data goes out. ' +
    'Creation and deletion count with `--reload-on-create` and `--reload-on-delete`.',
  'Both try four times, in seconds, and follow no redirect; each try ends after ten seconds. A receiver that is slow ' +
    'or gone costs alerts, never a roll: at most 1,000 wait, and the end of a process waits three seconds for them. `ALERT_WEBHOOK_PROXY` is the proxy for alerts; else ' +
    '`HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count. Log lines name the host of an address, of `--webhook-url` its ' +
    'path too, never more. Any status below 300 means taken.',
  'What `--webhook-url` costs: a watch of metadata cannot tell a change of data from one of labels, so every source is ' +
    'read once when a replica starts, eight at a time, and once after each stored write; a digest of each is kept, in ' +
    'memory alone. Changes that fall between two reads are one call. What changes while no replica runs, or before the ' +
    'first read of a source, is not told of; a new leader repeats the changes of the last `--lease-duration`, so that a ' +
    'change can be told of twice, with the same version.',
];

const METRICS =
  'Reloader’s metrics keep its names, labels and buckets, and count each thing once; the `restamp_*` ones stand beside ' +
  'them. Left out, because nothing here is what they speak of: `reloader_events_processed_total` (an event only names ' +
  'what to look at again, and its labels are always `unknown` and `success` in Reloader), the reasons ' +
  '`ignored_or_not_selected` (filtered at the API server) and `strategy_not_updated` (a roll always changes the ' +
  'template) of `reloader_skipped_total`, the type `invalid_handler_type` of `reloader_errors_total`, and `go_*`. Go’s ' +
  '`<error>` is the `code` of a request without an answer.';

function metricRows(): Cells[] {
  const metrics = createMetrics({ byNamespace: true });
  const none = { size: 0 } as never;
  addGauges(metrics, {
    workloads: none,
    sources: none,
    sightings: none,
    reader: none,
    queue: none,
    baselines: none,
    watches: none,
    leadership: none,
    clock: none,
    admission: none,
  });
  return metrics.registry
    .getMetricsAsArray()
    .filter(({ name }) => /^(restamp|reloader|rest_client)_/.test(name))
    .map((metric) => [metric.name, String(metric.type), metric.help]);
}

/** The text of docs/reference/restamp.md. */
export function referenceText(): string {
  const settings = Object.entries(SETTINGS).map(([name, { fallback, help, variable }]) => [
    `\`--${name}\``,
    [variableOf(name), ...(variable === undefined ? [] : [variable])].map((one) => `\`${one}\``).join(', '),
    fallback === '' ? '' : `\`${fallback}\``,
    help,
  ]);
  const errors = Object.entries(ERRORS).map(([code, { text, retry, remedy }]) => [
    `\`${code}\``,
    text,
    retry,
    remedy,
  ]);
  return [
    '# Reference',
    'Made from the tables in the code by `node test/docs/reference.ts`; a test fails when it is stale.',
    '## Flags',
    'A flag wins over its variable, a variable over the file of `--config` (YAML, the names of the flags as keys), and ' +
      'that over the default. Reloader’s flags and variables have its names and spellings. Durations are written as ' +
      'in Go: `500ms`, `10s`, `1m30s`. A flag of a list can be given more than once. Whatever is unknown or ' +
      'contradictory ends the start with one error that names all of it. Where a flag of Reloader’s renames an ' +
      'annotation, all that is said below of its default holds for the new name.',
    table(['flag', 'variable', 'default', 'meaning'], settings),
    '## Annotations',
    table(
      ['annotation', 'on', 'meaning'],
      ANNOTATIONS.map(([name = '', ...rest]) => [`\`${name}\``, ...rest]),
    ),
    '## SecretProviderClasses',
    ...CSI,
    '## Alerts and webhook calls',
    ...OUTGOING,
    '## Metrics',
    METRICS,
    table(
      ['metric', 'type', 'meaning'],
      metricRows().map(([name = '', ...rest]) => [`\`${name}\``, ...rest]),
    ),
    '## Error codes',
    'A code keeps its meaning for ever. `retry` is what Restamp does with work that ends so: `backoff` tries again after ' +
      'pauses from 100 ms to 30 s, `slow-backoff` from 1 s to 5 min.',
    'A start that lacks an answer or a right of the API server is tried again, at least twice a minute, and `/readyz` names ' +
      'what is missing: a list, the Lease, the registration. Only what the process cannot see being mended ends it, with 2: ' +
      'its settings, its kubeconfig, a damaged key Secret. SIGTERM ends it with 0, whatever it waits for; a second one at ' +
      'once, with 1.',
    table(['code', 'meaning', 'retry', 'remedy'], errors),
    '',
  ].join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(REFERENCE, referenceText());
