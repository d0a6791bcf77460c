import type { Config } from './config.ts';
import { selectorText } from '../core/api/label-selector.ts';
import { coreSourceRowsIn, type Scope } from '../core/api/scope.ts';

export type Notice = { readonly level: 'info' | 'warn' | 'error'; readonly message: string };

/** What the settings give reason to say at the start, in Reloader's words where it has some (reloader.md 7.2). */
export function startNotices(config: Config): Notice[] {
  return [...aboutCallers(config), ...aboutReloaderFlags(config), ...aboutScope(config)];
}

/** One line for each watch of sources, in Reloader's words (reloader.md 7.2); an empty namespace means all. */
export function watchNotices(scope: Scope): Notice[] {
  const namespaces = scope.namespaces.length === 0 ? [''] : scope.namespaces;
  return namespaces.flatMap((namespace) =>
    coreSourceRowsIn(scope).flatMap(({ resource }) => [
      { level: 'info' as const, message: `created controller for: ${resource}` },
      {
        level: 'info' as const,
        message: `Starting Controller to watch resource type: ${resource} in namespace: ${namespace}`,
      },
    ]),
  );
}

function* aboutCallers({ admissionClientCa, admissionClientNames }: Config): Iterable<Notice> {
  if (admissionClientNames.length > 0 && admissionClientCa === undefined)
    yield {
      level: 'error',
      message:
        'admission-client-names is set without admission-client-ca: nothing proves a name, so that none is asked for',
    };
}

function* aboutReloaderFlags(config: Config): Iterable<Notice> {
  const { logFormat, enablePprof, alert, webhookUrl } = config;
  if (logFormat !== '' && logFormat !== 'json')
    yield warn(`unsupported logging format: ${JSON.stringify(logFormat)}; the log is text`);
  if (enablePprof) yield warn('enable-pprof is set, but Restamp has no pprof: it changes nothing');
  if (alert.onReload && alert.url === undefined)
    yield { level: 'error', message: 'ALERT_WEBHOOK_URL env variable not provided' };
  if (webhookUrl !== undefined)
    yield warn('webhook-url is set, will only send webhook, no resources will be reloaded');
}

function* aboutScope(config: Config): Iterable<Notice> {
  const { namespaces, namespacesToIgnore, namespaceSelector, resourceLabelSelector } = config;
  const ignored = namespacesToIgnore.join(', ');
  if (namespaces.length === 0) {
    const except = ignored === '' ? '' : ` except: ${ignored}`;
    yield warn(`KUBERNETES_NAMESPACE is unset, will detect changes in all namespaces${except}.`);
  } else {
    yield { level: 'info', message: `Watching scoped namespaces: ${namespaces.join(', ')}` };
    if (ignored !== '')
      yield warn(
        'namespaces-to-ignore is set but is only honored in global mode (watchGlobally=true); ignoring it.',
      );
  }
  const [where, which] = [selectorText(namespaceSelector), selectorText(resourceLabelSelector)];
  if (where !== '')
    yield warn(
      `namespace-selector is set, will only detect changes in namespaces with these labels: ${where}.`,
    );
  if (which !== '')
    yield warn(
      `resource-label-selector is set, will only detect changes on resources with these labels: ${which}.`,
    );
}

function warn(message: string): Notice {
  return { level: 'warn', message };
}
