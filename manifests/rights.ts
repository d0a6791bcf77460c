// The table of rights: what the server may do, and why. The plain YAML and the chart's roles are held against it by
// test/manifests/rights.test.ts, so that neither can ask for more or less.

/** What an installation has switched on, as far as it changes rights. */
export type Scope = {
  /** All namespaces, not a list of them. */
  readonly global: boolean;
  readonly webhook: boolean;
  readonly configMaps: boolean;
  readonly secrets: boolean;
  readonly jobs: boolean;
  readonly cronJobs: boolean;
  readonly argoRollouts: boolean;
  readonly csi: boolean;
  /** Name of the installation, and of its webhook configurations. */
  readonly instance: string;
  readonly registration: string;
};

/** One rule of a role. */
export type Right = {
  readonly why: string;
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Only the objects of these names. */
  readonly names?: readonly string[];
};

export type Rights = {
  /** In every namespace that is watched: a ClusterRole if these are all, else a Role in each. */
  readonly watched: readonly Right[];
  /** In the own namespace. */
  readonly own: readonly Right[];
  /** On what belongs to no namespace; empty means that no ClusterRole is needed. */
  readonly cluster: readonly Right[];
};

const READ = ['get', 'list', 'watch'];

/** The rights of the server in an installation. */
export function rightsOf(scope: Scope): Rights {
  const { instance, registration } = scope;
  const sources = [...(scope.configMaps ? ['configmaps'] : []), ...(scope.secrets ? ['secrets'] : [])];
  const jobs = scope.jobs
    ? [...READ, 'create', 'delete', 'patch']
    : // A CronJob's change may start a Job of it, whether Jobs are rolled themselves or not.
      [...READ, 'create'];
  return {
    watched: [
      {
        why: 'sources: metadata of all, data of those that are depended on',
        group: '',
        resources: sources,
        verbs: READ,
      },
      {
        why: 'workloads: found, and rolled by a patch of the pod template',
        group: 'apps',
        resources: ['deployments', 'daemonsets', 'statefulsets'],
        verbs: [...READ, 'patch'],
      },
      ...when(scope.cronJobs, {
        why: 'CronJobs: stamped; their change reaches the next Job',
        group: 'batch',
        resources: ['cronjobs'],
        verbs: [...READ, 'patch'],
      }),
      ...when(scope.jobs || scope.cronJobs, {
        why: 'Jobs: no template can be changed, so that they are made anew',
        group: 'batch',
        resources: ['jobs'],
        verbs: jobs,
      }),
      ...when(scope.argoRollouts, {
        why: 'Argo Rollouts',
        group: 'argoproj.io',
        resources: ['rollouts'],
        verbs: [...READ, 'patch'],
      }),
      ...when(scope.csi, {
        why: 'what the Secrets Store CSI driver mounts',
        group: 'secrets-store.csi.x-k8s.io',
        resources: ['secretproviderclasses', 'secretproviderclasspodstatuses'],
        verbs: READ,
      }),
      ...when(scope.csi, { why: 'whose pod has mounted it', group: '', resources: ['pods'], verbs: ['get'] }),
      { why: 'one Event for each roll', group: '', resources: ['events'], verbs: ['create'] },
    ],
    own: [
      {
        why: 'the key Secret, made by the server itself',
        group: '',
        resources: ['secrets'],
        verbs: ['create'],
      },
      {
        why: 'the key Secret: CA and keys; and Jobs that are being made anew',
        group: '',
        resources: ['secrets'],
        verbs: ['get', 'update'],
        names: [`${instance}-keys`, `${instance}-remakes`],
      },
      {
        why: 'the key Secret: a key can be changed while all replicas run',
        group: '',
        resources: ['secrets'],
        verbs: ['list', 'watch'],
        names: [`${instance}-keys`],
      },
      { why: 'the Lease', group: 'coordination.k8s.io', resources: ['leases'], verbs: ['create'] },
      {
        why: 'the Lease: only its holder rolls',
        group: 'coordination.k8s.io',
        resources: ['leases'],
        verbs: ['get', 'update'],
        names: [instance],
      },
      {
        why: 'an Event on the Lease when a registration is gone',
        group: '',
        resources: ['events'],
        verbs: ['create'],
      },
      {
        why: 'the stop switch for all',
        group: '',
        resources: ['configmaps'],
        verbs: READ,
        names: [instance],
      },
      {
        why: 'the meta-info ConfigMap, as Reloader has it',
        group: '',
        resources: ['configmaps'],
        verbs: ['create'],
      },
      {
        why: 'the meta-info ConfigMap: the leader writes it anew',
        group: '',
        resources: ['configmaps'],
        verbs: ['get', 'update'],
        names: ['reloader-meta-info'],
      },
    ],
    cluster: [
      ...when(scope.global, {
        why: 'the stop switch on namespaces',
        group: '',
        resources: ['namespaces'],
        verbs: READ,
      }),
      ...when(
        scope.global || scope.webhook,
        {
          why: 'who asks for the live status',
          group: 'authentication.k8s.io',
          resources: ['tokenreviews'],
          verbs: ['create'],
        },
        {
          why: 'whether that one may read it',
          group: 'authorization.k8s.io',
          resources: ['subjectaccessreviews'],
          verbs: ['create'],
        },
      ),
      ...when(scope.webhook, {
        why: 'the webhook configurations come empty with the installation; the server fills them',
        group: 'admissionregistration.k8s.io',
        resources: ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'],
        verbs: ['get', 'patch'],
        names: [registration],
      }),
    ],
  };
}

const when = (holds: boolean, ...rights: readonly Right[]): readonly Right[] => (holds ? rights : []);
