import t from 'tap';
import {
  currentMount,
  reduceMount,
  sameMount,
  type Mount,
  type PodStatusObject,
} from '../../../../src/core/objects/csi-mount.ts';

const CREATED = '2026-11-22T12:00:00Z';

function status(
  parts: { written?: string; objects?: object[] | null; labels?: object } = {},
): PodStatusObject {
  const { written = CREATED, objects = [{ id: 'a', version: '1' }] } = parts;
  return {
    metadata: {
      name: 'api-1-vault',
      namespace: 'apps',
      uid: 'u',
      resourceVersion: '7',
      creationTimestamp: CREATED,
      ownerReferences: [{ kind: 'Pod', uid: 'pod-uid' }],
      managedFields: [
        { time: '2026-11-22T13:00:00Z', fieldsV1: {} },
        { time: written, fieldsV1: { 'f:status': { 'f:objects': {} } } },
      ],
    },
    status: { podName: 'api-1', secretProviderClassName: 'vault', ...(objects === null ? {} : { objects }) },
  };
}

t.test('a status tells what its pod has mounted, and whether that is what it started with', async (t) => {
  t.match(reduceMount(status()), {
    ref: { type: 'spc', namespace: 'apps', name: 'vault' },
    pod: { name: 'api-1', uid: 'pod-uid' },
    version: '7',
    rotated: false,
    written: Date.parse(CREATED),
  });
  t.equal(reduceMount(status({ written: '2026-11-22T12:00:01Z' }))?.rotated, false, 'one write, two seconds');
  t.equal(reduceMount(status({ written: '2026-11-22T12:00:02Z' }))?.rotated, true);
});

t.test('a status without objects or without a pod tells nothing', async (t) => {
  t.equal(reduceMount(status({ objects: [] })), undefined);
  t.equal(reduceMount(status({ objects: null })), undefined);
  const { metadata } = status();
  t.equal(reduceMount({ metadata }), undefined);
  t.equal(reduceMount({ metadata, status: { podName: 'p', objects: [{ id: 'a' }] } }), undefined);
});

t.test('the same is mounted where ids and versions are the same, in whatever order', async (t) => {
  const one = reduceMount(
    status({
      objects: [
        { id: 'a', version: '1' },
        { id: 'b', version: '2' },
      ],
    }),
  )!;
  const same = reduceMount(
    status({
      objects: [
        { id: 'b', version: '2' },
        { id: 'a', version: '1' },
      ],
    }),
  )!;
  t.ok(sameMount(one, same));
  t.notOk(sameMount(one, reduceMount(status())!));
  t.notOk(sameMount(reduceMount(status())!, reduceMount(status({ objects: [{ id: 'a', version: '2' }] }))!));
});

const ROLLED = Date.parse(CREATED);
const mount = (version: string, value: string, parts: Partial<Mount> = {}): Mount => ({
  ...reduceMount(status({ objects: [{ id: 'a', version: value }] }))!,
  version,
  ...parts,
});
const isStamped = (value: string) => (one: Mount) => one.data.data.get('a') === value;
const nothing = { stampedVersion: undefined, isStamped: undefined, rolled: undefined };

t.test('a workload without pods has no current', async (t) => {
  t.equal(currentMount([], nothing), undefined);
  t.equal(currentMount([], { ...nothing, isStamped: isStamped('1') }), undefined);
});

t.test('the newest is the first baseline', async (t) => {
  const found = currentMount([mount('9', 'x'), mount('10', 'y'), mount('8', 'z')], nothing);
  t.match(found, { mount: { version: '10' }, fromStart: true });
});

t.test('the newest rotation counts, however many pods are still to follow', async (t) => {
  const stamped = { stampedVersion: '5', isStamped: isStamped('1'), rolled: undefined };
  const mounts = [mount('5', '1'), mount('6', '2', { rotated: true }), mount('8', '3', { rotated: true })];
  t.match(currentMount(mounts, stamped), { mount: { version: '8' }, fromStart: false });
});

t.test(
  'a pod that starts with something else makes nothing stale while another is still to rotate',
  async (t) => {
    const stamped = { stampedVersion: '5', isStamped: isStamped('1'), rolled: undefined };
    const mounts = [mount('5', '1'), mount('9', '2')];
    t.match(currentMount(mounts, stamped), { mount: { version: '5' }, fromStart: true });
    t.match(currentMount(mounts.slice(1), stamped), { mount: { version: '9' }, fromStart: true });
  },
);

t.test(
  'a rotation that the stamp knows is over, also when its pod goes and an older one stays',
  async (t) => {
    const stamped = { stampedVersion: '9', isStamped: isStamped('3'), rolled: undefined };
    const older = mount('8', '2', { rotated: true });
    t.match(currentMount([older, mount('9', '3', { rotated: true })], stamped), {
      mount: { version: '9' },
      fromStart: true,
    });
    t.equal(currentMount([older], stamped), undefined, 'nothing new is known');
    const follows = mount('12', '3', { rotated: true });
    t.match(currentMount([follows], stamped), { mount: { version: '12' } }, 'what the stamp says');
  },
);

t.test(
  'pods that are older than the last roll are being replaced: their rotation rolls no second time',
  async (t) => {
    const stamped = { stampedVersion: '5', isStamped: isStamped('2'), rolled: ROLLED };
    const rotated = (before: number): Mount => mount('9', '3', { rotated: true, created: ROLLED - before });
    t.match(currentMount([rotated(60_000)], stamped), { fromStart: true });
    t.match(currentMount([rotated(0)], stamped), { fromStart: false });
    t.match(currentMount([rotated(20_000)], stamped), { fromStart: false }, 'clocks may differ');
  },
);
