import t from 'tap';
import { isReleaseTool, lastReleaseWrite, releaseOf } from '../../../../src/core/objects/release.ts';

const helm = { 'meta.helm.sh/release-namespace': 'prod', 'meta.helm.sh/release-name': 'shop' };
const instance = { 'app.kubernetes.io/instance': 'shop' };

t.test('releaseOf knows the marks of each tool', async (t) => {
  const marks = {
    helm: { annotations: helm },
    fluxHelm: {
      labels: { 'helm.toolkit.fluxcd.io/namespace': 'flux', 'helm.toolkit.fluxcd.io/name': 'shop' },
    },
    fluxKustomize: {
      labels: { 'kustomize.toolkit.fluxcd.io/namespace': 'flux', 'kustomize.toolkit.fluxcd.io/name': 'shop' },
    },
    argoLabel: { labels: { 'argocd.argoproj.io/instance': 'shop' } },
    argoTracking: { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:prod/api' } },
    instance: { labels: instance },
  };
  const found = Object.values(marks).map(releaseOf);
  t.notOk(found.includes(undefined));
  t.equal(new Set(found).size, found.length, 'one release of each tool, and none is another one');
});

t.test('objects of one release have one identity, others another', async (t) => {
  const tracked = (id: string) => releaseOf({ annotations: { 'argocd.argoproj.io/tracking-id': id } });
  t.equal(tracked('shop:apps/Deployment:prod/api'), tracked('shop:/ConfigMap:prod/app'));
  t.not(tracked('shop:apps/Deployment:prod/api'), tracked('bank:apps/Deployment:prod/api'));
  const other = { ...helm, 'meta.helm.sh/release-namespace': 'test' };
  t.not(releaseOf({ annotations: helm }), releaseOf({ annotations: other }));
});

t.test('a release counts within its namespace only, whatever its marks say', async (t) => {
  const marks = [
    { annotations: helm },
    { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:prod/api' } },
    { labels: { 'argocd.argoproj.io/instance': 'shop' } },
    { labels: instance },
  ];
  for (const mark of marks) {
    t.not(releaseOf({ namespace: 'prod', ...mark }), releaseOf({ namespace: 'tenant', ...mark }));
    t.equal(releaseOf({ namespace: 'prod', ...mark }), releaseOf({ namespace: 'prod', ...mark }));
  }
});

t.test('the mark of a tool counts before a label that anybody may set', async (t) => {
  t.equal(releaseOf({ annotations: helm, labels: instance }), releaseOf({ annotations: helm }));
});

t.test('an object without a whole mark belongs to no release', async (t) => {
  const none: readonly Parameters<typeof releaseOf>[0][] = [
    {},
    { annotations: {}, labels: {} },
    { annotations: { 'meta.helm.sh/release-name': 'shop' } },
    { labels: helm },
    { annotations: instance },
    { annotations: { 'argocd.argoproj.io/tracking-id': '' } },
    { annotations: { 'argocd.argoproj.io/tracking-id': ':apps/Deployment:prod/api' } },
    { annotations: Object.create(helm) as Record<string, string> },
  ];
  for (const metadata of none) t.equal(releaseOf(metadata), undefined, JSON.stringify(metadata));
});

t.test('isReleaseTool tells tools from people', async (t) => {
  const tools = ['helm', 'Helm', 'helm-controller', 'kustomize-controller', 'argocd-controller', 'flux'];
  for (const tool of [...tools, 'Terraform', 'HashiCorp']) t.equal(isReleaseTool(tool), true, tool);
  const others = ['kubectl', 'kubectl-client-side-apply', 'my-helm', 'Reloader', 'kustomize-controllers', ''];
  for (const other of [...others, undefined]) t.equal(isReleaseTool(other), false, String(other));
});

t.test('lastReleaseWrite is the newest write of a tool outside the status', async (t) => {
  const managedFields = [
    { manager: 'helm', time: '2026-11-22T10:00:00Z' },
    { manager: 'argocd-controller', time: '2026-11-22T11:00:00Z' },
    { manager: 'helm', time: '2026-11-22T12:00:00Z', subresource: 'status' },
    { manager: 'kubectl-edit', time: '2026-11-22T13:00:00Z' },
    { manager: 'helm' },
    { time: '2026-11-22T14:00:00Z' },
    { manager: 'helm', time: 'soon' },
  ];
  t.equal(lastReleaseWrite({ managedFields }), Date.UTC(2026, 10, 22, 11));
  t.equal(lastReleaseWrite({ managedFields: managedFields.slice(2) }), undefined);
  t.equal(lastReleaseWrite({}), undefined);
});
