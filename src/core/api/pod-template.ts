// What Restamp reads of a pod template. Everything is optional: custom kinds bring what they like.

type LocalRef = { readonly name?: string; readonly optional?: boolean };
export type KeyRef = LocalRef & { readonly key?: string };
export type EnvVar = {
  readonly name?: string;
  readonly value?: string;
  readonly valueFrom?: { readonly configMapKeyRef?: KeyRef; readonly secretKeyRef?: KeyRef };
};
type EnvFrom = { readonly configMapRef?: LocalRef; readonly secretRef?: LocalRef };
export type Items = { readonly items?: readonly { readonly key?: string }[]; readonly optional?: boolean };
export type Container = {
  readonly name?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly EnvFrom[];
  readonly volumeMounts?: readonly { readonly name?: string }[];
};
export type Volume = {
  readonly name?: string;
  readonly configMap?: Items & { readonly name?: string };
  readonly secret?: Items & { readonly secretName?: string };
  readonly csi?: { readonly volumeAttributes?: { readonly secretProviderClass?: string } };
  readonly projected?: {
    readonly sources?: readonly {
      readonly configMap?: Items & { readonly name?: string };
      readonly secret?: Items & { readonly name?: string };
    }[];
  };
};
export type PodTemplate = {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly containers?: readonly Container[];
    /** Native sidecars are init containers with `restartPolicy: Always`; they need no rule of their own. */
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
};
