import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { etcdName, type Ports, type Server } from './flags.ts';

/** A program that did not start, with the last lines of its log. */
export class StartError extends Error {
  override name = 'StartError';
  /** Another program has one of the ports. */
  readonly addressInUse: boolean;
  constructor(message: string, log: string) {
    const lines = log.trimEnd().split('\n').slice(-15);
    super(`${message}\n${lines.map((line) => `  | ${line.slice(0, 400)}`).join('\n')}`);
    this.addressInUse = /address already in use/.test(log);
  }
}

/** A question whose right answer shows that the program is ready, and that it is ours and not another one on the same port. */
export type Probe = {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** The file of the certificate that the program made for itself in our folder. */
  readonly certificate?: string;
  /** What the answer contains. */
  readonly says: string;
};

/** The probe of each program; kwok cannot be asked. */
export const probeOf = (server: Server, dir: string, ports: Ports): Probe | undefined => {
  const secure = (port: number, path: string, certificate: string): Probe => ({
    method: 'GET',
    url: `https://127.0.0.1:${port}${path}`,
    certificate: join(dir, certificate),
    says: 'ok',
  });
  switch (server) {
    case 'etcd': {
      const url = `http://127.0.0.1:${ports.etcd}/v3/cluster/member/list`;
      return { method: 'POST', url, says: `"name":"${etcdName(dir)}"` };
    }
    case 'kube-apiserver':
      return secure(ports.apiserver, '/readyz', 'certs/apiserver.crt');
    case 'kube-controller-manager':
      return secure(ports.controllerManager, '/healthz', 'controller-manager/kube-controller-manager.crt');
    case 'kube-scheduler':
      return secure(ports.scheduler, '/readyz', 'scheduler/kube-scheduler.crt');
    case 'kwok':
      return undefined;
  }
};

const probeMs = 2_000;

const holds = async ({ method, url, certificate, says }: Probe): Promise<boolean> => {
  const tls = certificate === undefined ? {} : { ca: await readFile(certificate) };
  return new Promise((resolve, reject) => {
    const request = certificate === undefined ? requestHttp : requestHttps;
    const outgoing = request(url, { method, agent: false, timeout: probeMs, ...tls }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(response.statusCode === 200 && text.includes(says)));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', reject);
    outgoing.end(method === 'POST' ? '{}' : undefined);
  });
};

/** What to watch while waiting. */
export type ReadyOptions = {
  readonly probe: Probe;
  readonly log: string;
  readonly timeoutMs: number;
  /** How the program ended, if it did. */
  readonly failure: () => string | undefined;
};

const pollMs = 40;

/** Resolves when the probe holds. Throws a StartError when the program ended or the time is over. */
export const untilReady = async (name: string, options: ReadyOptions): Promise<void> => {
  const { probe, log, timeoutMs, failure } = options;
  const end = performance.now() + timeoutMs;
  const fail = async (why: string): Promise<never> => {
    throw new StartError(`${name} ${why}. The end of its log:`, await readFile(log, 'utf8').catch(() => ''));
  };
  for (;;) {
    const how = failure();
    if (how !== undefined) await fail(`ended (${how})`);
    if (await holds(probe).catch(() => false)) return;
    if (performance.now() > end) await fail(`was not ready after ${timeoutMs / 1000} s`);
    await delay(pollMs);
  }
};
