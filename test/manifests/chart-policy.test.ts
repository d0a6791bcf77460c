import t from 'tap';
import { only, render } from './chart.ts';

type Rule = {
  readonly ports: readonly { readonly port: number | string; readonly protocol?: string }[];
  readonly to?: readonly object[];
};

/** What the policy lets out to: rules by their ports. */
async function egress(values: { reloader?: object; restamp?: object; webhook?: object } = {}) {
  const { reloader = {}, ...more } = values;
  const objects = await render({ ...more, reloader: { netpol: { enabled: true }, ...reloader } });
  const { egress: rules } = only(objects, 'NetworkPolicy')['spec'] as { egress: Rule[] };
  return rules.map(({ ports, to }) => ({ ports: ports.map(({ port }) => port), to }));
}

const PODS = {
  podSelector: {
    matchLabels: { 'app.kubernetes.io/name': 'restamp', 'app.kubernetes.io/instance': 'restamp' },
  },
};

t.test('it lets out to the API server, to the other replicas and to DNS, and no further', async (t) => {
  const dns = { ports: [53, 53], to: undefined };
  const server = { ports: [443, 6443], to: undefined };
  t.same(await egress(), [server, { ports: [9443], to: [PODS] }, dns]);
  t.same(await egress({ webhook: { enabled: false } }), [server, dns], 'where nobody has anything to tell');
});

t.test('it lets out to the ports of the addresses that stand in the values', async (t) => {
  const [first] = await egress({
    reloader: {
      netpol: { enabled: true, to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
      webhookUrl: 'https://hook.example:8443/a?b=c:1',
      deployment: {
        env: {
          open: { HTTPS_PROXY: 'http://ann:not:told@proxy.example:3128', OTHER: 'text' },
          secret: { ALERT_WEBHOOK_URL: 'http://chat.example/hook:9999' },
        },
      },
    },
    restamp: {
      extraFlags: ['--alert-webhook-proxy=http://[::1]:3129', '--log-level=debug'],
      egressPorts: [8444],
    },
  });
  t.same(new Set(first?.ports), new Set([443, 6443, 8443, 3128, 80, 3129, 8444]));
  t.equal(first?.ports.length, 7, 'each once');
  t.same(first?.to, [{ ipBlock: { cidr: '10.0.0.0/8' } }]);
});

t.test('the other replicas and the API server are let in where the policy lets out', async (t) => {
  const objects = await render({ reloader: { netpol: { enabled: true } } });
  const { ingress } = only(objects, 'NetworkPolicy')['spec'] as { ingress: Rule[] };
  t.same(ingress[0], { ports: [{ port: 'admission' }] });
});
