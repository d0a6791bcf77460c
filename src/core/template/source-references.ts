import { MAX_NAMES } from '../api/name-list.ts';
import type { Container, Items, KeyRef, PodTemplate, Volume } from '../api/pod-template.ts';
import { stampKey, type SourceType } from '../api/source.ts';

/** That a pod template uses a source: where the lever goes, and which keys it cannot start without. */
export type Reference = {
  /** The container that gets the env var: Reloader's choice (reloader.md 2.6). */
  readonly container: string;
  /** Keys whose absence keeps a container from starting: `key` and `items` that are not optional. */
  readonly needs: readonly string[];
};

export type References = {
  /** By stamp key, as many as one workload may name: a list may have no more either. */
  readonly references: ReadonlyMap<string, Reference>;
  /** How many more sources the template uses: they do not count. */
  readonly beyond: number;
};

type Noted = { readonly container: string; readonly needs: Set<string> };

/** The sources that were found so far: a template has room for thirty thousand. */
class Uses {
  readonly noted = new Map<string, Noted>();
  beyond = 0;
  /** By name, so that a source that is used once more costs no new text. */
  readonly #names: Readonly<Record<SourceType, Map<string, Noted | undefined>>> = {
    cm: new Map(),
    secret: new Map(),
    spc: new Map(),
  };

  /** A container uses a source: what is noted of it; undefined where the name says nothing, or is one too many. */
  of(type: SourceType, name: string | undefined, container: string): Noted | undefined {
    if (name === undefined || name === '') return undefined;
    const names = this.#names[type];
    if (names.has(name)) return names.get(name);
    const noted = this.noted.size < MAX_NAMES ? { container, needs: new Set<string>() } : undefined;
    names.set(name, noted);
    if (noted === undefined) this.beyond += 1;
    else this.noted.set(stampKey({ type, name }), noted);
    return noted;
  }
}

/**
 * The sources that a pod template uses, in Reloader's order of search: mounted volumes first,
 * then the environment; each time containers before init containers. What only an init container uses is
 * levered in the first container. A volume that nobody mounts is no use; a second volume of the same source is
 * one (Reloader misses it). `optional` does not matter.
 */
export function findReferences(template: PodTemplate): References {
  const containers = template.spec?.containers ?? [];
  const inits = template.spec?.initContainers ?? [];
  const first = containers[0]?.name;
  const uses = new Uses();
  if (first !== undefined) {
    const mounted = mounters(containers, inits, first);
    for (const volume of template.spec?.volumes ?? []) {
      const container = mounted.get(volume.name);
      if (container !== undefined) noteVolume(uses, volume, container);
    }
    for (const container of containers) noteEnv(uses, container, container.name ?? first);
    for (const container of inits) noteEnv(uses, container, first);
  }
  const found = [...uses.noted].map(([key, { container, needs }]): [string, Reference] => [
    key,
    { container, needs: [...needs] },
  ]);
  return { references: new Map(found), beyond: uses.beyond };
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

function noteVolume(uses: Uses, { configMap, secret, csi, projected }: Volume, container: string): void {
  noteItems(uses.of('cm', configMap?.name, container), configMap);
  noteItems(uses.of('secret', secret?.secretName, container), secret);
  uses.of('spc', csi?.volumeAttributes?.secretProviderClass, container);
  for (const part of projected?.sources ?? []) {
    noteItems(uses.of('cm', part.configMap?.name, container), part.configMap);
    noteItems(uses.of('secret', part.secret?.name, container), part.secret);
  }
}

function noteItems(noted: Noted | undefined, part: Items | undefined): void {
  if (noted === undefined || part?.optional === true) return;
  for (const { key } of part?.items ?? []) if (key !== undefined) noted.needs.add(key);
}

function noteEnv(uses: Uses, { env, envFrom }: Container, container: string): void {
  for (const { valueFrom } of env ?? []) {
    if (valueFrom === undefined) continue;
    noteKey(uses, 'cm', valueFrom.configMapKeyRef, container);
    noteKey(uses, 'secret', valueFrom.secretKeyRef, container);
  }
  for (const { configMapRef, secretRef } of envFrom ?? []) {
    uses.of('cm', configMapRef?.name, container);
    uses.of('secret', secretRef?.name, container);
  }
}

function noteKey(uses: Uses, type: SourceType, ref: KeyRef | undefined, container: string): void {
  const noted = uses.of(type, ref?.name, container);
  if (ref?.key !== undefined && ref.optional !== true) noted?.needs.add(ref.key);
}
