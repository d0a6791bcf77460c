import type { Annotations, SourceName } from '../../support/objects.ts';
import { FIVE, type TableKind } from '../kinds.ts';

/** A source of a row: each row has ones of its own. */
export type Role = 'cm' | 'cm2' | 'secret' | 'secret2';

/** How a pod template uses a source: in its first container, unless another one is said. */
export type Use = {
  readonly role: Role;
  readonly by?: 'envFrom' | 'keyRef' | 'volume' | 'projected';
  readonly in?: 'main' | 'side' | 'init';
};

/** One of Reloader's end-to-end tests, or one line of its tables for several kinds. */
export type Row = {
  readonly title: string;
  /** For which kinds it is in Reloader's run; all five unless said. */
  readonly kinds?: readonly TableKind[];
  /** For how many of them Reloader has it a second time, with the strategy `env-vars`. */
  readonly twice?: number;
  readonly uses: readonly Use[];
  /** Annotations of the workload; `{cm}` is the name of that source. */
  readonly on?: Annotations;
  readonly onTemplate?: Annotations;
  readonly marks?: Annotations;
  /** Sources whose labels change: nobody rolls. */
  readonly labelled?: readonly Role[];
  /** Sources whose data change, and the workload must not roll. */
  readonly still?: readonly Role[];
  /** Sources whose data change one after another, and each change is one roll. */
  readonly rolls?: readonly Role[];
  /** Beside it a second workload uses the same, says nothing, and must not roll. */
  readonly neighbour?: true;
  /** Rolls without a lever: by a time of its own kind. */
  readonly restarts?: true;
  /** Whether the roll begins a pause. */
  readonly pauses?: boolean;
};

export const kindsOf = ({ kinds = FIVE }: Row): readonly TableKind[] => kinds;

/** How many of Reloader's end-to-end tests a table is: its lines by kind, and those that it has twice. */
export function entriesOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + kindsOf(row).length + (row.twice ?? 0), 0);
}

/** The sources that a row speaks of. */
export function rolesOf(row: Row): readonly Role[] {
  const { uses, labelled = [], still = [], rolls = [] } = row;
  return [...new Set([...uses.map(({ role }) => role), ...labelled, ...still, ...rolls])];
}

export const sourceOf = (prefix: string, role: Role): SourceName =>
  `${role.startsWith('cm') ? 'ConfigMap' : 'Secret'}/${prefix}-${role}`;

/** Annotations with the names of a row's sources in the place of `{cm}` and the like. */
export function named(annotations: Annotations, prefix: string): Annotations {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key, value.replace(/\{(\w+)\}/g, `${prefix}-$1`)]),
  );
}

export const cmList = (list = '{cm}'): Annotations => ({ 'configmap.reloader.stakater.com/reload': list });
export const secretList = (list = '{secret}'): Annotations => ({
  'secret.reloader.stakater.com/reload': list,
});
export const cmExclude = (list: string): Annotations => ({
  'configmaps.exclude.reloader.stakater.com/reload': list,
});
export const secretExclude = (list: string): Annotations => ({
  'secrets.exclude.reloader.stakater.com/reload': list,
});

const KEY = 'n';

/** The pod spec that uses sources in these ways. */
export function podsOf(uses: readonly Use[], prefix: string): object {
  const container = (where: NonNullable<Use['in']>): object => {
    const inside = uses.filter((use) => (use.in ?? 'main') === where);
    const by = (way: NonNullable<Use['by']>): Use[] => inside.filter((use) => (use.by ?? 'envFrom') === way);
    return {
      name: where,
      image: `registry.example/${where}:1`,
      envFrom: by('envFrom').map(({ role }) => ({
        [isSecret(role) ? 'secretRef' : 'configMapRef']: { name: `${prefix}-${role}` },
      })),
      env: by('keyRef').map(({ role }) => ({
        name: role.toUpperCase(),
        valueFrom: {
          [isSecret(role) ? 'secretKeyRef' : 'configMapKeyRef']: { name: `${prefix}-${role}`, key: KEY },
        },
      })),
      volumeMounts: [
        ...by('volume').map(({ role }) => ({ name: role, mountPath: `/etc/${role}` })),
        ...(by('projected').length === 0 ? [] : [{ name: 'projected', mountPath: '/etc/projected' }]),
      ],
    };
  };
  const volumes = uses
    .filter(({ by }) => by === 'volume')
    .map(({ role }) => ({
      name: role,
      ...(isSecret(role)
        ? { secret: { secretName: `${prefix}-${role}` } }
        : { configMap: { name: `${prefix}-${role}` } }),
    }));
  const sources = uses
    .filter(({ by }) => by === 'projected')
    .map(({ role }) => ({ [isSecret(role) ? 'secret' : 'configMap']: { name: `${prefix}-${role}` } }));
  const has = (where: Use['in']): boolean => uses.some((use) => use.in === where);
  return {
    containers: [container('main'), ...(has('side') ? [container('side')] : [])],
    ...(has('init') ? { initContainers: [container('init')] } : {}),
    volumes: [...volumes, ...(sources.length === 0 ? [] : [{ name: 'projected', projected: { sources } }])],
  };
}

function isSecret(role: Role): boolean {
  return role.startsWith('secret');
}
