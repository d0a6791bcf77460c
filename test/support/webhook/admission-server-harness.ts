import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Test } from 'tap';
import { issueCa, issueLeaf } from '../../../certs/issue.ts';
import { createHmacKeys } from '../../../certs/keys.ts';
import { reviewPaths } from '../../../certs/review-paths.ts';
import { tlsOptionsOf } from '../../../certs/leaf.ts';
import { systemClock } from '../../../src/clock.ts';
import type { ErrorCode, RestampError } from '../../../src/errors.ts';
import { Callers } from '../../../webhook/callers/callers.ts';
import type { Refusal } from '../../../webhook/callers/refusals.ts';
import type { ReviewRequest } from '../../../webhook/request/admission-review.ts';
import { SecretPaths } from '../../../webhook/callers/secret-paths.ts';
import {
  startAdmissionServer,
  type AdmissionOptions,
  type AdmissionServer,
} from '../../../webhook/server.ts';

export const ca = await issueCa(Date.now());
export const tls = tlsOptionsOf(await issueLeaf(ca, ['127.0.0.1'], Date.now()), ca.certPem);
/** The addresses of the door. */
const keys = createHmacKeys();
const doors = new SecretPaths(keys);
export const PATHS = reviewPaths(keys.current);
export const PATH = PATHS.sources;
export const MAX_BYTES = 16 * 1024 * 1024;

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** The port of our own end: another one means another connection. */
  readonly from: number | undefined;
};

/** A request, where it is not a POST of JSON to the one route. */
export type Sending = Omit<RequestOptions, 'headers'> & { readonly headers?: OutgoingHttpHeaders };

export type Door = {
  readonly server: AdmissionServer;
  readonly reviewed: readonly ReviewRequest[];
  readonly outcomes: readonly (ErrorCode | 'allowed')[];
  readonly errors: readonly RestampError[];
  readonly refused: readonly Refusal[];
  /** Sends a request; one connection is kept for all, unless `agent` says otherwise. */
  send(body: string | Buffer | undefined, more?: Sending): Promise<Answer>;
};

/** A front door whose one route answers with a warning. */
export async function openDoor(t: Test, more: Partial<AdmissionOptions> = {}): Promise<Door> {
  const reviewed: ReviewRequest[] = [];
  const outcomes: (ErrorCode | 'allowed')[] = [];
  const errors: RestampError[] = [];
  const refused: Refusal[] = [];
  const server = await startAdmissionServer({
    clock: systemClock,
    tls,
    callers: new Callers({ caPem: ca.certPem }),
    listen: { host: '127.0.0.1', port: 0 },
    maxBytes: MAX_BYTES,
    routes: {
      sources: (request) => {
        reviewed.push(request);
        return { warnings: ['seen'] };
      },
    },
    routeOf: (path) => doors.routeOf(path),
    observe: ({ outcome }) => outcomes.push(outcome),
    onError: (error) => errors.push(error),
    onRefused: (reason) => refused.push(reason),
    ...more,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: ca.certPem });
  t.teardown(async () => {
    agent.destroy();
    await server.close();
  });
  return { server, reviewed, outcomes, errors, refused, send: sender(server, agent) };
}

function sender(server: AdmissionServer, agent: Agent) {
  return (body: string | Buffer | undefined, more: Sending = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { port } = server.address;
      const headers = { 'content-type': 'application/json', ...more.headers };
      const options = { host: '127.0.0.1', port, path: PATH, method: 'POST', agent, ...more, headers };
      const request = httpsRequest(options, (response) => {
        const from = response.socket.localPort;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { statusCode: status = 0, headers: answered } = response;
          resolve({ status, headers: answered, body: text === '' ? undefined : JSON.parse(text), from });
        });
        response.on('error', reject);
      });
      // A body that is refused before it was read whole breaks the connection under the rest of it.
      let answered = false;
      request.on('response', () => {
        answered = true;
      });
      request.on('error', (error) => {
        if (!answered) reject(error);
      });
      request.end(body);
    });
}

/** An AdmissionReview of a ConfigMap, as the API server sends it. */
export function review(more: object = {}): { apiVersion: string; kind: string; request: object } {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'app', namespace: 'apps', uid: 'uid-app', resourceVersion: '7' },
    data: { a: '2' },
  };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'r-1',
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      name: 'app',
      namespace: 'apps',
      operation: 'UPDATE',
      userInfo: { username: 'ann', groups: ['staff'] },
      object,
      oldObject: { ...object, data: { a: '1' } },
      dryRun: false,
      options: { kind: 'UpdateOptions', fieldManager: 'kubectl-edit' },
      ...more,
    },
  };
}

export const good = JSON.stringify(review());
