import t from 'tap';
import { startNotices, watchNotices } from '../../../src/config/startup-notices.ts';
import { read } from '../../support/config.ts';

const said = (...args: readonly string[]): string[] =>
  startNotices(read(args)).map(({ level, message }) => `${level}: ${message}`);
const ALL = 'warn: KUBERNETES_NAMESPACE is unset, will detect changes in all namespaces.';

t.test('the start says which part of the cluster is looked after, in Reloader’s words', async (t) => {
  t.same(said(), [ALL]);
  t.same(said('--namespaces=a,b'), ['info: Watching scoped namespaces: a, b']);
  t.same(said('--namespaces-to-ignore=a,b'), [
    'warn: KUBERNETES_NAMESPACE is unset, will detect changes in all namespaces except: a, b.',
  ]);
  t.match(said('--namespaces=a', '--namespaces-to-ignore=b')[1], /only honored in global mode/);
  t.same(said('--namespace-selector=a:b', '--resource-label-selector=c in (d,e)'), [
    ALL,
    'warn: namespace-selector is set, will only detect changes in namespaces with these labels: a=b.',
    'warn: resource-label-selector is set, will only detect changes on resources with these labels: c in (d,e).',
  ]);
});

t.test('what Restamp does otherwise than the flag says is told at the start', async (t) => {
  t.match(said('--log-format=logfmt'), [/unsupported logging format: "logfmt"/, ALL]);
  t.same(said('--log-format=json'), [ALL]);
  t.match(said('--admission-client-names=api'), [/^error: admission-client-names is set without/, ALL]);
  t.same(said('--admission-client-names=api', '--admission-client-ca=/ca.crt'), [ALL]);
  t.match(said('--enable-pprof'), [/no pprof/, ALL]);
  t.match(said('--alert-on-reload'), ['error: ALERT_WEBHOOK_URL env variable not provided', ALL]);
  t.same(said('--alert-on-reload', '--alert-webhook-url=https://chat.example'), [ALL]);
  t.match(said('--webhook-url=https://hook.example'), [/^warn: webhook-url is set/, ALL]);
});

t.test('each watch of sources is told of in Reloader’s words', async (t) => {
  const lines = (...args: readonly string[]): string[] =>
    watchNotices(read(args)).map(({ level, message }) => `${level}: ${message}`);
  t.same(lines(), [
    'info: created controller for: configmaps',
    'info: Starting Controller to watch resource type: configmaps in namespace: ',
    'info: created controller for: secrets',
    'info: Starting Controller to watch resource type: secrets in namespace: ',
  ]);
  t.same(lines('--namespaces=a,b', '--resources-to-ignore=secrets'), [
    'info: created controller for: configmaps',
    'info: Starting Controller to watch resource type: configmaps in namespace: a',
    'info: created controller for: configmaps',
    'info: Starting Controller to watch resource type: configmaps in namespace: b',
  ]);
});
