import t from 'tap';
import { Proxy } from '../../chaos/faults/proxy.ts';
import { Random } from '../../chaos/random.ts';
import { sharedControlPlane } from '../../controlplane/shared.ts';
import { leverOf, sha1Of, source, stampKey, type SourceName } from '../support/objects.ts';
import { Stage } from '../support/environment.ts';

// Whoever ends Restamp in the middle of a roll is told of no failure, and the roll comes once all the same.
t.setTimeout(300_000);
const APP: SourceName = 'ConfigMap/app';
const cp = await sharedControlPlane(t);
type Events = { readonly items: readonly { readonly reason?: string }[] };

for (const what of ['request', 'answer'] as const)
  for (const kind of ['Deployment', 'DaemonSet'] as const)
    t.test(
      `the ${what} of a roll of a ${kind} is on its way at the end: no failure, and one roll`,
      async (t) => {
        const stage = new Stage(cp, await cp.freshNamespace('shutdown'), { admission: 'off' });
        t.teardown(() => stage.close());
        const { ns } = stage;
        const proxy = await Proxy.open(cp, ns, new Random(1, ns));
        t.teardown(() => proxy.close());
        const first = await stage.start({
          flags: [`--kubeconfig=${proxy.kubeconfig}`, '--shutdown-delay=2s'],
        });
        await stage.create(source(APP, { n: '0' }));
        const api = await stage.observe(kind, 'api', { uses: [APP] });

        const asked = proxy.hangs({ path: /\/api\b/, what });
        await stage.change(APP, { n: '1' });
        await asked;
        const isRolled = leverOf(await stage.get(kind, 'api'), APP) === sha1Of({ n: '1' });
        t.equal(isRolled, what === 'answer');
        const ended = first.stop();
        // While it takes its leave, the line breaks as well.
        if (kind === 'DaemonSet') proxy.sever();
        t.equal(await ended, 0, 'a clean end');
        const told = first.lines.filter(({ level }) => level === 'error').map(({ msg }) => msg);
        t.same(told, []);
        const events = await cp.api<Events>('GET', `/api/v1/namespaces/${ns}/events`);
        t.notOk(events.items.some(({ reason }) => reason === 'ReloadFail'));

        await stage.start();
        await api.rolledFor(APP, { n: '1' });
        t.same(await api.ring(), api.after([stampKey(APP)]));
      },
    );
