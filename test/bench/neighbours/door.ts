import type { OutgoingHttpHeaders } from 'node:http';
import { request, type Agent } from 'node:https';
import type { ApiClient, KubeObject } from '../../controlplane/http.ts';

/** Where the API server sends its reviews of sources. */
export type DoorAddress = { readonly url: string; readonly ca: string };

type Configurations = {
  readonly items: readonly (KubeObject & {
    readonly webhooks: readonly {
      readonly clientConfig: { readonly url: string; readonly caBundle: string };
    }[];
  })[];
};

/** Reads the address as who may read webhook configurations does. */
export async function doorAddress({ api }: ApiClient): Promise<DoorAddress> {
  const { items } = await api<Configurations>(
    'GET',
    '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  );
  const config = items.flatMap(({ webhooks }) => webhooks)[0]?.clientConfig;
  if (config === undefined) throw new Error('no webhook is registered');
  return { url: config.url, ca: Buffer.from(config.caBundle, 'base64').toString() };
}

/** Sends one body; the status of the answer, or the code of the error if none came. */
export function post(
  { url, ca }: DoorAddress,
  body: Buffer | string | Iterable<Buffer>,
  { agent, headers }: { readonly agent: Agent; readonly headers?: OutgoingHttpHeaders },
): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(
      url,
      { method: 'POST', ca, agent, headers: { 'content-type': 'application/json', ...headers } },
      (answer) => {
        answer.resume().once('close', () => resolve(answer.statusCode ?? 0));
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    if (typeof body === 'string' || Buffer.isBuffer(body)) sent.end(body);
    else {
      for (const chunk of body) sent.write(chunk);
      sent.end();
    }
  });
}

/** A review of an UPDATE of the Secret `app`, as the API server sends it, with so many bytes of data before and after. */
export function reviewOf(namespace: string, bytes: number, username = 'ann'): string {
  const metadata = { name: 'app', namespace, uid: 'uid-app', resourceVersion: '7' };
  const object = (letter: string) => ({ metadata, data: { a: letter.repeat(bytes) } });
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'r-1',
      kind: { group: '', version: 'v1', kind: 'Secret' },
      resource: { group: '', version: 'v1', resource: 'secrets' },
      name: 'app',
      namespace,
      operation: 'UPDATE',
      userInfo: { username },
      object: object('A'),
      oldObject: object('B'),
      dryRun: false,
    },
  });
}
