import { AUTO } from '../../support/objects.ts';
import { cmList, secretList, type Row, type Use } from './row.ts';

const CM: readonly Use[] = [{ role: 'cm' }];
const SECRET: readonly Use[] = [{ role: 'secret' }];
const BOTH: readonly Use[] = [...CM, ...SECRET];
const TWO_LISTED = '{cm}, {cm2}';

/** Reloader's `core/workloads_test.go`, without its rows of SecretProviderClasses. */
export const WORKLOADS: readonly Row[] = [
  { title: 'a change of a ConfigMap rolls', uses: CM, on: cmList(), rolls: ['cm'], twice: 5 },
  { title: 'a change of a Secret rolls', uses: SECRET, on: secretList(), rolls: ['secret'], twice: 5 },
  { title: 'auto rolls for a ConfigMap', uses: CM, on: AUTO, rolls: ['cm'] },
  { title: 'labels of a ConfigMap do not roll', uses: CM, on: cmList(), labelled: ['cm'], twice: 3 },
  { title: 'labels of a Secret do not roll', uses: SECRET, on: secretList(), labelled: ['secret'], twice: 3 },
  {
    title: 'a ConfigMap that is a volume rolls',
    uses: [{ role: 'cm', by: 'volume' }],
    on: cmList(),
    rolls: ['cm'],
  },
  {
    title: 'a Secret that is a volume rolls',
    uses: [{ role: 'secret', by: 'volume' }],
    on: secretList(),
    rolls: ['secret'],
  },
  {
    title: 'a workload that says nothing does not roll',
    kinds: ['Deployment', 'DaemonSet', 'StatefulSet'],
    uses: CM,
    still: ['cm'],
  },
  {
    title: 'any of several ConfigMaps rolls',
    uses: [{ role: 'cm' }, { role: 'cm2' }],
    on: cmList(TWO_LISTED),
    rolls: ['cm2'],
  },
  {
    title: 'any of several Secrets rolls',
    uses: [{ role: 'secret' }, { role: 'secret2' }],
    on: secretList('{secret},{secret2}'),
    rolls: ['secret2'],
  },
  { title: 'each of several updates rolls', uses: CM, on: cmList(), rolls: ['cm', 'cm'] },
  {
    title: 'either of a ConfigMap and a Secret rolls',
    uses: BOTH,
    on: { ...cmList(), ...secretList() },
    rolls: ['cm', 'secret'],
  },
  {
    title: 'auto=false does not roll',
    uses: CM,
    on: { 'reloader.stakater.com/auto': 'false' },
    still: ['cm'],
  },
  { title: 'a list of ConfigMaps on the template rolls', uses: CM, onTemplate: cmList(), rolls: ['cm'] },
  {
    title: 'a list of Secrets on the template rolls',
    uses: SECRET,
    onTemplate: secretList(),
    rolls: ['secret'],
  },
  { title: 'auto on the template rolls', uses: CM, onTemplate: AUTO, rolls: ['cm'] },
  {
    title: 'a list on the workload and on its template rolls once',
    uses: CM,
    on: cmList(),
    onTemplate: cmList(),
    rolls: ['cm'],
  },
  {
    title: 'a list of ConfigMaps on the template does not roll for a Secret',
    uses: SECRET,
    onTemplate: cmList(),
    still: ['secret'],
  },
  {
    title: 'a change of a ConfigMap runs a Job',
    kinds: ['CronJob'],
    uses: CM,
    on: cmList(),
    rolls: ['cm'],
  },
  {
    title: 'a change of a Secret runs a Job',
    kinds: ['CronJob'],
    uses: SECRET,
    on: secretList(),
    rolls: ['secret'],
  },
  { title: 'auto runs a Job', kinds: ['CronJob'], uses: CM, on: AUTO, rolls: ['cm'] },
];
