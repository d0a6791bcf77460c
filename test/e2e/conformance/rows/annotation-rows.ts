import { AUTO, IGNORE, MATCH, SEARCH, type Annotations } from '../../support/objects.ts';
import { cmExclude, cmList, secretExclude, secretList, type Row, type Use } from './row.ts';

const CM: readonly Use[] = [{ role: 'cm' }];
const SECRET: readonly Use[] = [{ role: 'secret' }];
const BOTH: readonly Use[] = [...CM, ...SECRET];
const CMS: readonly Use[] = [...CM, { role: 'cm2' }];
const SECRETS: readonly Use[] = [...SECRET, { role: 'secret2' }];
const CM_AUTO: Annotations = { 'configmap.reloader.stakater.com/auto': 'true' };
const SECRET_AUTO: Annotations = { 'secret.reloader.stakater.com/auto': 'true' };
const PAUSE: Annotations = { 'deployment.reloader.stakater.com/pause-period': '1h' };

const deployments = (rows: readonly Row[]): readonly Row[] =>
  rows.map((row) => ({ kinds: ['Deployment'], ...row }));

/** Reloader's `annotations/auto_reload_test.go`. */
export const AUTOS = deployments([
  { title: 'auto rolls for any ConfigMap', uses: CM, on: AUTO, rolls: ['cm'] },
  { title: 'auto rolls for any Secret', uses: SECRET, on: AUTO, rolls: ['secret'] },
  { title: 'auto rolls for either', uses: BOTH, on: AUTO, rolls: ['cm', 'secret'] },
  { title: 'auto of ConfigMaps, and no Secret', uses: BOTH, on: CM_AUTO, still: ['secret'], rolls: ['cm'] },
  {
    title: 'auto of Secrets, and no ConfigMap',
    uses: BOTH,
    on: SECRET_AUTO,
    still: ['cm'],
    rolls: ['secret'],
  },
  { title: 'auto beside a list', uses: CMS, on: { ...AUTO, ...cmList() }, rolls: ['cm2'] },
]);

/** Reloader's `annotations/combination_test.go`. */
export const COMBINATIONS = deployments([
  {
    title: 'auto and a list: both roll',
    uses: CM,
    on: { ...AUTO, ...cmList('{cm2}') },
    rolls: ['cm', 'cm2'],
  },
  {
    title: 'auto and a list: what is only listed rolls',
    uses: CM,
    on: { ...AUTO, ...cmList('{cm2}') },
    rolls: ['cm2'],
  },
  {
    title: 'auto and a list: a Secret that is only listed rolls',
    uses: SECRET,
    on: { ...AUTO, ...secretList('{secret2}') },
    rolls: ['secret2'],
  },
  {
    title: 'auto but an excluded ConfigMap',
    uses: CMS,
    on: { ...AUTO, ...cmExclude('{cm2}') },
    still: ['cm2'],
  },
  {
    title: 'auto and a ConfigMap that is not the excluded one',
    uses: CMS,
    on: { ...AUTO, ...cmExclude('{cm2}') },
    rolls: ['cm'],
  },
  {
    title: 'auto but an excluded Secret',
    uses: SECRETS,
    on: { ...AUTO, ...secretExclude('{secret2}') },
    still: ['secret2'],
  },
  { title: 'any ConfigMap of a list', uses: [], on: cmList('{cm},{cm2}'), rolls: ['cm2', 'cm'] },
  {
    title: 'any Secret of a list',
    uses: [],
    on: secretList('{secret},{secret2}'),
    rolls: ['secret', 'secret2'],
  },
  { title: 'lists of both types', uses: [], on: { ...cmList(), ...secretList() }, rolls: ['secret', 'cm'] },
]);

/** Reloader's `annotations/exclude_test.go`; the last one is pending there, because Reloader does not do it. */
export const EXCLUDES: readonly Row[] = [
  ...deployments([
    { title: 'an excluded ConfigMap', uses: CMS, on: { ...AUTO, ...cmExclude('{cm}') }, still: ['cm'] },
    { title: 'a ConfigMap beside it', uses: CMS, on: { ...AUTO, ...cmExclude('{cm}') }, rolls: ['cm2'] },
    {
      title: 'an excluded Secret',
      uses: SECRETS,
      on: { ...AUTO, ...secretExclude('{secret}') },
      still: ['secret'],
    },
    {
      title: 'a Secret beside it',
      uses: SECRETS,
      on: { ...AUTO, ...secretExclude('{secret}') },
      rolls: ['secret2'],
    },
  ]),
  {
    title: 'an exclude list on the template',
    uses: CMS,
    onTemplate: { ...AUTO, ...cmExclude('{cm}') },
    still: ['cm'],
    rolls: ['cm2'],
  },
];

/** Reloader's `annotations/search_match_test.go`; the last one is pending there. */
export const SEARCHES: readonly Row[] = [
  ...deployments([
    { title: 'search and match', uses: CM, on: SEARCH, marks: MATCH, rolls: ['cm'] },
    { title: 'search without match', uses: CM, on: SEARCH, still: ['cm'] },
    { title: 'match without search', uses: CM, marks: MATCH, still: ['cm'] },
    {
      title: 'only the workload that searches',
      uses: CM,
      on: SEARCH,
      marks: MATCH,
      rolls: ['cm'],
      neighbour: true,
    },
  ]),
  { title: 'search on the template', uses: CM, onTemplate: SEARCH, marks: MATCH, rolls: ['cm'] },
];

/** Reloader's `annotations/pause_period_test.go`; the last one is pending there. */
export const PAUSES = deployments([
  {
    title: 'a roll begins the pause',
    uses: CM,
    on: { ...cmList(), ...PAUSE },
    rolls: ['cm'],
    pauses: true,
  },
  { title: 'without a period there is no pause', uses: CM, on: cmList(), rolls: ['cm'], pauses: false },
  {
    title: 'a period on the template',
    uses: CM,
    onTemplate: { ...cmList(), ...PAUSE },
    rolls: ['cm'],
    pauses: true,
  },
]);

/** Reloader's `annotations/resource_ignore_test.go`. */
export const IGNORES = deployments([
  { title: 'a ConfigMap that says ignore', uses: CM, on: cmList(), marks: IGNORE, still: ['cm'] },
  { title: 'a Secret that says ignore', uses: SECRET, on: secretList(), marks: IGNORE, still: ['secret'] },
]);
