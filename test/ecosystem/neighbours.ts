/** A program that people run beside Restamp, built from its Go module. */
export type Neighbour = {
  readonly name: string;
  readonly module: string;
  /** The module's version, with its `v`. */
  readonly version: string;
  /** Packages of its programs inside the module, by the name of the program. */
  readonly programs: Readonly<Record<string, string>>;
  /** The folder of the module with its CustomResourceDefinitions, if it has any. */
  readonly definitions?: string;
};

/** Progressive delivery: a controller for Rollouts. */
export const ARGO_ROLLOUTS: Neighbour = {
  name: 'argo-rollouts',
  module: 'github.com/argoproj/argo-rollouts',
  version: 'v1.9.0',
  programs: { 'rollouts-controller': './cmd/rollouts-controller' },
  definitions: 'manifests/crds',
};

/** Secrets in Git: a controller that opens what kubeseal has sealed. */
export const SEALED_SECRETS: Neighbour = {
  name: 'sealed-secrets',
  module: 'github.com/bitnami-labs/sealed-secrets',
  version: 'v0.27.0',
  programs: { controller: './cmd/controller', kubeseal: './cmd/kubeseal' },
  definitions: 'helm/sealed-secrets/crds',
};

/**
 * Secrets from a cloud's store. From v1.0.0 on its module is in parts that have no releases of their own, so that no module
 * proxy has them: this is the last version that can be built from its module.
 */
export const EXTERNAL_SECRETS: Neighbour = {
  name: 'external-secrets',
  module: 'github.com/external-secrets/external-secrets',
  version: 'v0.20.4',
  programs: { 'external-secrets': '.' },
  definitions: 'config/crds/bases',
};

/** The store itself: an AWS that answers on loopback, from the Python package moto. */
export const PARAMETER_STORE = { name: 'moto', version: '5.2.5' } as const;

/** Terraform's language and engine, under its free licence. */
export const OPENTOFU: Neighbour = {
  name: 'opentofu',
  module: 'github.com/opentofu/opentofu',
  version: 'v1.12.6',
  programs: { tofu: './cmd/tofu' },
};

/** The provider of `helm_release`, in its third major version: its module has no tags that Go would take for releases. */
export const HELM_PROVIDER: Neighbour = {
  name: 'terraform-provider-helm',
  module: 'github.com/hashicorp/terraform-provider-helm',
  version: 'v1.3.3-0.20260629194918-a4f1c1d8b008',
  programs: { 'terraform-provider-helm': '.' },
};

/** GitOps: one program, which is its repository server or its application controller by the name it is called. */
export const ARGO_CD: Neighbour = {
  name: 'argo-cd',
  module: 'github.com/argoproj/argo-cd/v3',
  version: 'v3.1.16',
  programs: { argocd: './cmd' },
  definitions: 'manifests/crds',
};
