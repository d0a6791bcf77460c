import { RELOADER_KEYS } from '../core/api/annotations.ts';
import { row } from './setting-row.ts';

/** Reloader's spellings of a log level. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warning', 'warn', 'error', 'fatal', 'panic'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Reloader's flags and variables, under its names and with its defaults (reloader.md 3.1, 3.2). */
export const RELOADER_SETTINGS = {
  'auto-reload-all': row('bool', 'false', 'treat every workload as opted in unless it says otherwise'),
  'reload-on-create': row('exact-true', 'false', 'roll when a missing source is created'),
  'reload-on-delete': row('exact-true', 'false', 'roll when a source is deleted'),
  'sync-after-restart': row(
    'bool',
    'false',
    'taken for Reloader’s sake: what changed while Restamp was down always rolls',
  ),
  'reload-strategy': row(
    ['env-vars', 'annotations', 'default'],
    'env-vars',
    'lever of a roll: an env var, or an annotation of the pod template; default means env-vars',
  ),
  'is-Argo-Rollouts': row('exact-true', 'false', 'roll Argo Rollouts too'),
  'enable-csi-integration': row(
    'bool',
    'false',
    'follow SecretProviderClasses of the Secrets Store CSI driver',
  ),
  'webhook-url': row('http-url', '', 'send a POST there for each change, instead of rolling'),
  namespaces: row('namespaces', '', 'only these namespaces; empty means all', 'KUBERNETES_NAMESPACE'),
  'namespaces-to-ignore': row(
    'namespaces',
    '',
    'all namespaces but these; of no effect together with namespaces',
  ),
  'namespace-selector': row(
    'selector',
    '',
    'only namespaces with these labels; not together with namespaces',
  ),
  'resource-label-selector': row('selector', '', 'only ConfigMaps and Secrets with these labels'),
  'resources-to-ignore': row('source-types', '', 'configmaps or secrets: no watch and no webhook for these'),
  'ignored-workload-types': row('workload-types', '', 'jobs, cronjobs or both: these never roll'),
  'configmap-annotation': row('key', RELOADER_KEYS.reload.cm, 'key of the list of ConfigMaps'),
  'secret-annotation': row('key', RELOADER_KEYS.reload.secret, 'key of the list of Secrets'),
  'auto-annotation': row('key', RELOADER_KEYS.auto, 'key that opts in for all that is used'),
  'configmap-auto-annotation': row('key', RELOADER_KEYS.typedAuto.cm, 'key that opts in for ConfigMaps'),
  'secret-auto-annotation': row('key', RELOADER_KEYS.typedAuto.secret, 'key that opts in for Secrets'),
  'auto-search-annotation': row('key', RELOADER_KEYS.search, 'key that opts in for sources that bear match'),
  'search-match-annotation': row('key', RELOADER_KEYS.match, 'key on a source: the other half of search'),
  'ignore-annotation': row('key', RELOADER_KEYS.ignore, 'key on a source that never rolls anything'),
  'pause-deployment-annotation': row('key', RELOADER_KEYS.pausePeriod, 'key of the pause after a roll'),
  'pause-deployment-time-annotation': row('key', RELOADER_KEYS.pausedAt, 'key of the time of that pause'),
  'enable-ha': row(
    'bool',
    'false',
    'no longer necessary: only the holder of the Lease rolls, see leader-elect',
  ),
  'log-level': row(LOG_LEVELS, 'info', 'how much is logged; the audit log is always written'),
  'log-format': row('text', '', 'json, or empty for text; anything else is text, with a warning'),
  'enable-pprof': row('bool', 'false', 'there is no pprof in Restamp: a warning'),
  'pprof-addr': row('text', ':6060', 'there is no pprof in Restamp'),
  'pod-name': row('text', '', 'identity in the Lease; else the host name', 'POD_NAME'),
  'reloader-namespace': row('text', '', 'namespace of the meta-info ConfigMap', 'RELOADER_NAMESPACE'),
  'reloader-deployment-name': row('text', '', 'name in the meta-info ConfigMap', 'RELOADER_DEPLOYMENT_NAME'),
  'alert-on-reload': row('exact-true', 'false', 'tell a chat of each roll', 'ALERT_ON_RELOAD'),
  'alert-sink': row('text', '', 'slack, teams or gchat; anything else: plain text', 'ALERT_SINK'),
  'alert-webhook-url': row('http-url', '', 'address of that chat', 'ALERT_WEBHOOK_URL'),
  'alert-webhook-proxy': row('http-url', '', 'proxy on the way to it', 'ALERT_WEBHOOK_PROXY'),
  'alert-additional-info': row('text', '', 'what an alert begins with', 'ALERT_ADDITIONAL_INFO'),
  'metrics-count-by-namespace': row(
    'exact-enabled',
    '',
    'enabled: count rolls by namespace too',
    'METRICS_COUNT_BY_NAMESPACE',
  ),
} as const;
