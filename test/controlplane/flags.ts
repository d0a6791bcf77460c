import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { kubeconfigPath, type Credentials } from './credentials.ts';

/** The programs that run; kubectl and helm are only called. */
export type Server = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok';

/** The ports of one control plane, neighbours of each other. */
export type Ports = Readonly<
  Record<'etcd' | 'etcdPeer' | 'apiserver' | 'controllerManager' | 'scheduler', number>
>;

/** How many ports that is. */
export const portCount = 5;

/** The ports that start at `base`. */
export const portsFrom = (base: number): Ports => ({
  etcd: base,
  etcdPeer: base + 1,
  apiserver: base + 2,
  controllerManager: base + 3,
  scheduler: base + 4,
});

/** What differs between control planes. */
export type FlagOptions = {
  readonly audit: boolean;
  /** Of the API server, for example { WatchList: false }. */
  readonly featureGates: Readonly<Record<string, boolean>>;
  /** Controllers write under their own names (`system:serviceaccount:kube-system:namespace-controller`). */
  readonly serviceAccountCredentials: boolean;
  /** More arguments of the API server. */
  readonly apiserver: readonly string[];
};

/** Where the audit log and its policy are. */
export const auditFiles = (dir: string): { readonly policy: string; readonly log: string } => ({
  policy: join(dir, 'audit-policy.yaml'),
  log: join(dir, 'audit.log'),
});

/** One line per answered request, with who, what and when, and never an object. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`;

/** The name of the etcd of the folder: nothing else tells it from another one that has its port. */
export const etcdName = (dir: string): string =>
  `restamp-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`;

/** The arguments of each program for the folder `dir`. Everything listens on 127.0.0.1 only. */
export const flagsOf = (
  dir: string,
  ports: Ports,
  { saKey, saPub, tokensFile }: Credentials,
  options: FlagOptions,
): Readonly<Record<Server, readonly string[]>> => {
  const kubeconfig = `--kubeconfig=${kubeconfigPath(dir, 'admin')}`;
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  const gates = Object.entries(options.featureGates).map(([gate, on]) => `${gate}=${String(on)}`);
  const audit = auditFiles(dir);
  return {
    etcd: [
      `--data-dir=${join(dir, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--name=${etcdName(dir)}`,
      `--initial-cluster=${etcdName(dir)}=${peer}`,
      // The data is thrown away; syncing it to the disk would only make tests slow.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    'kube-apiserver': [
      `--etcd-servers=${client}`,
      `--secure-port=${ports.apiserver}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${join(dir, 'certs')}`,
      `--service-account-key-file=${saPub}`,
      `--service-account-signing-key-file=${saKey}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--token-auth-file=${tokensFile}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--allow-privileged=true',
      '--disable-admission-plugins=ServiceAccount',
      // Else it looks for an address of this machine that is not loopback, and fails where there is none.
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      ...(gates.length === 0 ? [] : [`--feature-gates=${gates.join(',')}`]),
      ...(options.audit ? [`--audit-policy-file=${audit.policy}`, `--audit-log-path=${audit.log}`] : []),
      ...options.apiserver,
    ],
    'kube-controller-manager': [
      kubeconfig,
      `--service-account-private-key-file=${saKey}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.controllerManager}`,
      `--cert-dir=${join(dir, 'controller-manager')}`,
      '--kube-api-qps=500',
      '--kube-api-burst=1000',
      '--concurrent-deployment-syncs=20',
      ...(options.serviceAccountCredentials ? ['--use-service-account-credentials=true'] : []),
    ],
    'kube-scheduler': [
      kubeconfig,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${ports.scheduler}`,
      `--cert-dir=${join(dir, 'scheduler')}`,
    ],
    kwok: [
      kubeconfig,
      '--manage-all-nodes=true',
      '--cidr=10.244.0.0/16',
      `--config=${join(dir, 'kwok-stages.yaml')}`,
    ],
  };
};
