import t from 'tap';
import { createHmacKeys, parseHmacKeys, serialiseHmacKeys } from '../../../certs/keys.ts';
import type { KubeObject } from '../../controlplane/http.ts';
import { source, STAMPS, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// What becomes of the stamps when the keys that made them change while Restamp is not there.
t.setTimeout(600_000);
const stage = await openStage(t, 'keys');
const { cp, ns } = stage;
const secret = `/api/v1/namespaces/restamp/secrets/${ns}-keys`;

const keyOf = (object: KubeObject): unknown =>
  (JSON.parse(object.metadata.annotations?.[STAMPS] ?? '{}') as { key?: string }).key;

t.test('the key Secret is deleted: baselines are taken again, and nothing rolls', async (t) => {
  const app: SourceName = 'ConfigMap/lost';
  await stage.create(source(app, { key: 'old' }));
  const api = await stage.observe('Deployment', 'lost', { uses: [app] });
  const before = keyOf(await api.get());
  await stage.restamp.stop();
  await cp.api('DELETE', secret);
  await stage.start();
  await stage.until('Deployment', 'lost', (object) => keyOf(object) !== before);
  t.same(await api.ring(), api.after());
});

t.test(
  'the key is changed and the old one kept as a former one: nothing rolls but what has changed',
  async (t) => {
    const app: SourceName = 'Secret/rotated';
    await stage.create(source(app, { key: 'old' }));
    const same = await stage.observe('Deployment', 'same', { uses: [app] });
    const other: SourceName = 'Secret/meanwhile';
    await stage.create(source(other, { key: 'old' }));
    const changed = await stage.observe('Deployment', 'changed', { uses: [other] });
    await stage.restamp.stop();
    const stored = await cp.api<KubeObject & { data: Record<string, string> }>('GET', secret);
    const keys = parseHmacKeys(
      Buffer.from(stored.data['hmac.json'] ?? '', 'base64').toString(),
      'the key Secret',
    );
    const rotated = { current: createHmacKeys().current, former: [keys.current] };
    await stage.cp.api(
      'PATCH',
      secret,
      { stringData: { 'hmac.json': serialiseHmacKeys(rotated) } },
      'application/merge-patch+json',
    );
    await stage.change(other, { key: 'new' });
    await stage.start();
    await changed.rolledFor(other, { key: 'new' });
    t.same(await changed.ring(), changed.after(['secret/meanwhile']));
    t.same(await same.ring(), same.after());
    t.equal(keyOf(await same.get()), rotated.current.id, 'a roll stamps with the new key');
  },
);
