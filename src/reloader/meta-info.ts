import type { Config } from '../config/config.ts';
import { selectorText } from '../core/api/label-selector.ts';
import { sourceRow } from '../core/api/source.ts';
import { reasonOf } from '../errors.ts';
import type { ConfigMapObject } from '../kube/config-maps.ts';
import type { Log } from '../telemetry/log.ts';
import { RELEASE } from '../version.ts';

const NAME = 'reloader-meta-info';
const WORKLOAD_TYPES = new Map([
  ['Job', 'jobs'],
  ['CronJob', 'cronjobs'],
]);

/** The ConfigMap in which Reloader says what runs and how it is set up (reloader.md 7.7). */
export function metaInfo(config: Config, namespace: string): ConfigMapObject {
  const name = config.reloaderDeploymentName;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: NAME, namespace, labels: { 'reloader.stakater.com/meta-info': 'reloader' } },
    data: {
      buildInfo: JSON.stringify({
        goVersion: `node ${process.version}`,
        releaseVersion: RELEASE,
        // What Reloader writes where it does not know.
        commitHash: 'unknown',
        commitTime: '0001-01-01T00:00:00Z',
        edition: 'restamp',
      }),
      reloaderOptions: JSON.stringify(reloaderOptions(config)),
      deploymentInfo: JSON.stringify({ ...(name === undefined ? {} : { name }), namespace }),
    },
  };
}

/** Reloader's options under the keys that it writes; of an address only what is no secret. */
function reloaderOptions(config: Config): object {
  const { keys } = config;
  return {
    autoReloadAll: config.autoReloadAll,
    configmapUpdateOnChangeAnnotation: keys.reload.cm,
    secretUpdateOnChangeAnnotation: keys.reload.secret,
    reloaderAutoAnnotation: keys.auto,
    ignoreResourceAnnotation: keys.ignore,
    configmapReloaderAutoAnnotation: keys.typedAuto.cm,
    secretReloaderAutoAnnotation: keys.typedAuto.secret,
    configmapExcludeReloaderAnnotation: keys.exclude.cm,
    secretExcludeReloaderAnnotation: keys.exclude.secret,
    autoSearchAnnotation: keys.search,
    searchMatchAnnotation: keys.match,
    pauseDeploymentAnnotation: keys.pausePeriod,
    pauseDeploymentTimeAnnotation: keys.pausedAt,
    logFormat: config.logFormat,
    logLevel: config.logLevel,
    isArgoRollouts: config.argoRollouts,
    reloadStrategy: config.reloadStrategy,
    reloadOnCreate: config.reloadOnCreate,
    reloadOnDelete: config.reloadOnDelete,
    syncAfterRestart: config.syncAfterRestart,
    enableHA: config.leaderElect,
    enableCSIIntegration: config.csiIntegration,
    webhookUrl: config.webhookUrl?.origin ?? '',
    resourcesToIgnore: [...config.resourcesToIgnore].map((type) => sourceRow(type).resource),
    workloadTypesToIgnore: [...config.ignoredWorkloadTypes].map((kind) => WORKLOAD_TYPES.get(kind) ?? kind),
    namespaceSelectors: listOf(selectorText(config.namespaceSelector)),
    resourceSelectors: listOf(selectorText(config.resourceLabelSelector)),
    namespaces: config.namespaces,
    namespacesToIgnore: config.namespacesToIgnore,
    enablePProf: config.enablePprof,
    pprofAddr: config.pprofAddr,
  };
}

const listOf = (text: string): string[] => (text === '' ? [] : [text]);

/** Puts a ConfigMap in place of what is stored under its name, or creates it. */
export type PutConfigMap = (object: ConfigMapObject, onReplace: () => void) => Promise<void>;

/** Writes the meta-info ConfigMap. Never rejects: nothing depends on it. */
export async function publishMetaInfo(
  config: Config,
  log: Pick<Log, 'info' | 'warn'>,
  put: PutConfigMap,
): Promise<void> {
  const namespace = config.reloaderNamespace;
  if (namespace === undefined) {
    log.warn({}, 'RELOADER_NAMESPACE is not set, skipping meta info configmap creation');
    return;
  }
  let done = 'create';
  try {
    await put(metaInfo(config, namespace), () => {
      done = 'update existing';
      log.info({}, 'Meta info configmap already exists, updating it');
    });
  } catch (error) {
    log.warn({}, `Failed to ${done} meta info configmap: ${reasonOf(error)}`);
  }
}
