import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { cacheFolder, findBinaries } from './binaries.ts';
import { goMod, programs, stages } from './recipe.ts';

const required = programs.filter(({ group }) => !group.optional);

const writeProgram = async (path: string, script: string): Promise<void> => {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
};

// tap's fixtures may not name one object twice.
const files = (): Record<string, string> => ({
  'a.yaml': 'kind: Stage',
  'kustomization.yaml': 'kind: Kustomization',
  'README.md': '',
});
const stageFolders = (): Record<string, Record<string, Record<string, string>>> => ({
  node: { fast: files(), heartbeat: files() },
  pod: { fast: files(), chaos: files(), general: files() },
});

/** A PATH with nothing but the shell's own programs and, if asked, a `go` that notes each call and makes its output. */
const world = async (t: Test, withGo: boolean): Promise<{ dir: string; env: NodeJS.ProcessEnv }> => {
  const dir = t.testdir({
    bin: {},
    given: {},
    module: { kustomize: { stage: stageFolders() } },
    'calls.log': '',
  });
  if (withGo) {
    await writeProgram(
      join(dir, 'bin', 'go'),
      [
        `echo "$@" >> '${dir}/calls.log'`,
        `if [ "$1" = mod ]; then echo '{"Dir": "${dir}/module"}'; exit 0; fi`,
        `grep -q '^module controlplane' go.mod || exit 1`,
        `while [ "$1" != -o ]; do shift; done`,
        `echo built > "$2"`,
        `/bin/chmod +x "$2"`,
      ].join('\n'),
    );
  }
  return { dir, env: { PATH: `${join(dir, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: join(dir, 'cache') } };
};

const callsOf = async (dir: string): Promise<string[]> =>
  (await readFile(join(dir, 'calls.log'), 'utf8')).trim().split('\n').filter(Boolean);

t.test('without Go and binaries the error says what to install', async (t) => {
  const { dir, env } = await world(t, false);
  const error = await findBinaries({ env: { ...env, PATH: join(dir, 'bin') } }).then(
    () => t.fail('found something'),
    (reason: unknown) => reason as Error,
  );
  const { message } = error as Error;
  for (const { name } of required) t.match(message, name);
  t.match(message, 'install Go 1.26 or newer (https://go.dev/dl/)');
  t.match(message, 'RESTAMP_CONTROLPLANE');
});

t.test('what is missing is built once and found afterwards', async (t) => {
  const { dir, env } = await world(t, true);
  const said: string[] = [];
  const { paths, stages: folder } = await findBinaries({ env, onProgress: (line) => said.push(line) });
  t.same(Object.keys(paths).sort(), required.map(({ name }) => name).sort());
  t.equal(paths.etcd, join(cacheFolder(env), 'etcd'));
  t.same(await readdir(join(folder, 'pod/fast')), ['a.yaml'], 'only stages are copied');
  t.equal((await callsOf(dir)).length, required.length + 1);
  t.match(said.join('\n'), 'building kube-apiserver v1.36.3');
  await findBinaries({ env });
  t.equal((await callsOf(dir)).length, required.length + 1);
  const left = [...required.map(({ name }) => name), stages.folder].sort();
  t.same((await readdir(cacheFolder(env))).sort(), left, 'no lock, no part of a build');
});

t.test('two processes that start side by side build once', async (t) => {
  const { dir, env } = await world(t, true);
  const said: string[] = [];
  const onProgress = (line: string): number => said.push(line);
  await Promise.all([findBinaries({ env, onProgress }), findBinaries({ env, onProgress })]);
  t.equal((await callsOf(dir)).length, required.length + 1);
  t.match(said.join('\n'), `waiting for process ${process.pid}, which builds`);
});

t.test('an optional program is built only for who asks', async (t) => {
  const { env } = await world(t, true);
  t.notOk((await findBinaries({ env })).paths.helm);
  t.match((await findBinaries({ env, also: ['helm'] })).paths.helm, /helm-v4[^/]*\/helm$/);
});

t.test('a given folder is used for what it has in the right release', async (t) => {
  const { dir, env } = await world(t, true);
  const given = join(dir, 'given');
  await writeProgram(join(given, 'etcd'), 'echo etcd Version: 3.6.99');
  await writeProgram(join(given, 'kube-apiserver'), 'echo Kubernetes v1.30.1');
  await writeProgram(join(given, 'kubectl'), 'exit 3');
  const said: string[] = [];
  const { paths } = await findBinaries({
    env: { ...env, RESTAMP_CONTROLPLANE: given },
    onProgress: (line) => said.push(line),
  });
  t.equal(paths.etcd, join(given, 'etcd'));
  t.equal(dirname(paths['kube-apiserver'] ?? ''), cacheFolder(env));
  t.equal(dirname(paths.kubectl ?? ''), cacheFolder(env));
  t.match(said.join('\n'), 'it is 1.30, needed is 1.36');
  const assets = await findBinaries({ env: { ...env, KUBEBUILDER_ASSETS: given } });
  t.equal(assets.paths.etcd, join(given, 'etcd'));
});

t.test('a build that fails leaves nothing and says what Go said', async (t) => {
  const { dir, env } = await world(t, true);
  await writeProgram(join(dir, 'bin', 'go'), 'echo no such module >&2; exit 1');
  await t.rejects(findBinaries({ env }), { message: /go build failed:\nno such module/ });
  t.same(await readdir(cacheFolder(env)), []);
});

t.test('the module of Kubernetes replaces each of its parts by their own release', async (t) => {
  const [{ group }] = required as [(typeof required)[number]];
  const text = goMod(group);
  t.match(text, 'require k8s.io/kubernetes v1.36.3\n');
  t.match(text, '\tk8s.io/api => k8s.io/api v0.36.3\n');
  t.equal(text.match(/=>/g)?.length, 31);
});
