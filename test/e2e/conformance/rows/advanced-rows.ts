import { AUTO } from '../../support/objects.ts';
import { cmList, secretList, type Row, type Use } from './row.ts';

const CM: readonly Use[] = [{ role: 'cm' }];
const SECRET: readonly Use[] = [{ role: 'secret' }];

/** Reloader's `advanced/job_reload_test.go`, without SecretProviderClasses: the template of a Job never changes, so one with a lever was made anew. */
export const JOBS: readonly Row[] = (
  [
    { title: 'a Job is made anew for a ConfigMap', uses: CM, on: cmList(), rolls: ['cm'] },
    { title: 'a Job is made anew for a Secret', uses: SECRET, on: secretList(), rolls: ['secret'] },
    { title: 'a Job is made anew by auto', uses: CM, on: AUTO, rolls: ['cm'] },
    {
      title: 'a Job is made anew for a configMapKeyRef',
      uses: [{ role: 'cm', by: 'keyRef' }],
      on: cmList(),
      rolls: ['cm'],
    },
    {
      title: 'a Job is made anew for a secretKeyRef',
      uses: [{ role: 'secret', by: 'keyRef' }],
      on: secretList(),
      rolls: ['secret'],
    },
  ] satisfies readonly Row[]
).map((row): Row => ({ ...row, kinds: ['Job'] }));

/** Reloader's `advanced/multi_container_test.go`, without SecretProviderClasses. */
export const CONTAINERS: readonly Row[] = [
  {
    title: 'two containers with one ConfigMap',
    kinds: ['Deployment'],
    uses: [...CM, { role: 'cm', in: 'side' }],
    on: AUTO,
    rolls: ['cm'],
  },
  {
    title: 'two containers with a ConfigMap each',
    kinds: ['Deployment'],
    uses: [...CM, { role: 'cm2', in: 'side' }],
    on: AUTO,
    rolls: ['cm', 'cm2'],
  },
];

/** Reloader's `advanced/regex_test.go`: the dot stands for the last letter of the name. */
export const PATTERNS: readonly Row[] = [
  {
    title: 'a ConfigMap that a pattern matches',
    kinds: ['Deployment'],
    uses: CM,
    on: cmList('{c}.'),
    rolls: ['cm'],
  },
  {
    title: 'a ConfigMap that no pattern matches',
    kinds: ['Deployment'],
    uses: CM,
    on: cmList('{c}.'),
    still: ['cm2'],
    rolls: ['cm'],
  },
  {
    title: 'a Secret that a pattern matches',
    kinds: ['Deployment'],
    uses: SECRET,
    on: secretList('{secre}.'),
    rolls: ['secret'],
  },
];

/** Reloader's `argo/rollout_test.go`. */
export const ROLLOUTS: readonly Row[] = [
  { title: 'a Rollout rolls by its template', kinds: ['Rollout'], uses: CM, on: AUTO, rolls: ['cm'] },
  {
    title: 'rollout-strategy: restart sets a time and no lever',
    kinds: ['Rollout'],
    uses: CM,
    on: { ...AUTO, 'reloader.stakater.com/rollout-strategy': 'restart' },
    rolls: ['cm'],
    restarts: true,
  },
];
