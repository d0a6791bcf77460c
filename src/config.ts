import { parseArgs } from 'node:util';
import { parseBool } from './core/annotations.ts';
import { parseDuration } from './core/duration.ts';
import { RestampError } from './errors.ts';
import { LOG_LEVELS } from './log.ts';

/** Kinds of values that a setting takes; each says what it accepts when it refuses. */
type Kind =
  | 'text'
  | 'list'
  | 'bool'
  | 'exact-true'
  | 'duration'
  | 'integer'
  | 'count'
  | 'address'
  | 'url'
  | readonly string[];

type Row = { readonly kind: Kind; readonly fallback: string; readonly help: string };

const row = (kind: Kind, fallback: string, help: string): Row => ({ kind, fallback, help });

/** Every setting: one row is its flag, its `RESTAMP_*` variable, its default, its check and its help. */
export const SETTINGS = {
  kubeconfig: row(
    'text',
    '',
    'kubeconfig file; else KUBECONFIG, ~/.kube/config, or the pod’s service account',
  ),
  namespace: row('text', '', 'own namespace, for the key Secret; else that of the kubeconfig or the pod'),
  namespaces: row('list', '', 'only these namespaces, separated by commas; empty means all'),
  instance: row('text', 'restamp', 'name of this installation: of its key Secret and webhook configurations'),
  registration: row('text', '', 'name of the webhook configurations; else that of the installation'),
  admission: row(['on', 'off'], 'on', 'answer admission reviews; off: watch only, rolls are unattributed'),
  'admission-url': row(
    'url',
    '',
    'https address at which the API server reaches us; registers webhooks by URL',
  ),
  'admission-listen': row('address', '0.0.0.0:9443', 'address on which admission reviews are answered'),
  'admission-max-bytes': row('integer', String(16 * 1024 * 1024), 'largest review that is read, in bytes'),
  'ops-listen': row('address', '0.0.0.0:9090', 'address of health and metrics'),
  'quiet-period': row('duration', '1s', 'roll this long after the last change of any source of a workload'),
  'longest-delay': row('duration', '10s', 'roll at the latest this long after the first change'),
  'release-quiet': row(
    'duration',
    '10s',
    'wait this long after the last write of a release for the workload’s own write',
  ),
  'roll-limit': row('count', '30', 'rolls of one workload in an hour; 0 means any number'),
  'sweep-interval': row('duration', '10m', 'how often everything is compared anew'),
  'recovery-rolls-per-second': row(
    'integer',
    '10',
    'workloads that are rolled in a second when a start or sweep finds them stale',
  ),
  adopt: row(['baseline', 'roll'], 'baseline', 'roll: also what may have changed before the first baseline'),
  baseline: row(
    ['annotation', 'memory'],
    'annotation',
    'memory: write no maps but with rolls; changes while down are lost',
  ),
  'leader-elect': row('bool', 'true', 'roll only while holding the Lease of this installation'),
  'lease-duration': row('duration', '15s', 'how long a Lease that is not renewed is respected'),
  'rollout-deadline': row('duration', '10m', 'when a rollout that makes no progress is told of'),
  'roll-parallelism': row('integer', '16', 'workloads that are patched at once'),
  'baselines-per-second': row('integer', '5', 'maps that are written in a second where nothing rolls'),
  'shutdown-delay': row(
    'duration',
    '0s',
    'how long to go on answering after SIGTERM, while endpoints catch up',
  ),
  'auto-reload-all': row('bool', 'false', 'treat every workload as opted in unless it says otherwise'),
  'reload-on-create': row('exact-true', 'false', 'roll when a missing source is created'),
  'reload-on-delete': row('exact-true', 'false', 'roll when a source is deleted'),
  'log-level': row(LOG_LEVELS, 'info', 'how much is logged; the audit log is always written'),
  'log-format': row(['', 'json'], '', 'json, or empty for text'),
} as const satisfies Record<string, Row>;

type Name = keyof typeof SETTINGS;

/** The settings as the program uses them. Times are milliseconds. */
export type Config = {
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly namespaces: readonly string[];
  readonly instance: string;
  /** Name of the webhook configurations. */
  readonly registration: string | undefined;
  readonly admission: boolean;
  readonly admissionUrl: URL | undefined;
  readonly admissionListen: Address;
  readonly admissionMaxBytes: number;
  readonly opsListen: Address;
  readonly quietMs: number;
  readonly longestDelayMs: number;
  readonly releaseQuietMs: number;
  /** Zero means any number. */
  readonly rollLimit: number;
  readonly sweepMs: number;
  readonly recoveryRollsPerSecond: number;
  readonly adoptByRoll: boolean;
  readonly writeBaselines: boolean;
  readonly leaderElect: boolean;
  readonly leaseMs: number;
  readonly rolloutDeadlineMs: number;
  readonly rollParallelism: number;
  readonly baselinesPerSecond: number;
  readonly shutdownDelayMs: number;
  readonly autoReloadAll: boolean;
  readonly reloadOnCreate: boolean;
  readonly reloadOnDelete: boolean;
  readonly logLevel: string;
  readonly logFormat: 'json' | '';
};

export type Address = { readonly host: string; readonly port: number };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings from the command line, else from `RESTAMP_*`, else the defaults. Undefined if help was asked
 * for. Fails with one RESTAMP_CONFIG_INVALID that lists everything that is wrong.
 */
