// `make bundle`: each program as one file for a Node without node_modules, its source map, and the licences of
// everything that is in it.
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild, type Plugin } from 'esbuild';
import { licencesOf } from './licences.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Program = { readonly name: string; readonly entry: string };

/** What is bundled: the name in `dist/`, and the file that starts it. */
export const PROGRAMS = {
  restamp: { name: 'restamp', entry: 'src/main.ts' },
} as const satisfies Record<string, Program>;

/** CommonJS packages call `require` for Node's own modules; an ES module has none until it makes one. */
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/**
 * Flags that keep the process small, of the kind that V8 still obeys in a running program. The young generation would
 * grow to 48 MB as soon as much is allocated at once, which here is the start, and stay so; nearly all that Restamp
 * allocates dies at once, so 2 MB are as good. The HTTP parser, which is WebAssembly, would be compiled a second time
 * by an optimizer that takes 12 MB for it; the parser sees headers only.
 */
const SMALL_PROCESS =
  "import{setFlagsFromString}from'node:v8';" +
  ['--semi-space-growth-factor=1', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']
    .map((flag) => `setFlagsFromString('${flag}');`)
    .join('');

/**
 * client-node's entry file re-exports the typed API of every resource. Only its KubeConfig is used, and no file of
 * it does anything when it is loaded, so what nobody calls can go; esbuild is not told so by its package.json.
 */
const kubeConfigOnly: Plugin = {
  name: 'kube-config-only',
  setup(build) {
    const again = 'kube-config-only';
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, async ({ kind, resolveDir, pluginData }) => {
      if (pluginData === again) return undefined;
      const found = await build.resolve('@kubernetes/client-node/dist/config.js', {
        kind,
        resolveDir,
        pluginData: again,
      });
      return { ...found, sideEffects: false };
    });
    build.onResolve({ filter: /^\./ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
      if (pluginData === again || !importer.includes('/@kubernetes/client-node/')) return undefined;
      const found = await build.resolve(path, { kind, resolveDir, importer, pluginData: again });
      return { ...found, sideEffects: false };
    });
  },
};

/** Builds one program into `dist`; returns the path of the file. */
export async function bundle({ name, entry }: Program): Promise<string> {
  const dist = join(root, 'dist');
  const outfile = join(dist, `${name}.mjs`);
  await mkdir(dist, { recursive: true });
  const { metafile } = await esbuild({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    sourcemap: 'external',
    legalComments: 'external',
    metafile: true,
    banner: { js: REQUIRE + SMALL_PROCESS },
    plugins: [kubeConfigOnly],
  });
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  const legal = `${outfile}.LEGAL.txt`;
  const comments = await readFile(legal, 'utf8');
  await writeFile(join(dist, `${name}.LICENSES.txt`), await licencesOf(root, files, comments));
  await rm(legal);
  return outfile;
}

/** Builds every program; says what came out. */
async function bundleAll(): Promise<void> {
  for (const program of Object.values(PROGRAMS)) {
    const file = await bundle(program);
    const { size } = await stat(file);
    process.stdout.write(`${relative(root, file)}  ${(size / 1e6).toFixed(2)} MB\n`);
  }
}

if (import.meta.main) await bundleAll();
