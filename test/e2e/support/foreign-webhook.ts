import { createServer } from 'node:https';
import { once } from 'node:events';
import { issueCa, issueLeaf } from '../../../certs/issue.ts';
import { systemClock } from '../../../src/clock.ts';
import type { HasTeardown } from '../../controlplane/shared.ts';
import { source } from './objects.ts';
import type { Stage } from './environment.ts';

/** A validating webhook of somebody else. */
export type Sibling = {
  /** Denies updates of sources with this name; undefined denies nothing. */
  deny: string | undefined;
  /** How many writes it has denied. */
  denied: number;
};

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

type Review = { readonly request: { readonly uid: string; readonly name?: string } };

/** Registers a webhook for updates of sources in the namespace of a stage, in force when this resolves; it ends with `t`. */
export async function startSibling(t: HasTeardown, stage: Stage): Promise<Sibling> {
  const { cp, ns } = stage;
  const sibling: Sibling = { deny: undefined, denied: 0 };
  let seen = 0;
  const now = systemClock.now();
  const ca = await issueCa(now);
  const leaf = await issueLeaf(ca, ['127.0.0.1'], now);
  const server = createServer({ key: leaf.keyPem, cert: leaf.certPem }, (request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const { uid, name: reviewed } = (JSON.parse(text) as Review).request;
      const allowed = reviewed !== sibling.deny;
      if (!allowed) sibling.denied += 1;
      seen += 1;
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid, allowed, status: { message: 'the sibling says no' } },
        }),
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const id = `sibling-${ns}`;
  await cp.api('POST', CONFIGURATIONS, {
    metadata: { name: id },
    webhooks: [
      {
        name: 'sibling.restamp.test',
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(ca.certPem).toString('base64'),
        },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['UPDATE'],
            resources: ['configmaps', 'secrets'],
          },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } },
        // A write that comes after its end is not its business.
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
  t.teardown(async () => {
    await cp.api('DELETE', `${CONFIGURATIONS}/${id}`);
    server.closeAllConnections();
    server.close();
  });
  // The API server does not say when it has taken a configuration in: it is asked until it calls.
  await stage.create(source('ConfigMap/sibling-probe', {}));
  for (let probe = 0; seen === 0; probe += 1)
    await stage.change('ConfigMap/sibling-probe', { probe: String(probe) });
  return sibling;
}
