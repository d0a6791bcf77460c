import t from 'tap';
import type { KubeObject } from '../../controlplane/http.ts';
import { receiver } from '../../support/http-receiver.ts';
import { AUTO, source, workload } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(300_000);

t.test('each roll is one alert in the words of Reloader', async (t) => {
  const { url, got } = await receiver(t);
  const stage = await openStage(t, 'alert', {
    env: {
      ALERT_ON_RELOAD: 'true',
      ALERT_SINK: ' Slack ',
      ALERT_WEBHOOK_URL: new URL('/services/not-to-be-told', url).href,
      ALERT_ADDITIONAL_INFO: 'east',
    },
  });
  await stage.create(source('Secret/db', { password: 'one' }));
  await stage.observe('Deployment', 'api', { uses: ['Secret/db'] });
  await stage.change('Secret/db', { password: 'two' });
  const { body } = await got.find((post) => post.body.includes('*db*'));
  t.equal(
    body,
    `{"attachments":[{"author_name":"Reloader","color":"good","text":"east : Reloader detected changes in *db* of type *SECRET* in namespace *${stage.ns}*. Hence reloaded *api* of type *Deployment* in namespace *${stage.ns}*"}]}`,
  );
  t.notMatch(JSON.stringify(stage.lines), /not-to-be-told/);
});

t.test(
  '--webhook-url: one POST for each data change, whatever annotations say, and nothing is rolled',
  async (t) => {
    const { url, got } = await receiver(t);
    const stage = await openStage(t, 'webhook-url', {
      admission: 'off',
      flags: [`--webhook-url=${new URL('/hook?token=not-to-be-told', url).href}`],
    });
    await stage.restamp.stop();
    await stage.create(
      source('ConfigMap/app', { a: '1' }, { 'reloader.stakater.com/ignore': 'true' }),
      source('Secret/db', { a: '1' }),
      workload('Deployment', 'api', { annotations: AUTO, uses: ['ConfigMap/app'] }),
    );
    const restamp = await stage.start();
    await restamp.until(({ msg }) => msg.startsWith('All sources have been read'));
    await restamp.until(({ msg }) => msg === 'Leading: this process rolls');
    // What comes after these two is told of after whatever they give reason to tell.
    await stage.annotate('ConfigMap', 'app', { some: 'label' });
    await stage.create(source('ConfigMap/new', { a: '1' }));
    await stage.change('ConfigMap/app', { a: '2' });
    await got.until(1);
    await stage.change('Secret/db', { a: '2' });
    const posts = await got.until(2);
    t.same(
      posts.map(({ method, url, body, headers }) => [method, url, body, headers['x-restamp-source']]),
      ['cm/app', 'secret/db'].map((name) => [
        'POST',
        '/hook?token=not-to-be-told',
        '{"webhook":"update successful"}',
        `${stage.ns}/${name}`,
      ]),
    );
    const said = restamp.lines.map(({ level, msg }) => `${level} ${msg}`);
    t.ok(
      said.includes(
        `info Changes detected in 'app' of type 'CONFIGMAP' in namespace '${stage.ns}', Sending webhook to '${url.origin}/hook'`,
      ),
    );
    t.ok(said.includes('warning webhook-url is set, will only send webhook, no resources will be reloaded'));
    t.notMatch(JSON.stringify(restamp.lines), /not-to-be-told/);
    const { metadata } = await stage.get('Deployment', 'api');
    t.equal(metadata.generation, 1);
    t.notMatch(Object.keys(metadata.annotations ?? {}), /restamp/);
  },
);

t.test('the leader writes the meta-info ConfigMap, with the rights of the shipped role', async (t) => {
  type Stored = KubeObject & { readonly data: Readonly<Record<string, string>> };
  const path = '/api/v1/namespaces/restamp/configmaps/reloader-meta-info';
  // A rule of the role is for the own namespace, which is that of the shipped installation.
  const env = { RELOADER_NAMESPACE: 'restamp', RELOADER_DEPLOYMENT_NAME: 'first' };
  const stage = await openStage(t, 'meta-info', { env });
  const named = (name: string) => (found: Stored) => (found.data['deploymentInfo'] ?? '').includes(name);
  await stage.cp.untilObject<Stored>(path, named('first'));
  await stage.restamp.stop();
  const again = await stage.start({ env: { ...env, RELOADER_DEPLOYMENT_NAME: 'second' } });
  await stage.cp.untilObject<Stored>(path, named('second'));
  // The line may come later than what it tells of.
  await again.until(({ msg }) => msg === 'Meta info configmap already exists, updating it');
  const refused = stage.lines.filter(({ msg }) => /Failed to (create|update existing) meta info/.test(msg));
  t.same(refused, []);
});
