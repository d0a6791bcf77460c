/** One Go module of its own: programs that are built from the same go.mod have the same versions of everything. */
export type Group = {
  readonly name: 'kubernetes' | 'etcd' | 'kwok' | 'helm';
  readonly module: string;
  /** The module's version, with its `v`. */
  readonly version: string;
  readonly ldflags: string;
  /** Modules replaced by a release of their own, because the required module names them as v0.0.0. */
  readonly replaces: readonly string[];
  readonly replaceVersion?: string;
  /** Built only when asked for by name. */
  readonly optional: boolean;
};

/** A program of the control plane. */
export type Program = {
  readonly name: ProgramName;
  readonly group: Group;
  /** What `go build` is given. */
  readonly package: string;
  /** Arguments that make it print its version. */
  readonly versionArgs: readonly string[];
};

/** The programs' names, which are also their file names. */
export type ProgramName =
  'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubectl' | 'kwok' | 'helm';

const component = 'k8s.io/component-base/version';

const kubernetes: Group = {
  name: 'kubernetes',
  module: 'k8s.io/kubernetes',
  version: 'v1.36.3',
  ldflags: `-s -w -X ${component}.gitVersion=v1.36.3 -X ${component}.gitMajor=1 -X ${component}.gitMinor=36`,
  // Each `k8s.io/X v0.0.0` of the module's go.mod: its own replaces point into its source tree and do not travel.
  replaces: [
    ...['api', 'apiextensions-apiserver', 'apimachinery', 'apiserver', 'cli-runtime', 'client-go'],
    ...['cloud-provider', 'cluster-bootstrap', 'code-generator', 'component-base', 'component-helpers'],
    ...['controller-manager', 'cri-api', 'cri-client', 'cri-streaming', 'csi-translation-lib'],
    ...['dynamic-resource-allocation', 'endpointslice', 'externaljwt', 'kms', 'kube-aggregator'],
    ...['kube-controller-manager', 'kube-proxy', 'kube-scheduler', 'kubectl', 'kubelet', 'metrics'],
    ...['mount-utils', 'pod-security-admission', 'sample-apiserver', 'streaming'],
  ].map((name) => `k8s.io/${name}`),
  replaceVersion: 'v0.36.3',
  optional: false,
};

const group = (
  name: Group['name'],
  module: string,
  version: string,
  more: Partial<Pick<Group, 'optional' | 'ldflags'>> = {},
): Group => ({ name, module, version, ldflags: '-s -w', replaces: [], optional: false, ...more });

const etcd = group('etcd', 'go.etcd.io/etcd/server/v3', 'v3.6.8');
const kwok = group('kwok', 'sigs.k8s.io/kwok', 'v0.8.0');
const helm = group('helm', 'helm.sh/helm/v4', 'v4.3.1', {
  optional: true,
  ldflags: '-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1',
});

const kubernetesProgram = (name: ProgramName): Program => ({
  name,
  group: kubernetes,
  package: `k8s.io/kubernetes/cmd/${name}`,
  versionArgs: name === 'kubectl' ? ['version', '--client'] : ['--version'],
});

/** Every program, in the order of building: what the longest build shares with others comes first. */
export const programs: readonly Program[] = [
  ...(['kube-apiserver', 'kubectl', 'kube-controller-manager', 'kube-scheduler'] as const).map(
    kubernetesProgram,
  ),
  { name: 'etcd', group: etcd, package: 'go.etcd.io/etcd/server/v3', versionArgs: ['--version'] },
  { name: 'kwok', group: kwok, package: 'sigs.k8s.io/kwok/cmd/kwok', versionArgs: ['--version'] },
  { name: 'helm', group: helm, package: 'helm.sh/helm/v4/cmd/helm', versionArgs: ['version', '--short'] },
];

/** What kwok does to Nodes and Pods: folders of its module under kustomize/stage. */
export const stages = {
  group: kwok,
  /** The name of the folder beside the programs. */
  folder: 'kwok-stages',
  sets: ['node/fast', 'node/heartbeat', 'pod/fast', 'pod/chaos'],
} as const;

/** The Go release that these modules ask for. */
export const goVersion = '1.26';

/** The version key of the cache: one folder holds one set of versions for one platform. */
export const versionKey = [
  ...new Set(programs.filter((p) => !p.group.optional).map((p) => `${p.group.name}-${p.group.version}`)),
  `${process.platform}-${process.arch}`,
].join('_');

/**
 * The text of a group's go.mod. The checksums are left to Go's checksum database.
 * @example goMod(etcd) // 'module controlplane\n\ngo 1.26.0\n...require go.etcd.io/etcd/server/v3 v3.6.8\n'
 */
export const goMod = ({ module, version, replaces, replaceVersion }: Group): string =>
  [
    'module controlplane\n\ngo 1.26.0\n\ngodebug default=go1.26\n',
    `require ${module} ${version}\n`,
    ...(replaces.length === 0
      ? []
      : ['replace (', ...replaces.map((name) => `\t${name} => ${name} ${replaceVersion!}`), ')\n']),
  ].join('\n');
