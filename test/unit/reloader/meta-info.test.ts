import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import type { ConfigMapObject } from '../../../src/kube/config-maps.ts';
import { RELEASE } from '../../../src/version.ts';
import { metaInfo, publishMetaInfo, type PutConfigMap } from '../../../src/reloader/meta-info.ts';
import { read } from '../../support/config.ts';

const ENV = { RELOADER_NAMESPACE: 'reloader', RELOADER_DEPLOYMENT_NAME: 'reloader' };

async function publish(env: Readonly<Record<string, string>>, put: PutConfigMap): Promise<string[]> {
  const lines: string[] = [];
  const line =
    (level: string) =>
    (_fields: unknown, message: string): void =>
      void lines.push(`${level} ${message}`);
  await publishMetaInfo(read([], env), { info: line('info'), warn: line('warning') }, put);
  return lines;
}

t.test('the ConfigMap has the name, the label and the keys of Reloader', async (t) => {
  const { metadata, data } = metaInfo(
    read(['--reload-on-create=true', '--resources-to-ignore=secrets', '--ignored-workload-types=jobs'], ENV),
    'reloader',
  );
  t.same(metadata, {
    name: 'reloader-meta-info',
    namespace: 'reloader',
    labels: { 'reloader.stakater.com/meta-info': 'reloader' },
  });
  t.same(Object.keys(data), ['buildInfo', 'reloaderOptions', 'deploymentInfo']);
  t.match(JSON.parse(data['buildInfo'] ?? ''), { releaseVersion: RELEASE, commitTime: /Z$/ });
  t.match(JSON.parse(data['reloaderOptions'] ?? ''), {
    reloadOnCreate: true,
    reloadOnDelete: false,
    resourcesToIgnore: ['secrets'],
    workloadTypesToIgnore: ['jobs'],
    reloaderAutoAnnotation: 'reloader.stakater.com/auto',
    pprofAddr: ':6060',
  });
  t.equal(data['deploymentInfo'], '{"name":"reloader","namespace":"reloader"}');
});

t.test('no part of an address that may be a secret stands in it', async (t) => {
  const flags = ['--webhook-url=https://ann:not-to-be-told@hook.example/not-to-be-told?a=not-to-be-told'];
  const env = { ...ENV, ALERT_WEBHOOK_URL: 'https://chat.example/not-to-be-told' };
  const text = JSON.stringify(metaInfo(read(flags, env), 'reloader'));
  t.match(text, 'https://hook.example');
  t.notMatch(text, /not-to-be-told/);
});

t.test('writing it is told of in the words of Reloader', async (t) => {
  const puts: ConfigMapObject[] = [];
  t.same(await publish({}, async (object) => void puts.push(object)), [
    'warning RELOADER_NAMESPACE is not set, skipping meta info configmap creation',
  ]);
  t.equal(puts.length, 0);
  t.same(await publish(ENV, async (object) => void puts.push(object)), []);
  t.equal(puts.length, 1);
  t.same(await publish(ENV, async (_object, onReplace) => onReplace()), [
    'info Meta info configmap already exists, updating it',
  ]);
});

t.test('it may fail, and then nothing else does', async (t) => {
  const error = new RestampError('RESTAMP_KUBE_FORBIDDEN', 'configmaps');
  t.same(await publish(ENV, () => Promise.reject(error)), [
    'warning Failed to create meta info configmap: A right is missing: configmaps',
  ]);
  const late: PutConfigMap = async (_object, onReplace) => {
    onReplace();
    throw error;
  };
  t.match((await publish(ENV, late))[1], /^warning Failed to update existing meta info configmap: /);
});
