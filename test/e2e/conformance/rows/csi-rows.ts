import { AUTO, type Annotations } from '../../support/objects.ts';
import { FIVE, type TableKind } from '../kinds.ts';

/** A source of a row of SecretProviderClasses: two classes, and a ConfigMap beside them. */
export type CsiRole = 'spc' | 'spc2' | 'cm';

/** One of Reloader's end-to-end tests with the CSI driver, or one line of its tables for several kinds. */
export type CsiRow = {
  readonly title: string;
  readonly kinds: readonly TableKind[];
  /** For how many of them Reloader has it a second time, with the strategy `env-vars`. */
  readonly twice?: number;
  readonly uses: readonly CsiRole[];
  /** The container that mounts the classes. */
  readonly in?: 'main' | 'init';
  /** Annotations of the workload; `{spc}` is the name of that class. */
  readonly on?: Annotations;
  readonly onTemplate?: Annotations;
  /** Classes whose statuses get a label: nobody rolls. */
  readonly labelled?: readonly CsiRole[];
  /** What changes without a roll. */
  readonly still?: readonly CsiRole[];
  /** What changes one after another, and each change is one roll. */
  readonly rolls?: readonly CsiRole[];
};

const DEPLOYMENT = ['Deployment'] as const;
const LIST: Annotations = { 'secretproviderclass.reloader.stakater.com/reload': '{spc}' };
const SPC_AUTO: Annotations = { 'secretproviderclass.reloader.stakater.com/auto': 'true' };
const EXCLUDED: Annotations = {
  ...AUTO,
  'secretproviderclasses.exclude.reloader.stakater.com/reload': '{spc}',
};

/** How many of Reloader's end-to-end tests these are. */
export function csiEntriesOf(rows: readonly CsiRow[]): number {
  return rows.reduce((sum, { kinds, twice = 0 }) => sum + kinds.length + twice, 0);
}

/** Those of Reloader's `core/workloads_test.go`. */
export const CSI_WORKLOADS: readonly CsiRow[] = [
  { title: 'a rotation rolls', kinds: FIVE, uses: ['spc'], on: LIST, rolls: ['spc'], twice: 5 },
  {
    title: 'labels of a status do not roll',
    kinds: FIVE,
    uses: ['spc'],
    on: LIST,
    labelled: ['spc'],
    twice: 5,
  },
  {
    title: 'a list of classes on the template rolls',
    kinds: FIVE,
    uses: ['spc'],
    onTemplate: LIST,
    rolls: ['spc'],
  },
  {
    title: 'auto of classes on the template rolls',
    kinds: FIVE,
    uses: ['spc'],
    onTemplate: SPC_AUTO,
    rolls: ['spc'],
  },
  {
    title: 'auto of classes, by the strategy',
    kinds: DEPLOYMENT,
    uses: ['spc'],
    on: SPC_AUTO,
    rolls: ['spc'],
  },
  {
    title: 'an excluded class, by the strategy',
    kinds: DEPLOYMENT,
    uses: ['spc'],
    on: EXCLUDED,
    still: ['spc'],
  },
  {
    title: 'a class of an init container, by the strategy',
    kinds: DEPLOYMENT,
    uses: ['spc'],
    in: 'init',
    on: LIST,
    rolls: ['spc'],
  },
];

/** Those of Reloader's `annotations/auto_reload_test.go`. */
export const CSI_AUTOS: readonly CsiRow[] = [
  { title: 'auto of classes rolls', kinds: DEPLOYMENT, uses: ['spc'], on: SPC_AUTO, rolls: ['spc'] },
  {
    title: 'auto of classes, and no ConfigMap',
    kinds: DEPLOYMENT,
    uses: ['spc', 'cm'],
    on: SPC_AUTO,
    still: ['cm'],
    rolls: ['spc'],
  },
  { title: 'auto of everything rolls', kinds: DEPLOYMENT, uses: ['spc'], on: AUTO, rolls: ['spc'] },
];

/** Those of Reloader's `annotations/exclude_test.go`. */
export const CSI_EXCLUDES: readonly CsiRow[] = [
  { title: 'an excluded class', kinds: DEPLOYMENT, uses: ['spc'], on: EXCLUDED, still: ['spc'] },
  {
    title: 'a class beside it',
    kinds: DEPLOYMENT,
    uses: ['spc', 'spc2'],
    on: EXCLUDED,
    rolls: ['spc2'],
  },
];

/** That of Reloader's `advanced/job_reload_test.go`. */
export const CSI_JOBS: readonly CsiRow[] = [
  { title: 'a Job is made anew for a class', kinds: ['Job'], uses: ['spc'], on: LIST, rolls: ['spc'] },
];

/** Those of Reloader's `advanced/multi_container_test.go`. */
export const CSI_CONTAINERS: readonly CsiRow[] = [
  {
    title: 'a class of an init container that is listed',
    kinds: DEPLOYMENT,
    uses: ['spc'],
    in: 'init',
    on: LIST,
    rolls: ['spc'],
  },
  {
    title: 'a class of an init container, by auto',
    kinds: DEPLOYMENT,
    uses: ['spc'],
    in: 'init',
    on: AUTO,
    rolls: ['spc'],
  },
];

/** Reloader's `csi/csi_test.go`. */
export const CSI_CASES: readonly CsiRow[] = [
  { title: 'a rotated secret rolls', kinds: DEPLOYMENT, uses: ['spc'], on: LIST, rolls: ['spc'] },
  {
    title: 'each of several rotations rolls',
    kinds: DEPLOYMENT,
    uses: ['spc'],
    on: LIST,
    rolls: ['spc', 'spc'],
  },
  {
    title: 'a ConfigMap first, that auto of classes leaves alone',
    kinds: DEPLOYMENT,
    uses: ['spc', 'cm'],
    on: SPC_AUTO,
    still: ['cm'],
    rolls: ['spc'],
  },
  {
    title: 'auto rolls for a ConfigMap, then for a class',
    kinds: DEPLOYMENT,
    uses: ['spc', 'cm'],
    on: AUTO,
    rolls: ['cm', 'spc'],
  },
];
