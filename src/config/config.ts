import { readConfigFile } from './file.ts';
import { RELOADER_KEYS, type ReloaderKeys } from '../core/api/annotations.ts';
import type { KindSpec } from '../core/api/kind.ts';
import type { Scope } from '../core/api/scope.ts';
import { RestampError } from '../errors.ts';
import { readFlags } from './flags.ts';
import { parseValue, REFUSED, wantedOf, type Address, type ValueOf } from './value-types.ts';
import { SETTING_NAMES, SETTINGS, variableOf, type SettingName } from './settings.ts';

/** The settings as the program uses them. Times are milliseconds. */
export type Config = Scope & {
  /** Kinds of workloads that are left alone. */
  readonly ignoredWorkloadTypes: ReadonlySet<string>;
  readonly configFile: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly instance: string;
  /** Name of the webhook configurations. */
  readonly registration: string | undefined;
  readonly mode: 'roll' | 'observe';
  readonly workloadKinds: readonly KindSpec[];
  readonly keys: ReloaderKeys;
  readonly admission: boolean;
  readonly admissionUrl: URL | undefined;
  readonly admissionListen: Address;
  /** Host, or host and port. */
  readonly replicaAddress: string | undefined;
  /** A file, and the names of which the certificate of a client must bear one. */
  readonly admissionClientCa: string | undefined;
  readonly admissionClientNames: readonly string[];
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
  /** Taken for Reloader's sake; leaderElect decides. */
  readonly enableHa: boolean;
  readonly leaseMs: number;
  readonly rolloutDeadlineMs: number;
  readonly rollParallelism: number;
  readonly baselinesPerSecond: number;
  readonly shutdownDelayMs: number;
  readonly autoReloadAll: boolean;
  readonly reloadOnCreate: boolean;
  readonly reloadOnDelete: boolean;
  readonly syncAfterRestart: boolean;
  readonly reloadStrategy: 'env-vars' | 'annotations';
  readonly leverDigest: 'sha1' | 'keyed';
  readonly annotationLeverKinds: ReadonlySet<string>;
  readonly argoRollouts: boolean;
  readonly csiIntegration: boolean;
  readonly webhookUrl: URL | undefined;
  readonly alert: {
    readonly onReload: boolean;
    readonly sink: 'slack' | 'teams' | 'gchat' | 'raw';
    readonly url: URL | undefined;
    readonly proxy: URL | undefined;
    readonly info: string;
  };
  readonly metricsByNamespace: boolean;
  readonly podName: string | undefined;
  readonly reloaderNamespace: string | undefined;
  readonly reloaderDeploymentName: string | undefined;
  readonly logLevel: string;
  /** As it was given: anything but `json` means text. */
  readonly logFormat: string;
  readonly enablePprof: boolean;
  readonly pprofAddr: string;
};

type Environment = Readonly<Record<string, string | undefined>>;
type Get = <N extends SettingName>(name: N) => ValueOf<(typeof SETTINGS)[N]['kind']>;

/**
 * Reads the settings from the command line, else from the environment, else from the file, else the defaults.
 * Undefined if help was asked for. Fails with one RESTAMP_CONFIG_INVALID that lists everything that is wrong.
 */
export function readConfig(args: readonly string[], env: Environment = process.env): Config | undefined {
  const problems: string[] = [];
  const flags = readFlags(args, problems);
  if (flags.has('help')) return undefined;
  const said = (name: SettingName): string | undefined =>
    flags.get(name) ?? env[variableOf(name)] ?? env[SETTINGS[name].variable ?? ''];
  const path = said('config') ?? '';
  const file = path === '' ? new Map<string, string>() : readConfigFile(path, problems);
  const values = new Map<SettingName, unknown>();
  for (const name of SETTING_NAMES) {
    const { kind, fallback } = SETTINGS[name];
    const text = said(name) ?? file.get(name) ?? fallback;
    const value = parseValue(kind, text);
    // The address of a webhook may be a secret.
    const shown = kind === 'http-url' ? '' : `=${text}`;
    if (value === REFUSED) problems.push(`--${name}${shown}: must be ${wantedOf(kind)}`);
    values.set(name, value);
  }
  const get: Get = (name) => values.get(name) as ReturnType<typeof get<typeof name>>;
  if (problems.length === 0) problems.push(...contradictions(get));
  if (problems.length > 0) throw new RestampError('RESTAMP_CONFIG_INVALID', problems.join('; '));
  return configOf(get);
}

