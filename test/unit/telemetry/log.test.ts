import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { LOG_LEVELS } from '../../../src/config/reloader-settings.ts';
import { createLog, type Log, type LogOptions } from '../../../src/telemetry/log.ts';

/** A log and the lines that it wrote. */
function logging(options: Partial<LogOptions> = {}): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (text: string) => void lines.push(text) };
  return { log: createLog({ level: 'info', format: '', ...options, destination }), lines };
}
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`;
const text = (rest: string): RegExp => new RegExp(`^time="${TIME}" ${rest}\n$`);
const writeAll = (log: Log): void => {
  for (const method of ['debug', 'info', 'warn', 'error', 'audit'] as const) log[method]({}, method);
};
const written = (level: string): string[] => {
  const { log, lines } = logging({ level, format: 'json' });
  writeAll(log);
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
};

t.test('createLog writes Reloader’s text: time, level, msg, and our fields after it', async (t) => {
  const { log, lines } = logging();
  log.info({}, 'Starting');
  log.info({ workload: 'prod/Deployment/api', count: 3, on: true }, 'Rolled "api"');
  t.match(lines[0], text('level=info msg="Starting"'));
  t.match(
    lines[1],
    text(String.raw`level=info msg="Rolled \\"api\\"" workload=prod/Deployment/api count=3 on=true`),
  );
  t.equal(lines.length, 2);
});

t.test('createLog quotes what would not be one word, so that no text can forge a line', async (t) => {
  const { log, lines } = logging();
  log.info({ user: 'a b', empty: '', keys: ['x', 'y'], forged: 'x\ntime="" level=info' }, 'a\nb');
  t.equal(lines.length, 1);
  t.equal(lines[0]!.split('\n').length, 2);
  t.ok(
    lines[0]!.includes('level=info msg="a\\nb" user="a b" empty="" keys="[\\"x\\",\\"y\\"]" forged="x\\n'),
  );
});

t.test('createLog writes one JSON object a line with level, msg and time', async (t) => {
  const { log, lines } = logging({ format: 'json' });
  log.info({ workload: 'w' }, 'Rolled');
  t.match(lines[0], /^[^\n]*\n$/);
  const { time, ...rest } = JSON.parse(lines[0]!) as Record<string, string>;
  t.match(time, new RegExp(`^${TIME}$`));
  t.same(rest, { level: 'info', msg: 'Rolled', workload: 'w' }, 'and no pid or hostname');
});

t.test('createLog spells a warning as logrus does', async (t) => {
  const { log, lines } = logging();
  log.warn({}, 'careful');
  log.error({}, 'broken');
  t.match(lines[0], text('level=warning msg="careful"'));
  t.match(lines[1], text('level=error msg="broken"'));
  const json = logging({ format: 'json' });
  json.log.warn({}, 'careful');
  t.match(JSON.parse(json.lines[0]!), { level: 'warning' });
});

t.test('createLog takes each of Reloader’s levels', async (t) => {
  const all = ['debug', 'info', 'warn', 'error', 'audit'];
  const table = {
    trace: all,
    debug: all,
    info: all.slice(1),
    warning: all.slice(2),
    warn: all.slice(2),
    error: all.slice(3),
    fatal: ['audit'],
    panic: ['audit'],
  };
  for (const [level, expected] of Object.entries(table)) t.same(written(level), expected, level);
  t.same([...LOG_LEVELS].sort(), Object.keys(table).sort());
});

t.test('createLog writes the audit log whatever the level is', async (t) => {
  const { log, lines } = logging({ level: 'error' });
  log.info({}, 'quiet');
  log.audit({ workload: 'w' }, 'Rolled');
  t.equal(lines.length, 1);
  t.match(lines[0], text('level=info msg="Rolled" workload=w'));
});

t.test('createLog writes the lines in order, audit or not', async (t) => {
  const { log, lines } = logging({ level: 'debug' });
  writeAll(log);
  t.same(
    lines.map((line) => /msg="(\w+)"/.exec(line)?.[1]),
    ['debug', 'info', 'warn', 'error', 'audit'],
  );
});

t.test('createLog never prints what an error wraps or holds', async (t) => {
  const canary = 'hunter2-canary';
  const cause = Object.assign(new Error(canary), { body: { data: canary } });
  const error = Object.assign(new RestampError('RESTAMP_KUBE_INVALID', 'prod/api', { cause }), {});
  const foreign = Object.assign(new Error('why', { cause }), { response: canary });
  for (const format of ['', 'json'] as const) {
    const { log, lines } = logging({ format });
    log.error({ err: error }, 'ours');
    log.error({ err: foreign }, 'theirs');
    log.error({ error }, 'under another name');
    t.equal(lines.length, 3);
    for (const line of lines) t.notMatch(line, canary);
    t.ok(lines[0]!.includes('The API server refuses the content: prod/api'));
    t.ok(lines[1]!.includes('why'));
  }
});

t.test('a log that nobody reads stops nobody: lines are lost, and counted', async (t) => {
  const script = `
    import { createLog } from ${JSON.stringify(new URL('../../../src/telemetry/log.ts', import.meta.url).href)};
    let lost = 0;
    const log = createLog({ level: 'info', format: 'json', onDropped: () => (lost += 1) });
    for (let line = 0; line < 40_000; line += 1) {
      log.info({ text: 'x'.repeat(500) }, String(line));
      if (line % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    process.send({ lost });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [{ lost }] = (await once(child, 'message')) as [{ lost: number }];
  t.ok(lost > 10_000 && lost < 40_000, `${lost} of 40,000`);
  // From here on it is read: what has waited comes in order, and whole.
  const ended = once(child, 'close');
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await ended;
  const numbers = text
    .trimEnd()
    .split('\n')
    .map((line) => Number((JSON.parse(line) as { msg: string }).msg));
  t.equal(numbers.length, 40_000 - lost);
  t.same(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
});
