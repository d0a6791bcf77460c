import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { createServer } from 'node:tls';
import t from 'tap';
import { issueCa } from '../../../certs/issue.ts';
import { createLeaf, tlsOptionsOf } from '../../../certs/leaf.ts';
import type { LeafOptions, TlsOptions } from '../../../certs/leaf.ts';
import { faultOfLeaf, termOf } from '../../../certs/validity.ts';
import { hasCode } from '../../../src/errors.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { leaksIn } from '../../support/certs/canary.ts';
import { connectTo } from '../../support/certs/handshake.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 22);
const names = ['restamp.apps.svc', '127.0.0.1'];
const ca = await issueCa(NOW);
/** Two thirds of 30 days and an hour, less the hour. */
const RENEWAL = 20 * DAY - 20 * MINUTE;

/** A leaf under test, what it told its owner, and a way to wait for that without sleeping. */
async function startLeaf(clock: FakeClock, more: Partial<LeafOptions> = {}) {
  const changes: TlsOptions[] = [];
  const errors: unknown[] = [];
  let asked = 0;
  const leaf = await createLeaf({
    ca,
    names,
    clock: {
      ...clock,
      now: () => {
        asked += 1;
        return clock.now();
      },
    },
    onChange: (options) => void changes.push(options),
    onError: (error) => void errors.push(error),
    ...more,
  });
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await turn();
    await turn();
  };
  return { leaf, changes, errors, until, asked: () => asked };
}

t.test('createLeaf resolves with a leaf in place', async (t) => {
  const clock = fakeClock(NOW);
  const { leaf, changes } = await startLeaf(clock);
  const current = leaf.current();
  t.equal(faultOfLeaf(current, ca.certPem, names, NOW), undefined);
  t.equal(current.notAfter, NOW + 30 * DAY);
  t.same(changes, [], 'the first one is no change');
  leaf.close();
});

t.test('createLeaf renews at two thirds of the life, and not a moment before', async (t) => {
  // Between two looks at the wall clock, and certificates know whole seconds only.
  const clock = fakeClock(NOW + 500);
  const { leaf, changes, until } = await startLeaf(clock);
  const first = leaf.current();
  clock.advance(RENEWAL - 501);
  t.same(leaf.current(), first);
  t.equal(clock.waiting(), 1);
  clock.advance(1);
  t.equal(clock.waiting(), 0, 'one renewal at a time');
  await until(() => changes.length > 0);

  const second = leaf.current();
  const tls = { key: second.keyPem, cert: second.certPem, ca: ca.certPem, minVersion: 'TLSv1.3' as const };
  t.strictSame(changes, [tls]);
  t.not(second.keyPem, first.keyPem, 'with a key of its own');
  t.equal(faultOfLeaf(second, ca.certPem, names, clock.now()), undefined);
  t.equal(second.notAfter, NOW + RENEWAL + 30 * DAY);

  clock.advance(RENEWAL);
  await until(() => changes.length > 1);
  t.equal(leaf.current().notAfter, NOW + 2 * RENEWAL + 30 * DAY);
  leaf.close();
});

t.test('createLeaf renews within a minute of waking up from a long sleep', async (t) => {
  const clock = fakeClock(NOW);
  const { leaf, changes, until } = await startLeaf(clock);
  clock.advance(DAY);
  clock.shiftWall(200 * DAY);
  clock.advance(MINUTE);
  await until(() => changes.length > 0);
  t.equal(faultOfLeaf(leaf.current(), ca.certPem, names, clock.now()), undefined);
  leaf.close();
});

t.test('createLeaf replaces a leaf that was made while the clock was ahead', async (t) => {
  const clock = fakeClock(NOW + 5 * DAY);
  const { leaf, changes, until } = await startLeaf(clock);
  clock.shiftWall(-5 * DAY);
  t.equal(faultOfLeaf(leaf.current(), ca.certPem, names, clock.now()), 'it is not valid now');
  clock.advance(MINUTE);
  await until(() => changes.length > 0);
  t.equal(faultOfLeaf(leaf.current(), ca.certPem, names, clock.now()), undefined);
  leaf.close();
});

t.test('createLeaf does not renew what cannot last longer than its CA', async (t) => {
  const clock = fakeClock(NOW + 3640 * DAY);
  const { leaf, changes, errors } = await startLeaf(clock);
  t.equal(leaf.current().notAfter, NOW + 3650 * DAY);
  clock.advance(9 * DAY);
  await turn();
  t.equal(clock.waiting(), 1, 'no renewal has begun');
  t.same([changes, errors], [[], []]);
  leaf.close();
});

