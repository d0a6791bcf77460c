import { dirname, join } from 'node:path/posix';

/** What every room may import. */
const LEAVES = [
  'src/clock.ts',
  'src/error-table.ts',
  'src/errors.ts',
  'src/faults.ts',
  'src/keep-newest.ts',
  'src/version.ts',
];
/** The program: it puts every part together, and nobody imports it. */
const COMPOSITION = [
  'src/main.ts',
  'src/node-version.ts',
  'src/foundation.ts',
  'src/wiring.ts',
  'src/front.ts',
  'src/gauges.ts',
];
/** Each layer may import those before it. */
const CORE = ['src/core/api', 'src/core/template', 'src/core/opt-in', 'src/core/objects', 'src/core/stamps'];
const KUBE = ['src/kube', 'src/kube/watch'];
const CONTROLLER = [
  'src/controller',
  'src/controller/gates',
  'src/controller/reporting',
  'src/controller/rollers',
];
const WEBHOOK = ['webhook', 'webhook/callers', 'webhook/registration', 'webhook/replicas', 'webhook/request'];

/** Which rooms a room may import beside itself and the leaves (docs/ARCHITECTURE.md draws it). */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(CORE.map((layer, index) => [layer, CORE.slice(0, index)])),
  'src/config': CORE,
  'src/telemetry': ['src/config', ...CORE],
  'src/flowcontrol': CORE,
  ...each(KUBE, ['src/flowcontrol', ...CORE]),
  'src/state': [...KUBE, 'src/flowcontrol', ...CORE],
  'src/attribution': ['src/state', ...CORE],
  'src/informers': [...KUBE, 'src/flowcontrol', ...CORE],
  ...each(CONTROLLER, ['src/attribution', 'src/state', ...KUBE, 'src/flowcontrol', 'src/telemetry', ...CORE]),
  'src/notify': ['src/config', 'src/telemetry', ...CORE],
  'src/reloader': ['src/config', 'src/telemetry', ...KUBE, ...CORE],
  certs: [],
  ...each(WEBHOOK, [
    'certs',
    'src/attribution',
    'src/state',
    ...KUBE,
    'src/config',
    'src/telemetry',
    ...CORE,
  ]),
};

/** Which files alone import a library. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  fastify: ['webhook/server.ts', 'src/telemetry/ops-server.ts'],
  '@kubernetes/client-node': ['src/kube/auth.ts'],
  undici: ['src/kube/auth.ts', 'src/kube/watch/watch-agent.ts', 'src/notify/http-sender.ts'],
  'node-forge': ['certs/issue.ts'],
  pino: ['src/telemetry/log.ts'],
  'prom-client': ['src/telemetry/metrics.ts', 'src/telemetry/reloader-metrics.ts'],
  re2js: ['src/core/api/name-list.ts'],
  yaml: ['src/config/file.ts'],
};

/** Imports against the table, until what they need has moved: an entry that no file needs any more is a fault too. */
export const EXCEPTIONS: readonly string[] = [
  'src/attribution/attribution.ts -> src/controller/evaluator.ts',
  'src/attribution/attribution.ts -> src/controller/gates/hold-seals.ts',
  'src/attribution/attribution.ts -> src/controller/gates/holds.ts',
  'src/informers/namespace-filter.ts -> src/controller/controller.ts',
  'src/informers/namespace-filter.ts -> src/state/cached-workload.ts',
];

/** The rooms of a group, each of which may import the others and `also`. */
function each(group: readonly string[], also: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(group.map((room) => [room, [...group, ...also]]));
}

/** The room of a file of the product, by its folder. */
function roomOf(path: string): string {
  const folder = dirname(path);
  return folder === 'src' ? path : folder;
}

/**
 * What is wrong with an import of a file of the product; undefined if nothing is. `file` is a path from the repository's
 * root, `specifier` is as it stands in the file. ESLint and architecture.test.ts both ask this.
 */
export function faultOf(file: string, specifier: string): string | undefined {
  if (!/^(src|webhook|certs)\//.test(file)) return undefined;
  const room = roomOf(file);
  if (!specifier.startsWith('.')) return libraryFault(file, room, specifier);
  const target = join(dirname(file), specifier);
  if (target === 'package.json')
    return file === 'src/version.ts' ? undefined : `only src/version.ts imports ${target}`;
  const other = roomOf(target);
  if (other === room || LEAVES.includes(target) || COMPOSITION.includes(room)) return undefined;
  if (ROOMS[room]?.includes(other) === true || EXCEPTIONS.includes(`${file} -> ${target}`)) return undefined;
  return `${room} may not import ${other} (test/architecture.ts)`;
}

function libraryFault(file: string, room: string, specifier: string): string | undefined {
  if (!specifier.startsWith('node:'))
    return LIBRARIES[specifier]?.includes(file) === true
      ? undefined
      : `only ${LIBRARIES[specifier]?.join(', ') ?? 'nobody'} imports ${specifier}`;
  if (CORE.includes(room) && specifier !== 'node:crypto')
    return `src/core imports no module of Node but node:crypto`;
  return undefined;
}
