import t from 'tap';
import { planLever, type Strategy } from '../../../../src/core/template/lever.ts';
import {
  hasRun,
  jobName,
  jobOfCronJob,
  remadeJob,
  type CronJobObject,
  type JobObject,
} from '../../../../src/core/objects/job.ts';

const LEVER = { name: 'STAKATER_APP_CONFIGMAP', value: 'new' };
const patch = { spec: { containers: [{ name: 'main', env: [LEVER] }] } };
const podTemplate = (more: object = {}) => ({
  ...more,
  spec: { restartPolicy: 'Never', containers: [{ name: 'main' }, { name: 'side', env: [{ name: 'A' }] }] },
});
const cronJob = (jobTemplate: object = {}): CronJobObject =>
  ({
    metadata: { name: 'report', namespace: 'prod', uid: 'u-1' },
    spec: { jobTemplate: { spec: { backoffLimit: 2, template: podTemplate() }, ...jobTemplate } },
  }) as unknown as CronJobObject;

t.test('jobName is the same for the same versions, and fits where a CronJob’s name fits', async (t) => {
  const report = { name: 'report', uid: 'u-1' };
  t.match(jobName(report, ['a']), /^report-[0-9a-f]{10}$/);
  t.equal(jobName(report, ['a', 'b']), jobName(report, ['a', 'b']));
  t.not(jobName(report, ['a']), jobName(report, ['b']));
  t.not(jobName(report, ['a']), jobName({ ...report, uid: 'u-2' }, ['a']), 'a CronJob that was made anew');
  t.ok(jobName({ ...report, name: 'x'.repeat(63) }, ['a']).length <= 63);
});

t.test('the Job of a CronJob is what kubectl would make of it, with the lever', async (t) => {
  const marks = { labels: { tier: 'one' }, annotations: { note: 'x' } };
  const made = jobOfCronJob(cronJob({ metadata: marks }), 'report-1', patch);
  t.same(made.metadata, {
    name: 'report-1',
    namespace: 'prod',
    labels: { tier: 'one' },
    annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', note: 'x' },
    ownerReferences: [
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        name: 'report',
        uid: 'u-1',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  });
  t.match(made.spec, {
    backoffLimit: 2,
    template: {
      spec: { restartPolicy: 'Never', containers: [{ name: 'main', env: [LEVER] }, { name: 'side' }] },
    },
  });
  const own = { metadata: { annotations: { 'cronjob.kubernetes.io/instantiate': 'mine' } } };
  t.match(jobOfCronJob(cronJob(own), 'x', patch).metadata, own.metadata, 'the template’s own word counts');
});

t.test('a Job made anew has nothing that the API server or its controller wrote', async (t) => {
  const controller = {
    'controller-uid': 'u-1',
    'job-name': 'migrate',
    'batch.kubernetes.io/controller-uid': 'u-1',
    'batch.kubernetes.io/job-name': 'migrate',
  };
  const job = {
    metadata: {
      name: 'migrate',
      namespace: 'prod',
      uid: 'u-1',
      resourceVersion: '7',
      creationTimestamp: 'x',
      managedFields: [{}],
      generation: 3,
      labels: { ...controller, app: 'a' },
      annotations: { kept: 'yes', old: 'gone' },
      finalizers: ['foregroundDeletion', 'example.com/own'],
      ownerReferences: [{ kind: 'Plan', name: 'p' }],
    },
    spec: {
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } },
      backoffLimit: 2,
      template: podTemplate({ metadata: { labels: { ...controller, app: 'a' } } }),
    },
    status: { succeeded: 1 },
  } as unknown as JobObject;
  const made = remadeJob(job, { old: null, 'restamp.dev/stamps': '{}' }, patch);
  t.same(made.metadata, {
    name: 'migrate',
    namespace: 'prod',
    labels: { app: 'a' },
    annotations: { kept: 'yes', 'restamp.dev/stamps': '{}' },
    ownerReferences: [{ kind: 'Plan', name: 'p' }],
    finalizers: ['example.com/own'],
  });
  const spec = made.spec as JobObject['spec'];
  t.same(Object.keys(spec).sort(), ['backoffLimit', 'template']);
  t.same(spec.template.metadata, { labels: { app: 'a' } });
  t.notOk('status' in made);
});

t.test('a selector that a person wrote stays, with the labels that it selects', async (t) => {
  const spec = {
    manualSelector: true,
    selector: { matchLabels: { 'job-name': 'mine' } },
    template: podTemplate({ metadata: { labels: { 'job-name': 'mine' } } }),
  };
  const job = { metadata: { name: 'a', namespace: 'b', uid: 'c' }, spec } as unknown as JobObject;
  const made = remadeJob(job, {}, patch).spec as JobObject['spec'];
  t.same(made.selector, spec.selector);
  t.same(made.template.metadata?.labels, { 'job-name': 'mine' });
});

t.test('hasRun: a Job that shows all levers of a roll, or more, and none of what is gone', async (t) => {
  const change = { type: 'cm', namespace: 'shop', container: 'main', at: 0 } as const;
  const made = (env: object[], annotations = {}, owner = 'u'): JobObject => ({
    metadata: { name: 'j', namespace: 'shop', uid: 'j', ownerReferences: [{ uid: owner }] },
    spec: { template: { metadata: { annotations }, spec: { containers: [{ name: 'main', env }] } } },
  });
  const variable = (name: string, value: string) => ({ name: `STAKATER_${name}_CONFIGMAP`, value });
  const roll = (values: Readonly<Record<string, string | undefined>>, strategy: Strategy = 'env-vars') => {
    const changes = Object.entries(values).map(([name, value]) => ({ ...change, name, value }));
    return { changes, template: planLever([], changes, '2.x', strategy) };
  };
  const ran = (job: JobObject, of: ReturnType<typeof roll>): boolean => hasRun(job, { uid: 'u' }, of);

  t.ok(ran(made([variable('A', '1')]), roll({ a: '1' })));
  t.ok(ran(made([variable('A', '1'), variable('B', '1')]), roll({ a: '1' })), 'it has run more');
  t.notOk(ran(made([variable('A', '1')]), roll({ a: '2' })), 'something older');
  t.notOk(ran(made([variable('A', '1')]), roll({ a: '1', b: '1' })), 'less');
  t.notOk(ran(made([variable('A', '1')], {}, 'other'), roll({ a: '1' })), 'of another CronJob');
  t.notOk(ran(made([]), roll({ a: '1' })), 'a stranger');

  t.ok(ran(made([variable('A', '1')]), roll({ a: '1', b: undefined })));
  t.notOk(
    ran(made([variable('A', '1'), variable('B', '1')]), roll({ a: '1', b: undefined })),
    'it is gone since',
  );
  t.ok(ran(made([], { 'restamp.dev/stamp': '2.x' }), roll({ b: undefined })), 'nothing but a stamp shows');
  t.notOk(ran(made([], { 'restamp.dev/stamp': '1.x' }), roll({ b: undefined })));

  const of = roll({ a: '1' }, 'annotations');
  t.ok(ran(made([], of.template.metadata?.annotations), of));
  t.notOk(ran(made([], roll({ a: '2' }, 'annotations').template.metadata?.annotations), of));
  // Where the time of a change is not known, it is that of the try.
  const gone = (at: number) =>
    planLever([], [{ ...change, name: 'a', value: undefined, at }], '2.x', 'annotations');
  const again = { changes: [{ ...change, name: 'a', value: undefined }], template: gone(9_000) };
  t.ok(ran(made([], gone(1_000).metadata?.annotations), again));
});
