import type { HasTeardown } from '../../controlplane/shared.ts';
import { workload } from './objects.ts';
import type { Stage } from './environment.ts';

const BASE = '/apis/admissionregistration.k8s.io/v1';

/** A label that is another one after each write, and one on the pod template that always is the same. */
const EXPRESSION = `Object{
  metadata: Object.metadata{labels: {"mutator.test/turn":
    oldObject != null && oldObject.?metadata.labels["mutator.test/turn"].orValue("") == "tick" ? "tock" : "tick"}},
  spec: Object.spec{template: Object.spec.template{metadata: Object.spec.template.metadata{
    labels: {"mutator.test/on": "true"}}}}
}`;

/** Labels Deployments of a stage on every write, Restamp's own too; in force when this resolves, ends with `t`. */
export async function startLabelling(t: HasTeardown, stage: Stage): Promise<void> {
  const { cp, ns } = stage;
  const name = `labels-${ns}`;
  await cp.api('POST', `${BASE}/mutatingadmissionpolicies`, {
    metadata: { name },
    spec: {
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } },
        resourceRules: [
          {
            apiGroups: ['apps'],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['deployments'],
          },
        ],
      },
      failurePolicy: 'Fail',
      reinvocationPolicy: 'IfNeeded',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: EXPRESSION } }],
    },
  });
  t.teardown(() => cp.api('DELETE', `${BASE}/mutatingadmissionpolicies/${name}`));
  await cp.api('POST', `${BASE}/mutatingadmissionpolicybindings`, {
    metadata: { name },
    spec: { policyName: name },
  });
  t.teardown(() => cp.api('DELETE', `${BASE}/mutatingadmissionpolicybindings/${name}`));
  // The API server does not say when it has taken a policy in: it is asked until it labels.
  const probe = workload('Deployment', 'probe');
  for (let labelled = false; !labelled;) {
    const { metadata } = await cp.api('POST', `${stage.path('Deployment')}?dryRun=All`, probe);
    labelled = metadata.labels?.['mutator.test/turn'] !== undefined;
  }
}