t.test(
  'createLeaf keeps the old leaf when renewal fails, says so, and tries again in a minute',
  async (t) => {
    const clock = fakeClock(NOW);
    const { leaf, changes, errors, until } = await startLeaf(clock);
    const first = leaf.current();
    // Before the CA begins, nothing can be signed.
    clock.shiftWall(-DAY);
    clock.advance(MINUTE);
    await until(() => errors.length > 0);
    t.ok(hasCode(errors[0], 'RESTAMP_CERTS_CA_UNREADABLE'));
    t.same(leaksIn(errors[0], [ca.keyPem, first.keyPem]), []);
    t.same([leaf.current(), changes], [first, []]);

    clock.shiftWall(DAY + RENEWAL);
    clock.advance(MINUTE);
    await until(() => changes.length > 0);
    t.not(leaf.current().keyPem, first.keyPem);
    t.equal(errors.length, 1);
    leaf.close();
  },
);

t.test('createLeaf keeps the old leaf when the server does not take the new one', async (t) => {
  const clock = fakeClock(NOW);
  const refusal = new Error('refused');
  const { leaf, errors, until } = await startLeaf(clock, {
    onChange: () => {
      throw refusal;
    },
  });
  const first = leaf.current();
  clock.advance(RENEWAL);
  await until(() => errors.length > 0);
  t.same(errors, [refusal]);
  t.same(leaf.current(), first, 'current() is what is served');
  clock.advance(MINUTE);
  await until(() => errors.length > 1);
  leaf.close();
});

t.test(
  'createLeaf makes no leaf under a CA that cannot sign, nor one that a client would refuse',
  async (t) => {
    const clock = fakeClock(NOW);
    const over = { clock: fakeClock(NOW + 3650 * DAY) };
    const damaged = { ca: { ...ca, certPem: 'damaged' } };
    for (const more of [over, damaged, { names: ['bücher.apps.svc'] }]) {
      await t.rejects(startLeaf(clock, more), { code: 'RESTAMP_CERTS_CA_UNREADABLE' });
    }
    t.equal(clock.waiting(), 0);
  },
);

t.test('close ends renewal', async (t) => {
  t.test('while it waits', async (t) => {
    const clock = fakeClock(NOW);
    const { leaf } = await startLeaf(clock);
    t.equal(clock.waiting(), 1);
    leaf.close();
    t.equal(clock.waiting(), 0);
  });

  t.test('while a new leaf is being made', async (t) => {
    const clock = fakeClock(NOW);
    const { leaf, changes, errors, until, asked } = await startLeaf(clock);
    const first = leaf.current();
    clock.advance(RENEWAL);
    const before = asked();
    leaf.close();
    // The clock is asked once more when the new leaf is ready to be looked over.
    await until(() => asked() > before);
    t.same([leaf.current(), changes, errors], [first, [], []]);
    t.equal(clock.waiting(), 0);
  });

  t.test('while a renewal that will fail is under way', async (t) => {
    const clock = fakeClock(NOW);
    const { leaf, errors } = await startLeaf(clock);
    clock.shiftWall(-DAY);
    clock.advance(MINUTE);
    leaf.close();
    await turn();
    t.same(errors, []);
    t.equal(clock.waiting(), 0);
  });
});

t.test('a server that takes the change serves the new leaf, and TLS 1.3 only as before', async (t) => {
  const start = Date.now();
  const caNow = await issueCa(start - DAY);
  const clock = fakeClock(start);
  const server = createServer((socket) => socket.end('.'));
  server.on('tlsClientError', () => undefined);
  const { leaf, changes, until } = await startLeaf(clock, {
    ca: caNow,
    onChange: (options) => {
      server.setSecureContext(options);
      changes.push(options);
    },
  });
  server.setSecureContext(tlsOptionsOf(leaf.current(), caNow.certPem));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const seen: string[] = [];
  const ask = (more: object = {}) =>
    connectTo(port, {
      ca: caNow.certPem,
      checkServerIdentity: (_, cert) => void seen.push(cert.serialNumber),
      ...more,
    });
  const old = { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const;

  t.match(await ask(), { trusted: true, protocol: 'TLSv1.3' });
  t.match(await ask(old), { refused: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  // Not by renewal, whose leaf the real clock of the handshake would find to begin in the future.
  clock.shiftWall(-2 * HOUR);
  clock.advance(MINUTE);
  await until(() => changes.length > 0);
  t.match(await ask(), { trusted: true, protocol: 'TLSv1.3' });
  t.match(await ask(old), { refused: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  t.equal(seen[1], new X509Certificate(leaf.current().certPem).serialNumber);
  t.not(seen[0], seen[1]);
  t.ok(termOf(leaf.current().certPem).notAfter < start + 30 * DAY);

  leaf.close();
  server.close();
});
