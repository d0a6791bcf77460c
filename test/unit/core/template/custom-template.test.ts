import fc from 'fast-check';
import t from 'tap';
import { asControllerReads, withoutNull } from '../../../../src/core/template/custom-template.ts';
import { sameButLevers } from '../../../../src/core/template/template-digest.ts';
import type { PodTemplate } from '../../../../src/core/api/pod-template.ts';

const container = { name: 'app', image: 'shop:1' };
const of = (spec: object, metadata?: object): PodTemplate => ({
  ...(metadata === undefined ? {} : { metadata }),
  spec: { containers: [container], ...spec },
});
const holding = (more: object): PodTemplate => of({ containers: [{ ...container, ...more }] });
const with1 = (image: string, imagePullPolicy?: string): PodTemplate =>
  of({ containers: [{ name: 'app', image, imagePullPolicy }] });

const plain = of({});
/** Texts of templates: whether their controller reads the same. */
const pairs: readonly (readonly [string, boolean, PodTemplate, PodTemplate])[] = [
  ['creationTimestamp: null', true, of({}, { creationTimestamp: null }), plain],
  ['resources: {}', true, holding({ resources: {} }), plain],
  ['empty lists', true, holding({ env: [], args: [], volumeMounts: [] }), plain],
  ['null for a list', true, holding({ env: null, envFrom: null }), plain],
  ['an empty context', true, of({ securityContext: {}, volumes: null }), plain],
  ['defaults of a pod', true, of({ restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' }), plain],
  ['defaults of a container', true, holding({ terminationMessagePolicy: 'File' }), plain],
  [
    'the protocol of a port',
    true,
    holding({ ports: [{ containerPort: 1, protocol: 'TCP' }] }),
    holding({ ports: [{ containerPort: 1 }] }),
  ],
  [
    'the times of a probe',
    true,
    holding({ livenessProbe: { exec: {}, periodSeconds: 10 } }),
    holding({ livenessProbe: { exec: {} } }),
  ],
  [
    'the mode of a volume',
    true,
    of({ volumes: [{ name: 'v', secret: { secretName: 's', defaultMode: 420 } }] }),
    of({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }),
  ],
  ['the pull policy of a tag', true, with1('shop:1', 'IfNotPresent'), with1('shop:1')],
  ['the pull policy of latest', true, with1('host:5000/shop', 'Always'), with1('host:5000/shop')],
  ['another pull policy', false, with1('shop:1', 'Always'), with1('shop:1')],
  ['another image', false, with1('shop:2'), with1('shop:1')],
  [
    'a sidecar',
    false,
    of({ initContainers: [{ name: 'i', restartPolicy: 'Always' }] }),
    of({ initContainers: [{ name: 'i' }] }),
  ],
  ['resources', false, holding({ resources: { limits: { cpu: '1' } } }), plain],
  [
    'a label of a default’s name',
    false,
    of({}, { labels: { restartPolicy: 'Always' } }),
    of({}, { labels: {} }),
  ],
  ['a node selector', false, of({ nodeSelector: { protocol: 'TCP' } }), plain],
  [
    'a selector of everything',
    false,
    of({ topologySpreadConstraints: [{ labelSelector: {} }] }),
    of({ topologySpreadConstraints: [{}] }),
  ],
  [
    'what a volume is',
    false,
    of({ volumes: [{ name: 'v', emptyDir: {} }] }),
    of({ volumes: [{ name: 'v', csi: {} }] }),
  ],
  ['a member that is false', false, of({ automountServiceAccountToken: false }), plain],
  ['another user', false, of({ securityContext: { runAsUser: 0 } }), plain],
];

t.test('texts that a controller reads alike are alike, and no others', async (t) => {
  for (const [what, same, one, other] of pairs) {
    t.equal(sameButLevers(asControllerReads(one), asControllerReads(other), new Set()), same, what);
    t.equal(
      sameButLevers(asControllerReads(other), asControllerReads(one), new Set()),
      same,
      `${what}, the other way round`,
    );
  }
});

t.test('withoutNull leaves every index where it is, and nothing that is null', async (t) => {
  t.same(withoutNull({ a: null, b: [null, { c: null, d: 1 }], e: 'x' }), { b: [{}, { d: 1 }], e: 'x' });
  t.equal(withoutNull(null), null);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(withoutNull({ value }));
      return !/:null|\[null|,null/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '""'));
    }),
  );
});