export function readConfig(args: readonly string[], env: Environment = process.env): Config | undefined {
  const problems: string[] = [];
  const given = readFlags(args, problems);
  if (given.has('help')) return undefined;
  const value = (name: Name): string =>
    given.get(name) ?? env[`RESTAMP_${name.toUpperCase().replaceAll('-', '_')}`] ?? SETTINGS[name].fallback;
  for (const name of Object.keys(SETTINGS) as Name[]) {
    const wanted = refusal(SETTINGS[name].kind, value(name));
    if (wanted !== undefined) problems.push(`--${name}=${value(name)}: must be ${wanted}`);
  }
  if (problems.length > 0) throw new RestampError('RESTAMP_CONFIG_INVALID', problems.join('; '));
  return {
    kubeconfig: value('kubeconfig') || undefined,
    namespace: value('namespace') || undefined,
    namespaces: value('namespaces')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    instance: value('instance'),
    registration: value('registration') || undefined,
    admission: value('admission') === 'on',
    admissionUrl: value('admission-url') === '' ? undefined : new URL(value('admission-url')),
    admissionListen: parseAddress(value('admission-listen')) ?? { host: '', port: 0 },
    admissionMaxBytes: Number(value('admission-max-bytes')),
    opsListen: parseAddress(value('ops-listen')) ?? { host: '', port: 0 },
    quietMs: parseDuration(value('quiet-period')) ?? 0,
    longestDelayMs: parseDuration(value('longest-delay')) ?? 0,
    releaseQuietMs: parseDuration(value('release-quiet')) ?? 0,
    rollLimit: Number(value('roll-limit')),
    sweepMs: parseDuration(value('sweep-interval')) ?? 0,
    recoveryRollsPerSecond: Number(value('recovery-rolls-per-second')),
    adoptByRoll: value('adopt') === 'roll',
    writeBaselines: value('baseline') === 'annotation',
    leaderElect: parseBool(value('leader-elect')),
    leaseMs: parseDuration(value('lease-duration')) ?? 0,
    rolloutDeadlineMs: parseDuration(value('rollout-deadline')) ?? 0,
    rollParallelism: Number(value('roll-parallelism')),
    baselinesPerSecond: Number(value('baselines-per-second')),
    shutdownDelayMs: parseDuration(value('shutdown-delay')) ?? 0,
    autoReloadAll: parseBool(value('auto-reload-all')),
    reloadOnCreate: value('reload-on-create') === 'true',
    reloadOnDelete: value('reload-on-delete') === 'true',
    logLevel: value('log-level'),
    logFormat: value('log-format') === 'json' ? 'json' : '',
  };
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = Object.entries(SETTINGS).map(([name, { fallback, help }]) => {
    const flag = `--${name}${fallback === '' ? '' : `=${fallback}`}`;
    return `  ${flag.padEnd(34)} ${help}`;
  });
  return [
    'Restamp rolls workloads when the ConfigMaps and Secrets they use change.',
    '',
    'Usage: restamp [flags]     each flag is also a variable: --quiet-period is RESTAMP_QUIET_PERIOD',
    '',
    ...rows,
    '',
  ].join('\n');
}

function readFlags(args: readonly string[], problems: string[]): Map<string, string> {
  const booleans = (name: Name): boolean => ['bool', 'exact-true'].includes(SETTINGS[name].kind as string);
  const options: Record<string, { type: 'boolean' | 'string'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
  };
  for (const name of Object.keys(SETTINGS) as Name[])
    options[name] = { type: booleans(name) ? 'boolean' : 'string' };
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const given = new Map<string, string>();
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'positional') {
      const before = tokens[at - 1];
      // `--reload-on-create true`: a flag of text for Reloader, which may stand alone here.
      if (before?.kind === 'option' && before.value === undefined && kindOf(before.name) === 'exact-true')
        given.set(before.name, token.value);
      else problems.push(`${token.value}: is no flag`);
    }
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(options, token.name))
      problems.push(`${token.rawName}: is unknown; --help lists all flags`);
    else if (token.value === undefined && options[token.name]?.type === 'string')
      problems.push(`${token.rawName}: needs a value`);
    else if (kindOf(token.name) === 'list' && given.has(token.name))
      given.set(token.name, `${given.get(token.name) ?? ''},${token.value ?? ''}`);
    else given.set(token.name, token.value ?? 'true');
  }
  return given;
}

function kindOf(name: string): Kind | undefined {
  return Object.hasOwn(SETTINGS, name) ? SETTINGS[name as Name].kind : undefined;
}

/** What Go's strconv.ParseBool takes, and so Reloader's flags of this type. */
const BOOL = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;

/** What a value must be, if it is not. */
function refusal(kind: Kind, value: string): string | undefined {
  if (Array.isArray(kind))
    return kind.includes(value) ? undefined : `one of ${kind.map((one) => `"${one}"`).join(', ')}`;
  switch (kind as Exclude<Kind, readonly string[]>) {
    case 'bool':
      return BOOL.test(value) ? undefined : 'true or false';
    case 'duration':
      return parseDuration(value) === undefined ? 'a duration such as 500ms, 10s or 1m30s' : undefined;
    case 'integer':
      return /^[1-9]\d{0,9}$/.test(value) ? undefined : 'a whole number above zero';
    case 'count':
      return /^\d{1,10}$/.test(value) ? undefined : 'a whole number';
    case 'address':
      return parseAddress(value) === undefined ? 'host:port' : undefined;
    case 'url':
      return value === '' || isHttps(value) ? undefined : 'an https:// address without a query';
    case 'text':
    case 'list':
    case 'exact-true':
      return undefined;
  }
}

function isHttps(value: string): boolean {
  const url = URL.parse(value);
  return (
    url?.protocol === 'https:' && url.search === '' && url.hash === '' && url.username + url.password === ''
  );
}

function parseAddress(value: string): Address | undefined {
  const [, host, port] = /^(.*):(\d{1,5})$/.exec(value) ?? [];
  if (host === undefined || Number(port) > 65_535) return undefined;
  return { host: host.replace(/^\[(.*)\]$/, '$1') || '0.0.0.0', port: Number(port) };
}
