import { readFile, glob } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Which rooms a room may import, by path prefix; the first prefix that fits a file is its room. */
const ROOMS: readonly (readonly [room: string, may: readonly string[]])[] = [
  ['src/core/', ['src/core/']],
  ['src/kube/', ['src/kube/', 'src/core/', 'src/']],
  ['src/roll/', ['src/roll/', 'src/kube/', 'src/core/', 'src/']],
  ['src/outgoing/', ['src/outgoing/', 'src/core/', 'src/']],
  ['src/', ['src/', 'src/core/']],
  ['certs/', ['certs/', 'src/']],
  ['webhook/', ['webhook/', 'certs/', 'src/outgoing/', 'src/roll/', 'src/kube/', 'src/core/', 'src/']],
];

/** Who alone may import a library. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  fastify: ['webhook/'],
  '@kubernetes/client-node': ['src/kube/'],
  undici: ['src/kube/', 'src/outgoing/'],
  'node-forge': ['certs/'],
  pino: ['src/log.ts'],
  'prom-client': ['src/metrics.ts', 'src/reloader-metrics.ts'],
  re2js: ['src/core/'],
  yaml: ['src/config-file.ts'],
  'package.json': ['src/release.ts'],
};

type Import = { readonly file: string; readonly target: string };

async function sources(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const file of glob('{src,webhook,certs}/**/*.ts', { cwd: root }))
    found.set(file, await readFile(join(root, file), 'utf8'));
  return found;
}

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(/(?:from|import) '([^']+)'/g)].map(([, target = '']) => ({
    file,
    target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target,
  }));
}

const roomOf = (path: string): string => ROOMS.find(([room]) => path.startsWith(room))?.[0] ?? '';

const files = await sources();
const imports = [...files].flatMap(([file, text]) => importsOf(file, text));

t.test('there is something to look at', async (t) => {
  t.ok(files.size > 40);
  t.ok(imports.length > 100);
});

t.test('imports between rooms point one way', async (t) => {
  const bad = imports.filter(({ file, target }) => {
    if (!/^(src|webhook|certs)\//.test(target)) return false;
    const may = ROOMS.find(([room]) => room === roomOf(file))?.[1] ?? [];
    return !may.includes(roomOf(target));
  });
  t.strictSame(bad, []);
});

t.test('each library has one room that imports it', async (t) => {
  const bad = imports.filter(({ file, target }) => {
    if (/^(src|webhook|certs|node:)/.test(target)) return false;
    return !(LIBRARIES[target] ?? []).some((room) => file.startsWith(room));
  });
  t.strictSame(bad, []);
});

t.test('src/core imports no part of Node but node:crypto', async (t) => {
  const bad = imports.filter(
    ({ file, target }) =>
      file.startsWith('src/core/') && target.startsWith('node:') && target !== 'node:crypto',
  );
  t.strictSame(bad, []);
});

t.test('no file imports itself by a circle of values', async (t) => {
  // Types vanish when the sources run, so a circle of types alone is none.
  const graph = new Map(
    [...files].map(([file, text]) => [
      file,
      importsOf(file, text.replaceAll(/import type [^;]+;/g, '')).map(({ target }) => target),
    ]),
  );
  const open = new Set<string>();
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string): void => {
    if (done.has(file)) return;
    if (open.has(file)) {
      circles.push(file);
      return;
    }
    open.add(file);
    for (const target of graph.get(file) ?? []) visit(target);
    open.delete(file);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  t.strictSame(circles, []);
});

t.test('no file is longer than 300 lines, and none is a barrel or a box of odds and ends', async (t) => {
  t.strictSame(
    [...files].filter(([, text]) => text.split('\n').length > 301).map(([file]) => file),
    [],
  );
  t.strictSame(
    [...files.keys()].filter((file) => /\/(index|utils?|helpers?|common|misc)\.ts$/.test(file)),
    [],
  );
});
