import { readFile } from 'node:fs/promises';
import type { Binaries } from './build/binaries.ts';
import { certificateFile, connectTo, type Connection, type Facts } from './connection.ts';
import { writeKubeconfigs, type Credentials } from './credentials.ts';
import type { Ports, Server } from './flags.ts';
import { logOf } from './build/folder.ts';
import { createIdentity, createNode, untilNodeReady } from './furnish.ts';
import { probeOf, untilReady } from './readiness.ts';
import type { Supervision } from './supervision.ts';

/** What the programs of one control plane share. */
export type Stand = {
  readonly dir: string;
  readonly ports: Ports;
  readonly flags: Readonly<Record<Server, readonly string[]>>;
  readonly binaries: Binaries;
  readonly supervision: Supervision;
};

const readyMs = 60_000;
/**
 * kwok can die at its start of a race of its own ("concurrent map writes"). The scheduler ends itself where its memory
 * does not agree with an API server that was killed ("Scheduler cache is corrupted"): a cluster starts it again too.
 */
const respawns: Readonly<Partial<Record<Server, number>>> = { kwok: 10, 'kube-scheduler': 10 };

const start = ({ dir, flags, binaries, supervision }: Stand, server: Server): Promise<void> =>
  supervision.start({
    name: server,
    file: binaries.paths[server] ?? server,
    args: flags[server],
    env: server === 'kwok' ? { GOMAXPROCS: '1' } : {},
    log: logOf(dir, server),
    respawns: respawns[server] ?? 0,
  });

/** Starts one program; resolves when it says that it is ready (kwok says nothing). */
export const startReady = async (stand: Stand, server: Server): Promise<void> => {
  await start(stand, server);
  const { dir, ports, supervision } = stand;
  const probe = probeOf(server, dir, ports);
  const failure = (): string | undefined => supervision.failure(server);
  if (probe !== undefined) {
    await untilReady(server, { probe, log: logOf(dir, server), timeoutMs: readyMs, failure });
  }
};

/** Starts etcd and the API server, then the programs of `more` side by side; resolves when Pods can run. */
export const startAll = async (
  stand: Stand,
  facts: Facts,
  tokens: Credentials['tokens'],
  more: readonly Server[],
): Promise<Connection> => {
  await startReady(stand, 'etcd');
  await startReady(stand, 'kube-apiserver');
  const { dir, url } = facts;
  await writeKubeconfigs(dir, url, await readFile(certificateFile(dir), 'utf8'), tokens);
  const connection = await connectTo(facts);
  const abort = new AbortController();
  const nodeReady = async (): Promise<void> => {
    await createNode(connection);
    const untainted = more.includes('kube-controller-manager');
    await untilNodeReady(connection, { timeoutMs: readyMs, untainted, signal: abort.signal });
  };
  try {
    await Promise.all([
      ...more.map((server) => startReady(stand, server)),
      ...(more.includes('kwok') ? [nodeReady()] : []),
      createIdentity(connection),
    ]);
  } finally {
    abort.abort();
  }
  return connection;
};
