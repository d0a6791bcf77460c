import { mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinaries, type Binaries } from './build/binaries.ts';
import { writeFacts, type Connection, type Facts } from './connection.ts';
import { ensureCredentials } from './credentials.ts';
import { auditFiles, flagsOf, portCount, portsFrom, type FlagOptions, type Server } from './flags.ts';
import { prepareFolder, refuseRunning } from './build/folder.ts';
import { findPorts, takenPorts } from './ports.ts';
import { startAll, startReady, type Stand } from './programs.ts';
import { StartError } from './readiness.ts';
import type { ProgramName } from './build/recipe.ts';
import { startSupervision } from './supervision.ts';

/** What kind of control plane. */
export type ControlPlaneOptions = Partial<FlagOptions> & {
  /** Where it lives. One that ran there before is continued. Default: a new temporary folder, removed at the end. */
  readonly dir?: string;
  /** The first of five neighbouring ports: etcd, its peer, API server, controller manager, scheduler. Default: free ones. */
  readonly port?: number;
  /** Which programs run beside etcd and the API server. Default: all. */
  readonly programs?: readonly Server[];
  /** Programs that are only called and are wanted beside kubectl. */
  readonly also?: readonly ProgramName[];
  /** One line of progress, without its end of line. */
  readonly onProgress?: (line: string) => void;
};

/** A control plane of one's own, with power over each program. */
export type ControlPlane = Connection & {
  /** The process that ends everything when this one is gone. */
  readonly supervisorPid: number;
  /** The process id of each program that was started and not ended on purpose. */
  readonly pids: ReadonlyMap<string, number>;
  /** Stops a program where it is (SIGSTOP). */
  readonly freeze: (server: Server) => Promise<void>;
  /** Lets a frozen program go on (SIGCONT). */
  readonly resume: (server: Server) => Promise<void>;
  /** Ends a program at once (SIGKILL); resolves when it is gone. */
  readonly kill: (server: Server) => Promise<void>;
  /** Ends a program if it runs (SIGTERM) and starts it again; resolves when it is ready. */
  readonly restart: (server: Server) => Promise<void>;
  /** From now on it outlives this process; `down` of the command line ends it. */
  readonly detach: () => Promise<void>;
  /** Ends everything; resolves when every process is gone. Safe to call again. */
  readonly stop: () => Promise<void>;
};

const startAttempts = 4;
const controllers = ['kwok', 'kube-controller-manager', 'kube-scheduler'] as const;

const controlsOf = (stand: Stand, connection: Connection): ControlPlane => {
  const { supervision } = stand;
  return {
    ...connection,
    supervisorPid: supervision.pid,
    pids: supervision.pids,
    freeze: (server) => supervision.signal(server, 'SIGSTOP'),
    resume: (server) => supervision.signal(server, 'SIGCONT'),
    kill: (server) => supervision.end(server, 'SIGKILL'),
    restart: async (server) => {
      const runs = supervision.pids.has(server) && supervision.failure(server) === undefined;
      if (runs) await supervision.end(server, 'SIGTERM');
      await startReady(stand, server);
    },
    detach: supervision.detach,
    stop: async () => {
      connection.close();
      await supervision.stop();
    },
  };
};

const choosePorts = async (wanted: number | undefined): Promise<number> => {
  if (wanted === undefined) return findPorts(portCount);
  const taken = await takenPorts(wanted, portCount);
  if (taken.length === 0) return wanted;
  throw new Error(
    `Not free on 127.0.0.1: port ${taken.join(', ')}. Needed are ${portCount} from ${wanted} on.`,
  );
};

const startOnce = async (options: ControlPlaneOptions, binaries: Binaries): Promise<ControlPlane> => {
  const { audit = false, featureGates = {}, serviceAccountCredentials = false } = options;
  const { programs = controllers, apiserver = [] } = options;
  if (options.dir !== undefined) await mkdir(options.dir, { recursive: true });
  const dir = await realpath(options.dir ?? (await mkdtemp(join(tmpdir(), 'restamp-controlplane-'))));
  await refuseRunning(dir);
  const ports = portsFrom(await choosePorts(options.port));
  await prepareFolder(dir, binaries.stages);
  const credentials = await ensureCredentials(dir);
  const differing = { audit, featureGates, serviceAccountCredentials, apiserver };
  const flags = flagsOf(dir, ports, credentials, differing);
  const facts: Facts = {
    dir,
    url: `https://127.0.0.1:${ports.apiserver}`,
    ports,
    adminToken: credentials.tokens.admin,
    auditLog: audit ? auditFiles(dir).log : undefined,
    binaries: binaries.paths,
  };
  const supervision = await startSupervision(dir, options.dir === undefined);
  const stand: Stand = { dir, ports, flags, binaries, supervision };
  try {
    const more = controllers.filter((server) => programs.includes(server));
    const connection = await startAll(stand, facts, credentials.tokens, more);
    await writeFacts(facts);
    return controlsOf(stand, connection);
  } catch (error) {
    await supervision.stop();
    throw error;
  }
};

/**
 * Starts a real control plane on 127.0.0.1; resolves when Pods can run. Several can run side by side. It ends with this process,
 * however that ends. Throws with the end of the log of the program that did not start.
 */
export const startControlPlane = async (options: ControlPlaneOptions = {}): Promise<ControlPlane> => {
  const { onProgress: say = () => undefined, also = [] } = options;
  const binaries = await findBinaries({ onProgress: say, also });
  const start = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      const controlPlane = await startOnce(options, binaries);
      say(`control plane ready at ${controlPlane.url} after ${Math.round(performance.now() - start)} ms`);
      return controlPlane;
    } catch (error) {
      // Between finding a free port and binding it somebody else can take it.
      const taken = error instanceof StartError && error.addressInUse && options.port === undefined;
      if (!taken || attempt === startAttempts) throw error;
      say('a port was taken by somebody else; starting again with others');
    }
  }
};
