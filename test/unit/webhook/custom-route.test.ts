import fc from 'fast-check';
import t from 'tap';
import { STAMPS } from '../../../src/core/api/annotations.ts';
import { ARGO_ROLLOUT } from '../../../src/core/api/kind.ts';
import { formatStamps } from '../../../src/core/stamps/stamp-map.ts';
import { reduceWorkload } from '../../../src/core/objects/workload.ts';
import { AUTO, digestOf, kinds, NAMESPACE, reloaderKeys } from '../../support/controller/builders.ts';
import { ask, fresh, update, type Stored } from '../../support/webhook/workload-handler-harness.ts';

// Custom resources: the API server stores what is sent, null and defaults too.

const row = kinds.add(ARGO_ROLLOUT, 'rollouts');
const resource = { group: 'argoproj.io', version: 'v1alpha1', resource: 'rollouts' };
const OLD = { h: digestOf('cm/app', { a: '1' }) };
const map = formatStamps({ n: 4, key: 'k1', s: new Map([['cm/app', OLD]]) }, `${NAMESPACE}/Rollout/api`);
const now = { 'cm/app': fresh('cm/app', { a: '2' }) };
const container = { name: 'main', image: 'shop:1', envFrom: [{ configMapRef: { name: 'app' } }] };

function rollout(template: object, annotations: object | null = { ...AUTO, [STAMPS]: map }): Stored {
  const metadata = { name: 'api', namespace: NAMESPACE, uid: 'u', resourceVersion: '10', annotations };
  const status = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, observedGeneration: '0' };
  return { metadata, spec: { template }, status } as unknown as Stored;
}
const of = (more: object = {}, metadata: object | null = null): object => ({
  ...(metadata === null ? {} : { metadata }),
  spec: { containers: [{ ...container, ...more }] },
});
const says = (object: Stored): object =>
  (JSON.parse(object.metadata.annotations?.[STAMPS] ?? '{}') as { s: object }).s;

t.test('a text of the same template starts no pods: the map stays, and so does what was sent', async (t) => {
  const texts = [
    of({ resources: {} }),
    of({}, { creationTimestamp: null }),
    of({ imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log', env: null }),
  ];
  for (const text of texts) {
    const { stored, answer } = await ask(update(rollout(of()), rollout(text), { resource }), now);
    t.same(says(stored), { 'cm/app': OLD }, JSON.stringify(text));
    t.same(stored.spec.template, text);
    t.notOk(answer.warnings);
  }
});

t.test('another template starts pods, and the map becomes current', async (t) => {
  for (const more of [
    { image: 'shop:2' },
    { resources: { limits: { cpu: '1' } } },
    { env: [{ name: 'A', value: '' }] },
  ]) {
    const { stored } = await ask(update(rollout(of()), rollout(of(more)), { resource }), now);
    t.match(says(stored), { 'cm/app': { h: digestOf('cm/app', { a: '2' }) } }, JSON.stringify(more));
  }
});

t.test('a lever that is missing is put back with the template as it is stored, null and all', async (t) => {
  const lever = { name: 'STAKATER_APP_CONFIGMAP', value: 'x' };
  const before = of({ env: [lever], args: null }, { creationTimestamp: null });
  const { stored } = await ask(update(rollout(before), rollout(of()), { resource }), now);
  t.same(stored.spec.template, before);
});

t.test('where annotations are null, ours are written all the same', async (t) => {
  const sent = rollout(of({ image: 'shop:2' }), null);
  const { stored } = await ask(
    update(rollout(of()), { ...sent, metadata: { ...sent.metadata } }, { resource }),
    now,
  );
  t.equal(typeof stored.metadata.annotations?.[STAMPS], 'string');
});

t.test('null at any place of a custom resource is read as if nothing stood there', async (t) => {
  const settings = {
    keys: reloaderKeys,
    autoReloadAll: false,
    resourcesToIgnore: new Set<never>(),
    kinds,
    borrowed: () => undefined,
  };
  const whole = rollout({
    metadata: { annotations: { a: 'b' }, labels: { c: 'd' } },
    spec: {
      containers: [
        {
          ...container,
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'app', key: 'a' } } }],
          volumeMounts: [{ name: 'v' }],
        },
      ],
      initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 's' } }] }],
      volumes: [
        { name: 'v', configMap: { name: 'app', items: [{ key: 'a' }] } },
        { name: 'w', secret: { secretName: 's', items: [{ key: 'a' }] } },
        { name: 'x', csi: { volumeAttributes: { secretProviderClass: 'p' } } },
        { name: 'y', projected: { sources: [{ configMap: { name: 'app', items: [{ key: 'a' }] } }] } },
      ],
    },
  });
  const places = placesIn(whole, []);
  fc.assert(
    fc.property(fc.subarray(places, { minLength: 1, maxLength: 3 }), (nulls) => {
      const object = structuredClone(whole);
      for (const path of nulls) setNull(object, path);
      reduceWorkload(row, object, settings);
    }),
    { numRuns: 500 },
  );
  t.ok(places.length > 50);
});

/** Every place in a value but its identity, as a path. */
function placesIn(value: unknown, path: readonly string[]): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => {
    const at = [...path, key];
    const kept = [
      'metadata',
      'metadata.name',
      'metadata.namespace',
      'metadata.uid',
      'metadata.resourceVersion',
    ];
    return [...(kept.includes(at.join('.')) ? [] : [at]), ...placesIn(one, at)];
  });
}

function setNull(object: unknown, path: readonly string[]): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | null)?.[key], object);
  if (typeof parent === 'object' && parent !== null)
    (parent as Record<string, unknown>)[path.at(-1) ?? ''] = null;
}
