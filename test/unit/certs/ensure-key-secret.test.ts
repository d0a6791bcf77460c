import fc from 'fast-check';
import t from 'tap';
import { issueCa } from '../../../certs/issue.ts';
import { blankKeySecret, fillKeySecret, readKeySecret } from '../../../certs/key-secret.ts';
import type { SecretObject } from '../../../certs/key-secret.ts';
import { createHmacKeys } from '../../../certs/keys.ts';
import { ensureKeySecret } from '../../../certs/ensure-key-secret.ts';
import type { SecretPort } from '../../../certs/ensure-key-secret.ts';
import { inspectCa } from '../../../certs/validity.ts';
import { hasCode, RestampError } from '../../../src/errors.ts';
import { leaksIn } from '../../support/certs/canary.ts';
import { memorySecrets } from '../../support/certs/memory-secrets.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22);
const options = { namespace: 'apps', name: 'restamp', now: NOW };

const material = { ca: await issueCa(NOW), hmac: createHmacKeys(), paths: createHmacKeys() };
const whole = fillKeySecret(blankKeySecret('apps', 'restamp'), material);
const without = (...keys: string[]): SecretObject => ({
  ...whole,
  data: Object.fromEntries(Object.entries(whole.data!).filter(([key]) => !keys.includes(key))),
});
const storedIn = (secrets: ReturnType<typeof memorySecrets>, now = NOW) =>
  readKeySecret(secrets.stored.get('apps/restamp')!, now);
const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

t.test('ensureKeySecret creates the Secret where there is none, and returns what it stored', async (t) => {
  const secrets = memorySecrets();
  const made = await ensureKeySecret(secrets, options);
  t.strictSame(storedIn(secrets), made);
  t.same(inspectCa(made.ca, NOW), { state: 'usable' });
  t.same(secrets.calls, ['read', 'create']);
});

t.test('ensureKeySecret adopts a whole Secret without a write', async (t) => {
  const secrets = memorySecrets(whole);
  t.strictSame(await ensureKeySecret(secrets, options), material);
  t.same(secrets.calls, ['read']);
});

t.test('ensureKeySecret completes a Secret and keeps the part that is there', async (t) => {
  t.test('the CA', async (t) => {
    const secrets = memorySecrets(without('hmac.json'));
    const made = await ensureKeySecret(secrets, options);
    t.strictSame(made.ca, material.ca);
    t.strictSame(storedIn(secrets), made);
  });

  t.test('the HMAC keys', async (t) => {
    const secrets = memorySecrets(without('ca.crt', 'ca.key'));
    const made = await ensureKeySecret(secrets, options);
    t.strictSame(made.hmac, material.hmac);
    t.strictSame(storedIn(secrets), made);
  });

  t.test('both, where an earlier version has made it, or the key of the addresses is damaged', async (t) => {
    for (const secret of [
      without('paths.json'),
      { ...whole, data: { ...whole.data, 'paths.json': 'AAAA' } },
    ]) {
      const secrets = memorySecrets(secret);
      const made = await ensureKeySecret(secrets, options);
      t.strictSame({ ...made, paths: undefined }, { ...material, paths: undefined });
      t.strictSame(storedIn(secrets), made);
    }
  });

  t.test('neither, where an operator made it empty', async (t) => {
    const secrets = memorySecrets(without('ca.crt', 'ca.key', 'hmac.json', 'paths.json'));
    t.strictSame(await ensureKeySecret(secrets, options), storedIn(secrets));
    t.same(secrets.calls, ['read', 'replace']);
  });
});

t.test('ensureKeySecret replaces a CA whose time is over, and no key with it', async (t) => {
  const secrets = memorySecrets(whole);
  const now = NOW + 3651 * DAY;
  const made = await ensureKeySecret(secrets, { ...options, now });
  t.same(inspectCa(made.ca, now), { state: 'usable' });
  t.strictSame(made.hmac, material.hmac);
  t.strictSame(storedIn(secrets, now), made);
});

