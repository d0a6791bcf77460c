import { PassThrough } from 'node:stream';
import t from 'tap';
import { Body } from '../../../../webhook/request/body.ts';

const MIB = 1024 * 1024;
const held = (): number => process.memoryUsage().arrayBuffers;

t.test('the bytes of a body are there once, and not at all when it is parsed or given up', async (t) => {
  const text = Buffer.from(`${' '.repeat(8 * MIB - 2)}{}`);
  for (const end of ['parsed', 'not JSON', 'given up']) {
    const stream = new PassThrough();
    const before = held();
    const body = new Body(16 * MIB);
    stream.end(end === 'not JSON' ? text.subarray(0, -1) : text);
    await body.fill(stream);
    t.ok(held() - before < 17 * MIB, end);
    if (end === 'parsed') t.same(body.parse(), {});
    else if (end === 'given up') body.release();
    else t.throws(() => body.parse(), { code: 'RESTAMP_ADMISSION_JSON' });
    t.ok(held() - before < MIB, end);
    body.release();
  }
});

t.test('what still comes for a body that was given up is thrown away', async (t) => {
  const stream = new PassThrough();
  const body = new Body(8);
  const filled = body.fill(stream);
  body.release();
  stream.end('{}');
  await filled;
  t.throws(() => body.parse(), { code: 'RESTAMP_ADMISSION_JSON' });
});
