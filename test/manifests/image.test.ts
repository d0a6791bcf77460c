import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { buildImage } from '../../manifests/image/build.ts';
import { packChart } from '../../manifests/package.ts';
import { chart, helm } from './chart.ts';
import { manifests } from './roles.ts';

async function folder(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'restamp-image-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A PATH with these programs alone; each notes what it was asked, and `info` ends with the code that is given. */
async function programs(t: Test, codes: Readonly<Record<string, number>>) {
  const dir = await folder(t);
  const notes = join(dir, 'notes');
  const bin = join(dir, 'bin');
  await mkdir(bin);
  for (const [name, code] of Object.entries(codes)) {
    const file = join(bin, name);
    const script = `#!/bin/sh\nif [ "$1" = info ]; then exit ${code}; fi\necho "${name} $*" >> "${notes}"\n`;
    await writeFile(file, script);
    await chmod(file, 0o755);
  }
  return { env: { PATH: bin }, asked: () => readFile(notes, 'utf8') };
}

t.test(
  'the image is the bundle alone on a Node without a shell, and runs as nobody in particular',
  async (t) => {
    const text = await readFile(`${manifests}image/Dockerfile`, 'utf8');
    t.match(text, /^FROM \S*distroless\/nodejs24\S*:nonroot$/m);
    t.match(text, /^USER 65532/m);
    t.notMatch(text, /^(RUN|ADD)/m);
    t.match(text, /^ENTRYPOINT \["\/nodejs\/bin\/node", "dist\/restamp.mjs"\]$/m);
    const copied = [...text.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, files = '']) => files.split(' '));
    const allowed = await readFile(`${manifests}image/Dockerfile.dockerignore`, 'utf8');
    t.same(allowed.trim().split('\n'), ['*', ...copied.map((file) => `!${file}`)]);
  },
);

t.test('the first program that runs builds it, under the name that the manifests have', async (t) => {
  const { env, asked } = await programs(t, { docker: 1, podman: 0, buildah: 0 });
  const image = await buildImage(env);
  t.equal(await asked(), `podman build --file manifests/image/Dockerfile --tag ${image} .\n`);
  t.match(await readFile(`${manifests}base/deployment.yaml`, 'utf8'), `image: ${image}\n`);
});

t.test('where none runs, the error says what was tried', async (t) => {
  const { env } = await programs(t, { docker: 1 });
  await t.rejects(buildImage(env), {
    message: /docker does not run here, podman is not installed, buildah is not installed/,
  });
});

t.test('the packed chart renders what the folder renders', async (t) => {
  const archive = await packChart(await folder(t));
  const [packed, plain] = await Promise.all(
    [archive, chart].map((one) => helm(['template', 'restamp', one])),
  );
  t.equal(packed?.code, 0);
  t.equal(packed?.stdout, plain?.stdout);
});