t.test('ensureKeySecret never writes over what it cannot read', async (t) => {
  const damaged = [
    { ...whole, data: { ...whole.data, 'ca.key': 'AAAA' } },
    { ...whole, data: { ...whole.data, 'hmac.json': whole.data!['ca.key']! } },
    without('ca.key', 'hmac.json'),
  ];
  for (const secret of damaged) {
    const secrets = memorySecrets(secret);
    const error = await errorOf(ensureKeySecret(secrets, options));
    t.match(error, { code: /^RESTAMP_CERTS_(CA|KEY)_UNREADABLE$/, message: /Secret apps\/restamp/ });
    t.same(leaksIn(error, [material.ca.keyPem, material.hmac.current.key]), []);
    t.same(secrets.calls, ['read']);
  }
});

t.test('ensureKeySecret does not replace a CA because the clock is behind', async (t) => {
  const secrets = memorySecrets(whole);
  const error = await errorOf(ensureKeySecret(secrets, { ...options, now: NOW - DAY }));
  t.ok(hasCode(error, 'RESTAMP_CERTS_CA_UNREADABLE'));
  t.same(secrets.calls, ['read']);
});

t.test('ensureKeySecret gives up after a few tries when every one is lost', async (t) => {
  let writes = 0;
  const conflict = async (): Promise<never> => {
    writes += 1;
    throw new RestampError('RESTAMP_KUBE_CONFLICT', 'Secret apps/restamp');
  };
  for (const found of [undefined, without('hmac.json')]) {
    writes = 0;
    const port: SecretPort = { read: async () => found, create: conflict, replace: conflict };
    const error = await errorOf(ensureKeySecret(port, options));
    t.ok(hasCode(error, 'RESTAMP_CERTS_CONTENDED'));
    t.match(error, { detail: 'Secret apps/restamp, 5 tries' });
    t.equal(writes, 5);
    t.same(leaksIn(error, [material.ca.keyPem]), []);
  }
});

t.test('ensureKeySecret lets every other error through, at once', async (t) => {
  const forbidden = new RestampError('RESTAMP_KUBE_FORBIDDEN', 'create secrets');
  let reads = 0;
  const port: SecretPort = {
    read: async () => {
      reads += 1;
      return undefined;
    },
    create: () => Promise.reject(forbidden),
    replace: () => Promise.reject(forbidden),
  };
  t.equal(await errorOf(ensureKeySecret(port, options)), forbidden);
  t.equal(reads, 1);
});

t.test('ensureKeySecret keeps a change that somebody else made between its read and its write', async (t) => {
  const secrets = memorySecrets(without('hmac.json'));
  const meddled: SecretPort = {
    ...secrets,
    read: async (namespace, name) => {
      const found = await secrets.read(namespace, name);
      if (found !== undefined && found.metadata.labels?.['team'] === undefined) {
        await secrets.replace({
          ...found,
          metadata: { ...found.metadata, labels: { team: 'platform' } },
        });
      }
      return found;
    },
  };
  const made = await ensureKeySecret(meddled, options);
  t.strictSame(storedIn(secrets), made);
  t.match(secrets.stored.get('apps/restamp'), {
    metadata: { labels: { team: 'platform', 'app.kubernetes.io/name': 'restamp' } },
  });
});

t.test(
  'ensureKeySecret: replicas that start at once end with the same, however their calls fall',
  async () => {
    const starts: readonly (SecretObject | undefined)[] = [
      undefined,
      without('hmac.json'),
      without('ca.crt', 'ca.key'),
      without('paths.json'),
      without('ca.crt', 'ca.key', 'hmac.json', 'paths.json'),
    ];
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.constantFrom(...starts), async (scheduler, start) => {
        const secrets = memorySecrets(...(start === undefined ? [] : [start]));
        const port: SecretPort = {
          read: scheduler.scheduleFunction((namespace: string, name: string) =>
            secrets.read(namespace, name),
          ),
          create: scheduler.scheduleFunction((secret: SecretObject) => secrets.create(secret)),
          replace: scheduler.scheduleFunction((secret: SecretObject) => secrets.replace(secret)),
        };
        const replicas = [1, 2, 3].map(() => ensureKeySecret(port, options));
        const ends = (await scheduler.waitFor(Promise.all(replicas))).map((end) => JSON.stringify(end));
        return ends.every((end) => end === JSON.stringify(storedIn(secrets)));
      }),
      { numRuns: 15 },
    );
  },
);
