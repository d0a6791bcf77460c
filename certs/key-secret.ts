import { RestampError } from '../src/errors.ts';
import { parseHmacKeys, serialiseHmacKeys } from './keys.ts';
import type { HmacKeys } from './keys.ts';
import { inspectCa } from './validity.ts';
import type { CertPair } from './validity.ts';

/** The parts of a Secret that are looked at here. What else a read brings is written back as it came. */
export type SecretObject = {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly type?: string;
  /** base64, as on the wire. */
  readonly data?: Readonly<Record<string, string>>;
};

/** What all replicas share: `paths` are the keys of the addresses at which reviews come in. */
export type KeyMaterial = { readonly ca: CertPair; readonly hmac: HmacKeys; readonly paths: HmacKeys };

const CA_CERT = 'ca.crt';
const CA_KEY = 'ca.key';
const HMAC = 'hmac.json';
const PATHS = 'paths.json';
const LABELS = { 'app.kubernetes.io/name': 'restamp' };
const ANNOTATIONS = {
  'kubernetes.io/description':
    'The CA and the addresses of the webhooks of Restamp, and the keys of its stamps, shared by its replicas. ' +
    'If it is deleted, new ones are made at the next start, and the baselines of all workloads are taken again.',
};

/** Name of the key Secret of an installation. */
export function keySecretName({ instance }: { readonly instance: string }): string {
  return `${instance}-keys`;
}

/** A key Secret that holds nothing yet. */
export function blankKeySecret(namespace: string, name: string): SecretObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, type: 'Opaque' };
}

/**
 * What of the Secret is in force at `now` (milliseconds since 1970): a part that is absent or empty, and a CA
 * whose time is over, is left out. RESTAMP_CERTS_CA_UNREADABLE or RESTAMP_CERTS_KEY_UNREADABLE, which name the
 * Secret and the data key, if a part is there but does not do. A key of addresses that does not do is left out like one
 * that is absent: with a new one nothing is lost.
 */
export function readKeySecret(secret: SecretObject, now: number): Partial<KeyMaterial> {
  const where = `Secret ${secret.metadata.namespace}/${secret.metadata.name}`;
  const ca = readCa(secret, where, now);
  const keys = textOf(secret, HMAC);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(keys === '' ? {} : { hmac: parseHmacKeys(keys, `${where}, data key ${HMAC}`) }),
    ...readUsablePaths(secret),
  };
}

/** `secret` with these keys of the addresses; the rest stays. */
export function withPathKeys(secret: SecretObject, paths: HmacKeys): SecretObject {
  return { ...secret, data: { ...secret.data, [PATHS]: toBase64(serialiseHmacKeys(paths)) } };
}

/** The keys of the addresses; undefined if there are none. RESTAMP_CERTS_KEY_UNREADABLE if they do not do. */
export function readPathKeys(secret: SecretObject): HmacKeys | undefined {
  const { namespace, name } = secret.metadata;
  const text = textOf(secret, PATHS);
  return text === '' ? undefined : parseHmacKeys(text, `Secret ${namespace}/${name}, data key ${PATHS}`);
}

function readUsablePaths(secret: SecretObject): Pick<Partial<KeyMaterial>, 'paths'> {
  try {
    const paths = readPathKeys(secret);
    return paths === undefined ? {} : { paths };
  } catch {
    return {};
  }
}

/** `secret` with these keys; the rest stays, the resourceVersion above all: it is the lock. */
export function fillKeySecret(secret: SecretObject, { ca, hmac, paths }: KeyMaterial): SecretObject {
  const { metadata } = secret;
  return {
    ...secret,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...LABELS },
      annotations: { ...metadata.annotations, ...ANNOTATIONS },
    },
    data: {
      ...secret.data,
      [CA_CERT]: toBase64(ca.certPem),
      [CA_KEY]: toBase64(ca.keyPem),
      [HMAC]: toBase64(serialiseHmacKeys(hmac)),
      [PATHS]: toBase64(serialiseHmacKeys(paths)),
    },
  };
}

function readCa(secret: SecretObject, where: string, now: number): CertPair | undefined {
  const fail = (reason: string): never => {
    throw new RestampError('RESTAMP_CERTS_CA_UNREADABLE', `${where}, ${reason}`);
  };
  const pair = { certPem: textOf(secret, CA_CERT), keyPem: textOf(secret, CA_KEY) };
  if (pair.certPem === '' && pair.keyPem === '') return undefined;
  // Half a CA is no absent CA: the other half may be in somebody's copy.
  if (pair.certPem === '') return fail(`data key ${CA_CERT}: it is absent although ${CA_KEY} is there`);
  if (pair.keyPem === '') return fail(`data key ${CA_KEY}: it is absent although ${CA_CERT} is there`);
  const found = inspectCa(pair, now);
  if (found.state === 'unusable') return fail(`data keys ${CA_CERT} and ${CA_KEY}: ${found.reason}`);
  return found.state === 'usable' ? pair : undefined;
}

const toBase64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

const textOf = (secret: SecretObject, key: string): string =>
  Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
