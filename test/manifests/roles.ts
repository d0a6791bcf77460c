// What roles give, flattened, so that the table of rights and any YAML can be compared.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { Right, Scope } from '../../manifests/rights.ts';

/** An installation of the plain YAML: everything but what needs a flag. */
export const EVERYTHING: Scope = {
  global: true,
  webhook: true,
  configMaps: true,
  secrets: true,
  jobs: true,
  cronJobs: true,
  argoRollouts: false,
  csi: false,
  instance: 'restamp',
  registration: 'restamp.restamp',
};

export const manifests = fileURLToPath(new URL('../../manifests/', import.meta.url));

/** Any object of a manifest, as far as tests look at it. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly Rule[];
} & Readonly<Record<string, unknown>>;

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

/** The objects of a YAML text; empty documents are none. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const object = document.toJS() as Manifest | null;
    if (document.errors[0] !== undefined) throw document.errors[0];
    return object === null ? [] : [object];
  });
}

/** The objects of a file under manifests/. */
export async function readManifests(path: string): Promise<Manifest[]> {
  return parseManifests(await readFile(`${manifests}${path}`, 'utf8'));
}

const line = (group: string, resource: string, verb: string, name = '*'): string =>
  `${verb} ${resource}.${group} ${name}`;

/** One line for each verb on each resource, sorted; none twice. */
export function linesOfRights(rights: readonly Right[]): string[] {
  return distinct(
    rights.flatMap(({ group, resources, verbs, names = ['*'] }) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => names.map((name) => line(group, resource, verb, name))),
      ),
    ),
  );
}

/** The same of roles as they stand in a manifest. */
export function linesOfRoles(roles: readonly Manifest[]): string[] {
  return distinct(
    roles.flatMap(({ rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, verbs, resourceNames = ['*'] }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            verbs.flatMap((verb) => resourceNames.map((name) => line(group, resource, verb, name))),
          ),
        ),
      ),
    ),
  );
}

const distinct = (lines: readonly string[]): string[] => [...new Set(lines)].sort();
