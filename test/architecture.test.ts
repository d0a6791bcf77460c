import { readFile, glob } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { EXCEPTIONS, faultOf } from './architecture.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const MOST_FILES = 20;
const MOST_LINES = 300;

type Import = { readonly file: string; readonly specifier: string };

async function read(pattern: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const file of glob(pattern, { cwd: root }))
    found.set(file, await readFile(join(root, file), 'utf8'));
  return found;
}

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(/(?:from |import |import\()'([^'\n]+)'/g)].map(([, specifier = '']) => ({
    file,
    specifier,
  }));
}

const files = await read('{src,webhook,certs}/**/*.ts');
const imports = [...files].flatMap(([file, text]) => importsOf(file, text));

t.test('there is something to look at', async (t) => {
  t.ok(files.size > 40);
  t.ok(imports.length > 100);
});

t.test('imports point one way, and each library has the files that import it', async (t) => {
  t.strictSame(
    imports.flatMap(({ file, specifier }) => {
      const fault = faultOf(file, specifier);
      return fault === undefined ? [] : [`${file} -> ${specifier}: ${fault}`];
    }),
    [],
  );
});

t.test('what the table forbids is found', async (t) => {
  t.match(
    faultOf('src/kube/events.ts', '../controller/controller.ts'),
    'src/kube may not import src/controller',
  );
  t.match(
    faultOf('src/core/api/kind.ts', '../stamps/plan.ts'),
    'src/core/api may not import src/core/stamps',
  );
  t.match(faultOf('src/core/api/kind.ts', 'node:fs'), 'node:crypto');
  t.match(faultOf('src/state/limiter.ts', '../main.ts'), 'may not import src/main.ts');
  t.match(faultOf('src/controller/workqueue.ts', 'pino'), 'only src/telemetry/log.ts imports pino');
  t.match(faultOf('webhook/server.ts', 'leftpad'), 'only nobody imports leftpad');
  t.equal(faultOf('test/run.ts', 'pino'), undefined);
});

t.test('an exception that no file needs any more is gone', async (t) => {
  const used = new Set(imports.map(({ file, specifier }) => `${file} -> ${join(dirname(file), specifier)}`));
  t.strictSame(
    EXCEPTIONS.filter((one) => !used.has(one)),
    [],
  );
});

t.test('no file imports itself by a circle of values', async (t) => {
  // Types vanish when the sources run, so a circle of types alone is none.
  const graph = new Map(
    [...files].map(([file, text]) => [
      file,
      importsOf(file, text.replaceAll(/import type [^;]+;/g, '')).map(({ specifier }) =>
        join(dirname(file), specifier),
      ),
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
    [...files].filter(([, text]) => text.split('\n').length > MOST_LINES + 1).map(([file]) => file),
    [],
  );
  t.strictSame(
    [...files.keys()].filter((file) => /\/(index|utils?|helpers?|common|misc)\.ts$/.test(file)),
    [],
  );
});

t.test('no folder has more than 20 files', async (t) => {
  const counts = new Map<string, number>();
  const all = await read('{src,webhook,certs,test,manifests,docs}/**/*.{ts,md}');
  for (const file of all.keys()) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  t.strictSame(
    [...counts].filter(([, count]) => count > MOST_FILES),
    [],
  );
});
