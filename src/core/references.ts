import type { Container, EnvVar, PodTemplate, Volume } from './pod-template.ts';
import { stampKey, type SourceType } from './source.ts';

/** That a pod template uses a source: where the lever goes, and which keys it cannot start without. */
export type Reference = {
  /** The container that gets the env var: Reloader's choice (reloader.md 2.6). */
  readonly container: string;
  /** Keys whose absence keeps a container from starting: `key` and `items` that are not optional. */
  readonly needs: readonly string[];
};

type Use = { readonly type: SourceType; readonly name: string; readonly needs: readonly string[] };

/**
 * Every source that a pod template uses, by stamp key, in Reloader's order of search: mounted volumes first,
 * then the environment; each time containers before init containers. What only an init container uses is
 * levered in the first container. A volume that nobody mounts is no use; a second volume of the same source is
 * one (Reloader misses it). `optional` does not matter.
 */
export function findReferences(template: PodTemplate): Map<string, Reference> {
  const containers = template.spec?.containers ?? [];
  const inits = template.spec?.initContainers ?? [];
  const first = containers[0]?.name;
  const found = new Map<string, { readonly container: string; readonly needs: Set<string> }>();
  if (first === undefined) return new Map();

  const note = (use: Use, container: string): void => {
    const known = found.get(stampKey(use));
    if (known === undefined) found.set(stampKey(use), { container, needs: new Set(use.needs) });
    else for (const key of use.needs) known.needs.add(key);
  };
  const mounted = mounters(containers, inits, first);
  for (const volume of template.spec?.volumes ?? []) {
    const container = mounted.get(volume.name);
    if (container !== undefined) for (const use of volumeUses(volume)) note(use, container);
  }
  for (const container of containers)
    for (const use of envUses(container)) note(use, container.name ?? first);
  for (const container of inits) for (const use of envUses(container)) note(use, first);
  return new Map(
    [...found].map(([key, { container, needs }]) => [key, { container, needs: [...needs].sort() }]),
  );
}

/** The first container that mounts each volume: looked for once, since a template may have thousands of both. */
function mounters(
  containers: readonly Container[],
  inits: readonly Container[],
  first: string,
): ReadonlyMap<string | undefined, string | undefined> {
  const found = new Map<string | undefined, string | undefined>();
  const note = ({ volumeMounts }: Container, container: string | undefined): void => {
    for (const { name } of volumeMounts ?? []) if (!found.has(name)) found.set(name, container);
  };
  for (const container of containers) note(container, container.name);
  for (const container of inits) note(container, first);
  return found;
}

function* volumeUses(volume: Volume): Generator<Use> {
  if (volume.configMap?.name)
    yield { type: 'cm', name: volume.configMap.name, needs: itemKeys(volume.configMap) };
  if (volume.secret?.secretName)
    yield { type: 'secret', name: volume.secret.secretName, needs: itemKeys(volume.secret) };
  const className = volume.csi?.volumeAttributes?.secretProviderClass;
  if (className) yield { type: 'spc', name: className, needs: [] };
  for (const part of volume.projected?.sources ?? []) {
    if (part.configMap?.name)
      yield { type: 'cm', name: part.configMap.name, needs: itemKeys(part.configMap) };
    if (part.secret?.name) yield { type: 'secret', name: part.secret.name, needs: itemKeys(part.secret) };
  }
}

function itemKeys(part: { items?: readonly { key?: string }[]; optional?: boolean }): string[] {
  if (part.optional === true) return [];
  return (part.items ?? []).flatMap((item) => (item.key === undefined ? [] : [item.key]));
}

function* envUses(container: Container): Generator<Use> {
  for (const variable of container.env ?? []) yield* variableUses(variable);
  for (const all of container.envFrom ?? []) {
    if (all.configMapRef?.name) yield { type: 'cm', name: all.configMapRef.name, needs: [] };
    if (all.secretRef?.name) yield { type: 'secret', name: all.secretRef.name, needs: [] };
  }
}

function* variableUses(variable: EnvVar): Generator<Use> {
  const uses = [
    ['cm', variable.valueFrom?.configMapKeyRef],
    ['secret', variable.valueFrom?.secretKeyRef],
  ] as const;
  for (const [type, ref] of uses) {
    if (!ref?.name) continue;
    yield { type, name: ref.name, needs: ref.key !== undefined && ref.optional !== true ? [ref.key] : [] };
  }
}