function* contradictions(get: Get): Iterable<string> {
  if (get('resources-to-ignore').size > 1)
    yield '--resources-to-ignore: takes configmaps or secrets, not both: nothing would be left';
  if (get('namespaces').length > 0 && get('namespace-selector').length > 0)
    yield '--namespaces (or KUBERNETES_NAMESPACE) and --namespace-selector: only one of them can choose';
  if (get('enable-ha') && !get('leader-elect'))
    yield '--enable-ha=true and --leader-elect=false: only one of them can be meant';
  if (get('mode') === 'observe' && get('webhook-url') !== undefined)
    yield '--mode=observe and --webhook-url: what only observes calls nobody';
}

function configOf(get: Get): Config {
  const strategy = get('reload-strategy');
  return {
    configFile: get('config') || undefined,
    kubeconfig: get('kubeconfig') || undefined,
    namespace: get('namespace') || undefined,
    namespaces: get('namespaces'),
    namespacesToIgnore: get('namespaces-to-ignore'),
    namespaceSelector: get('namespace-selector'),
    resourceLabelSelector: get('resource-label-selector'),
    resourcesToIgnore: get('resources-to-ignore'),
    ignoredWorkloadTypes: get('ignored-workload-types'),
    instance: get('instance'),
    registration: get('registration') || undefined,
    mode: get('mode'),
    workloadKinds: get('workload-kinds'),
    keys: keysOf(get),
    admission: get('admission') === 'on',
    admissionUrl: get('admission-url'),
    admissionListen: get('admission-listen'),
    replicaAddress: get('replica-address') || undefined,
    admissionClientCa: get('admission-client-ca') || undefined,
    admissionClientNames: get('admission-client-names'),
    admissionMaxBytes: get('admission-max-bytes'),
    opsListen: get('ops-listen'),
    quietMs: get('quiet-period'),
    longestDelayMs: get('longest-delay'),
    releaseQuietMs: get('release-quiet'),
    rollLimit: get('roll-limit'),
    sweepMs: get('sweep-interval'),
    recoveryRollsPerSecond: get('recovery-rolls-per-second'),
    adoptByRoll: get('adopt') === 'roll',
    writeBaselines: get('baseline') === 'annotation',
    leaderElect: get('leader-elect'),
    enableHa: get('enable-ha'),
    leaseMs: get('lease-duration'),
    rolloutDeadlineMs: get('rollout-deadline'),
    rollParallelism: get('roll-parallelism'),
    baselinesPerSecond: get('baselines-per-second'),
    shutdownDelayMs: get('shutdown-delay'),
    autoReloadAll: get('auto-reload-all'),
    reloadOnCreate: get('reload-on-create'),
    reloadOnDelete: get('reload-on-delete'),
    syncAfterRestart: get('sync-after-restart'),
    reloadStrategy: strategy === 'default' ? 'env-vars' : strategy,
    leverDigest: get('lever-digest'),
    annotationLeverKinds: get('annotation-lever-kinds'),
    argoRollouts: get('is-Argo-Rollouts'),
    csiIntegration: get('enable-csi-integration'),
    webhookUrl: get('webhook-url'),
    alert: {
      onReload: get('alert-on-reload'),
      sink: sinkOf(get('alert-sink')),
      url: get('alert-webhook-url'),
      proxy: get('alert-webhook-proxy'),
      info: get('alert-additional-info'),
    },
    metricsByNamespace: get('metrics-count-by-namespace'),
    podName: get('pod-name') || undefined,
    reloaderNamespace: get('reloader-namespace') || undefined,
    reloaderDeploymentName: get('reloader-deployment-name') || undefined,
    logLevel: get('log-level'),
    logFormat: get('log-format'),
    enablePprof: get('enable-pprof'),
    pprofAddr: get('pprof-addr'),
  };
}

function keysOf(get: Get): ReloaderKeys {
  return {
    auto: get('auto-annotation'),
    typedAuto: {
      cm: get('configmap-auto-annotation'),
      secret: get('secret-auto-annotation'),
      spc: RELOADER_KEYS.typedAuto.spc,
    },
    reload: {
      cm: get('configmap-annotation'),
      secret: get('secret-annotation'),
      spc: RELOADER_KEYS.reload.spc,
    },
    // Reloader has no flag for these, nor for those of SecretProviderClasses.
    exclude: RELOADER_KEYS.exclude,
    search: get('auto-search-annotation'),
    match: get('search-match-annotation'),
    ignore: get('ignore-annotation'),
    pausePeriod: get('pause-deployment-annotation'),
    pausedAt: get('pause-deployment-time-annotation'),
  };
}

/** Reloader's reading of ALERT_SINK (reloader.md 3.2). */
function sinkOf(text: string): Config['alert']['sink'] {
  const word = text.trim().toLowerCase();
  return word === 'slack' || word === 'teams' || word === 'gchat' ? word : 'raw';
}
