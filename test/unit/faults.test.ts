import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { faultText, RestampError } from '../../src/errors.ts';
import { Faults } from '../../src/faults.ts';
import { fakeApiServer } from '../support/fake-api-server.ts';

function containing() {
  const lines: (readonly [Readonly<Record<string, unknown>>, string])[] = [];
  const counted: string[] = [];
  const faults = new Faults({
    log: (fields, message) => void lines.push([fields, message]),
    count: ({ code }) => counted.push(code),
  });
  return { faults, lines, counted };
}

const fail = (message: string) => (): unknown => {
  throw new TypeError(message);
};

t.test('contain gives what the work gives, and says nothing', async (t) => {
  const { faults, lines, counted } = containing();
  t.equal(
    faults.contain('prod/Deployment/api', () => 7),
    7,
  );
  t.same([lines, counted], [[], []]);
});

t.test(
  'an exception is logged once with its subject and where it was thrown, and counted each time',
  async (t) => {
    const { faults, lines, counted } = containing();
    for (let time = 0; time < 3; time += 1)
      t.equal(faults.contain('prod/Deployment/api', fail('no such thing')), undefined);
    t.same(counted, Array(3).fill('RESTAMP_INTERNAL_FAULT'));
    t.equal(lines.length, 1);
    t.match(lines[0], [
      { code: 'RESTAMP_INTERNAL_FAULT', subject: 'prod/Deployment/api', stack: [/^at .*faults\.test\.ts/] },
      /prod\/Deployment\/api: TypeError: no such thing/,
    ]);
    faults.contain('prod/Deployment/api', fail('another thing'));
    faults.contain('prod/Deployment/web', fail('no such thing'));
    t.equal(lines.length, 3, 'another exception, and another subject, are news');
  },
);

t.test('what was logged is remembered of a thousand subjects', async (t) => {
  const { faults, lines } = containing();
  for (let at = 0; at <= 1000; at += 1) faults.contain(`ns/Deployment/w${at}`, fail('x'));
  faults.contain('ns/Deployment/w1', fail('x'));
  t.equal(lines.length, 1001);
  faults.contain('ns/Deployment/w0', fail('x'));
  t.equal(lines.length, 1002, 'the oldest was forgotten');
});

t.test('an error of the table is left to its handler by caught, and reported by contain', async (t) => {
  const { faults, counted } = containing();
  const known = new RestampError('RESTAMP_KUBE_CONFLICT', 'x');
  t.equal(faults.caught('x', known), known);
  t.same(counted, []);
  faults.contain('x', () => {
    throw known;
  });
  t.same(counted, ['RESTAMP_KUBE_CONFLICT']);
});

t.test(
  'the words of a parser, or of a check of Node, are not repeated: they quote what they were given',
  async (t) => {
    const thrown = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (error) {
        return error;
      }
    };
    t.equal(faultText(thrown(() => JSON.parse('s3cret'))), 'SyntaxError');
    t.equal(faultText(thrown(() => Buffer.from(5 as unknown as string))), 'TypeError');
    t.equal(faultText('s3cret'), 'a string was thrown');
    t.match(faultText(thrown(() => (null as unknown as { a: string }).a)), /^TypeError: Cannot read/);
  },
);

for (const [what, code] of [
  ['an exception', 'setTimeout(() => JSON.parse(process.env.TOLD), 50)'],
  ['a rejection', 'setTimeout(() => Promise.reject(new TypeError("no such thing")), 50)'],
] as const)
  t.test(`${what} that escapes every scope ends the server with one line of JSON`, async (t) => {
    const api = await fakeApiServer(t);
    // It never answers, so that the server is still at its start.
    api.answer(() => undefined);
    const kubeconfig = join(t.testdir(), 'config');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'c', cluster: { server: api.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'x' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    };
    await writeFile(kubeconfig, JSON.stringify(config));
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const fault = `data:text/javascript,${encodeURIComponent(code)}`;
    const child = spawn(process.execPath, ['--import', fault, main, `--kubeconfig=${kubeconfig}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], TOLD: 's3cret' },
    });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [exit] = (await once(child, 'close')) as [number];
    t.equal(exit, 1);
    const lines = text.trimEnd().split('\n');
    t.match(JSON.parse(lines.at(-1) ?? ''), { level: 'fatal', code: 'RESTAMP_INTERNAL_FAULT', stack: Array });
    t.notMatch(text, 's3cret');
    t.notMatch(text, /^ +at /m, 'no stack stands on lines of its own');
  });
