import { RELOADER_SETTINGS } from './reloader-settings.ts';
import { row } from './setting-row.ts';

/**
 * Every setting: one row is its flag, its `RESTAMP_*` variable, its key in the file, its default, its check and
 * its help.
 */
export const SETTINGS = {
  config: row('text', '', 'YAML file with settings under the names of their flags'),
  kubeconfig: row(
    'text',
    '',
    'kubeconfig file; else KUBECONFIG, ~/.kube/config, or the pod’s service account',
  ),
  namespace: row(
    'text',
    '',
    'own namespace, for the key Secret; else that of the kubeconfig or the pod',
    'POD_NAMESPACE',
  ),
  instance: row('text', 'restamp', 'name of this installation: of its key Secret and webhook configurations'),
  registration: row('text', '', 'name of the webhook configurations; else that of the installation'),
  mode: row(
    ['roll', 'observe'],
    'roll',
    'observe: decide and report, patch nothing; only a Job that an earlier process deleted is still made anew',
  ),
  'workload-kinds': row(
    'workload-kinds',
    '',
    'more kinds of workloads: group/version/Kind=/path/to/template, separated by commas',
  ),
  'lever-digest': row(
    ['sha1', 'keyed'],
    'sha1',
    'keyed: levers tell a digest under our own key, not Reloader’s SHA-1, of which a short secret can be guessed; changing it rolls nothing',
  ),
  'annotation-lever-kinds': row(
    'kinds',
    '',
    'kinds rolled by an annotation of the pod template, whatever the strategy is: Rollout,CloneSet',
  ),
  admission: row(['on', 'off'], 'on', 'answer admission reviews; off: watch only, rolls are unattributed'),
  'admission-url': row(
    'https-url',
    '',
    'https address at which the API server reaches us; registers webhooks by URL; port 0: that of --admission-listen',
  ),
  'admission-listen': row('address', '0.0.0.0:9443', 'address on which admission reviews are answered'),
  'replica-address': row(
    'text',
    '',
    'address of this replica for the others, host or host:port; they tell the leader who wrote what',
    'POD_IP',
  ),
  'admission-max-bytes': row('integer', String(16 * 1024 * 1024), 'largest review that is read, in bytes'),
  'admission-client-ca': row(
    'text',
    '',
    'PEM file of the CA of the API server’s client certificate: then reviews need one; read again when it changes',
  ),
  'admission-client-names': row(
    'names',
    '',
    'names of which that certificate must bear one, as its common name or a DNS name; else any of that CA will do',
  ),
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
  'roll-parallelism': row(
    'integer',
    '16',
    'workloads that are patched at once; a quarter more, where none of their namespace is',
  ),
  'baselines-per-second': row('integer', '5', 'maps that are written in a second where nothing rolls'),
  'shutdown-delay': row(
    'duration',
    '0s',
    'how long to go on answering after SIGTERM, while endpoints catch up',
  ),
  ...RELOADER_SETTINGS,
} as const;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** `RESTAMP_QUIET_PERIOD`: the variable of a setting. */
export function variableOf(name: string): string {
  return `RESTAMP_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = Object.entries(SETTINGS).map(([name, { fallback, help, variable }]) => {
    const flag = `--${name}${fallback === '' ? '' : `=${fallback}`}`;
    return `  ${flag.padEnd(34)} ${help}${variable === undefined ? '' : ` (also ${variable})`}`;
  });
  return [
    'Restamp rolls workloads when the ConfigMaps and Secrets they use change.',
    '',
    'Usage: restamp [flags]     each flag is also a variable: --quiet-period is RESTAMP_QUIET_PERIOD,',
    '                           and a key of the file of --config; a flag wins over both, a variable over the file',
    '',
    ...rows,
    '',
  ].join('\n');
}
