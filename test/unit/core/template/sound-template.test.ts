import fc from 'fast-check';
import t from 'tap';
import { RELOADER_KEYS } from '../../../../src/core/api/annotations.ts';
import { ARGO_ROLLOUT, BUILT_IN, Kinds } from '../../../../src/core/api/kind.ts';
import { soundTemplate } from '../../../../src/core/template/sound-template.ts';
import { templateOf } from '../../../../src/core/template/template-facts.ts';
import { isSettled, reduceWorkload, type WorkloadObject } from '../../../../src/core/objects/workload.ts';
import { Random } from '../../../chaos/random.ts';
import { withOtherPart } from '../../../support/hostile-values.ts';

const kinds = new Kinds();
const rollout = kinds.add(ARGO_ROLLOUT, 'rollouts');
const settings = {
  keys: RELOADER_KEYS,
  autoReloadAll: false,
  resourcesToIgnore: new Set<never>(),
  kinds,
  borrowed: () => undefined,
};

const container = {
  name: 'main',
  image: 'shop:1',
  env: [
    { name: 'STAKATER_APP_CONFIGMAP', value: '1' },
    { name: 'A', valueFrom: { configMapKeyRef: { name: 'a', key: 'k' } } },
    { name: 'B', valueFrom: { secretKeyRef: { name: 'b', key: 'k', optional: true } } },
  ],
  envFrom: [{ configMapRef: { name: 'c' } }, { secretRef: { name: 'd' } }],
  volumeMounts: [{ name: 'v' }, { name: 'w' }, { name: 'x' }, { name: 'y' }],
};
const template = {
  metadata: {
    labels: { app: 'a' },
    annotations: {
      'reloader.stakater.com/auto': 'true',
      'configmap.reloader.stakater.com/reload': 'app,web-.*',
      'secrets.exclude.reloader.stakater.com/reload': 'a,b',
      'reloader.stakater.com/last-reloaded-from': '{"type":"CONFIGMAP","name":"app","hash":"b"}',
    },
  },
  spec: {
    containers: [container, { name: 'side' }],
    initContainers: [{ ...container, name: 'init' }],
    volumes: [
      { name: 'v', configMap: { name: 'e', items: [{ key: 'k', path: 'p' }] } },
      { name: 'w', secret: { secretName: 'f', items: [{ key: 'k' }] } },
      { name: 'x', csi: { volumeAttributes: { secretProviderClass: 'g' } } },
      {
        name: 'y',
        projected: {
          sources: [{ configMap: { name: 'h', items: [{ key: 'k' }] } }, { secret: { name: 'i' } }],
        },
      },
    ],
  },
};
const metadata = {
  name: 'api',
  namespace: 'apps',
  uid: 'u',
  resourceVersion: '5',
  annotations: { 'secret.reloader.stakater.com/reload': 'b' },
};
const status = {
  observedGeneration: '1',
  phase: 'Healthy',
  conditions: [{ type: 'Paused', status: 'True' }],
};

t.test('a template of right types is handed on as it is, and nothing of it is copied', async (t) => {
  t.equal(soundTemplate(template), template);
  t.same(soundTemplate(undefined), {});
});

t.test('of one that is not, only what holds the odd part is copied', async (t) => {
  const { spec, metadata: own } = template;
  for (const odd of [5, null, [null]]) {
    const read = soundTemplate({ ...template, spec: { ...spec, containers: [container, { name: odd }] } });
    t.same(read.spec?.containers?.[1], {}, 'the odd part is gone');
    t.equal(read.metadata, own);
    t.equal(read.spec?.volumes, spec.volumes);
    t.equal(read.spec?.containers?.[0], container);
  }
});

t.test(
  'the API server vouches for the templates of its own kinds, and nobody looks through them',
  async (t) => {
    for (const row of BUILT_IN) {
      const object = row.template.reduceRight<unknown>((inner, step) => ({ [step]: inner }), template);
      t.equal(templateOf(row, object), template, row.kind);
      t.same(templateOf(row, {}), {});
    }
  },
);

t.test('what has another type is as if it were not there, the rest stays, and no index moves', async (t) => {
  const odd = {
    extra: 5,
    metadata: { annotations: { a: 'x', b: 5, c: null }, labels: 7 },
    spec: {
      volumes: 'none',
      containers: [
        'main',
        5,
        [],
        { name: 'main', env: [null, 'A', { name: 5, value: 6 }], envFrom: {}, image: [] },
      ],
    },
  };
  t.same(soundTemplate(odd), {
    extra: 5,
    metadata: { annotations: { a: 'x' }, labels: 7 },
    spec: { containers: [{}, {}, {}, { name: 'main', env: [{}, {}, { value: 6 }], image: [] }] },
  });
  for (const nothing of [null, 5, 'x', [], true]) t.same(soundTemplate(nothing), {});
});

t.test('a custom resource is read whatever stands in it', async (t) => {
  const object = {
    metadata,
    spec: { replicas: 1, workloadRef: { kind: 'Deployment', name: 'x' }, template },
    status,
  };
  let read = 0;
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 4 }), (seed, times) => {
      const random = new Random(seed, 'object');
      let odd = object as { spec: unknown; status: unknown };
      for (let time = 0; time < times; time += 1)
        odd = { ...odd, spec: withOtherPart(random, odd.spec), status: withOtherPart(random, odd.status) };
      const workload = reduceWorkload(rollout, odd as unknown as WorkloadObject, settings);
      isSettled(rollout, odd as unknown as WorkloadObject);
      for (const key of workload?.references.keys() ?? []) if (/undefined|object/.test(key)) return false;
      read += workload === undefined ? 0 : 1;
      return true;
    }),
    { numRuns: 2_000 },
  );
  t.ok(read > 1_000, 'most of them are workloads all the same');
});

t.test('a custom resource may be deeper than any call stack', async (t) => {
  const deep: unknown = JSON.parse(`${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`);
  const odd = { metadata, spec: { template: { ...template, deep } }, status: { deep, conditions: [] } };
  const workload = reduceWorkload(rollout, odd, settings);
  t.ok(workload?.references.has('cm/c'));
  t.type(isSettled(rollout, odd), 'boolean');
});
