// `make demo`: a real control plane, Restamp, an example, one edit, and what came of it.
import { once } from 'node:events';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startControlPlane, type ControlPlane } from '../controlplane/controlplane.ts';
import { startRestamp, type Restamp } from '../e2e/support/restamp-process.ts';
import { followRollout, untilComplete, type Rollout } from './rollout.ts';
import { createScreen } from './screen.ts';

const NAMESPACE = 'shop';
const EDIT = '{"data":{"GREETING":"good evening"}}';
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const LEVER = 'STAKATER_SHOP_CONFIGMAP';
const ROLLOUTS: readonly Rollout[] = [
  { title: 'Deployment/api', path: `${APPS}/deployments/api`, lever: LEVER },
  { title: 'DaemonSet/agent', path: `${APPS}/daemonsets/agent`, lever: LEVER },
];

const screen = createScreen();
const example = fileURLToPath(new URL('../../manifests/examples/shop/shop.yaml', import.meta.url));

async function show(controlPlane: ControlPlane, restamp: Restamp): Promise<void> {
  const { kubectl, untilObject } = controlPlane;
  await screen.step(`applied ${relative('.', example)}: its pods run, its sources are known`, async () => {
    await kubectl(['create', 'namespace', NAMESPACE]);
    await kubectl(['-n', NAMESPACE, 'apply', '-f', example]);
    for (const { path } of ROLLOUTS) {
      await untilComplete(controlPlane, path);
      await untilObject(path, ({ metadata }) => metadata.annotations?.['restamp.dev/stamps'] !== undefined);
    }
  });
  const patch = ['-n', NAMESPACE, 'patch', 'configmap', 'shop', '--type=merge', '-p', EDIT];
  const typed = `kubectl -n ${NAMESPACE} patch configmap shop -p '${EDIT}'`;

  screen.title('What would this edit do?');
  screen.command(`${typed} --dry-run=server`);
  const preview = await kubectl([...patch, '--dry-run=server']);
  screen.said(`${preview.stderr}${preview.stdout}`);

  screen.title('Do it');
  screen.command(typed);
  let answered = Number.NaN;
  const early: string[] = [];
  const tell = (text: string): void => {
    if (Number.isNaN(answered)) early.push(text);
    else screen.moment(performance.now() - answered, text);
  };
  const rollouts = ROLLOUTS.map((rollout) => followRollout(controlPlane, rollout, tell));
  const answer = await kubectl(patch);
  answered = performance.now();
  screen.said(`${answer.stderr}${answer.stdout}`);
  for (const text of early) screen.moment(0, text);
  await Promise.all(rollouts);

  screen.title('What Restamp says of it');
  const isWrite = (line: Record<string, unknown>): boolean =>
    line['audit'] === 'admission' && line['dryRun'] === false && line['operation'] === 'UPDATE';
  const write = await restamp.until(isWrite);
  screen.said(`${write.msg} (keys ${JSON.stringify(write['keys'])}, by ${String(write['manager'])})`);
  for (const line of restamp.rolls(NAMESPACE)) screen.said(line.msg);
  const bystander = await controlPlane.api('GET', `${APPS}/deployments/bystander`);
  if (bystander.metadata.generation !== 1)
    throw new Error('Deployment/bystander was rolled, although it has not opted in');
  screen.note(
    'Deployment/bystander uses the ConfigMap too, but has not opted in: it is still at generation 1.',
  );
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const stopped = once(stop.signal, 'abort');
screen.title('Restamp on a real control plane');
const controlPlane = await startControlPlane({ onProgress: (text) => screen.note(text) });
try {
  const restamp = await screen.step('Restamp is up and its webhook is registered', () =>
    startRestamp(controlPlane, { namespaces: [], flags: ['--quiet-period=1s'] }),
  );
  try {
    await show(controlPlane, restamp);
    if (!process.argv.includes('--once')) {
      screen.title('Still up: edit something yourself. Ctrl-C ends it.');
      screen.note(`export KUBECONFIG=${controlPlane.kubeconfig}`);
      screen.note(`metrics: ${restamp.opsUrl}/metrics`);
      await stopped;
    }
  } finally {
    await restamp.stop();
  }
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await controlPlane.stop();
}
