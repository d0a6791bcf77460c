import { hasCode, RestampError } from '../src/errors.ts';
import { issueCa } from './issue.ts';
import { blankKeySecret, fillKeySecret, readKeySecret } from './key-secret.ts';
import type { KeyMaterial, SecretObject } from './key-secret.ts';
import { createHmacKeys } from './keys.ts';
import type { HmacKeys } from './keys.ts';
import type { CertPair } from './validity.ts';

/**
 * What the key Secret needs of the API server. `create` of a name that is taken and `replace` with a
 * resourceVersion that is not the stored one both end in RESTAMP_KUBE_CONFLICT.
 */
export type SecretPort = {
  read(namespace: string, name: string): Promise<SecretObject | undefined>;
  create(secret: SecretObject): Promise<SecretObject>;
  replace(secret: SecretObject): Promise<SecretObject>;
};

/** Which Secret, and what time it is (milliseconds since 1970). */
export type KeySecretOptions = { readonly namespace: string; readonly name: string; readonly now: number };

/** A lost race is won by adopting what the other one wrote, so more than two tries are rare. */
const TRIES = 5;

/**
 * The CA and the keys of the key Secret: those that are there, else new ones, which are stored before they are
 * returned, so that all replicas end with the same. An expired CA is replaced; the rest of the Secret is kept.
 *
 * RESTAMP_CERTS_CA_UNREADABLE, RESTAMP_CERTS_KEY_UNREADABLE: what is there is damaged; it is never overwritten.
 * RESTAMP_CERTS_CONTENDED: somebody else wrote on every try. Other errors of the port pass through.
 */
export async function ensureKeySecret(port: SecretPort, options: KeySecretOptions): Promise<KeyMaterial> {
  const { namespace, name, now } = options;
  // What was made is kept for the next try: a lost race must not cost another RSA key.
  let ca: CertPair | undefined;
  let hmac: HmacKeys | undefined;
  let paths: HmacKeys | undefined;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await port.read(namespace, name);
    const kept = found === undefined ? {} : readKeySecret(found, now);
    if (isWhole(kept)) return kept;
    const whole = {
      ca: kept.ca ?? (ca ??= await issueCa(now)),
      hmac: kept.hmac ?? (hmac ??= createHmacKeys()),
      paths: kept.paths ?? (paths ??= createHmacKeys()),
    };
    if (await store(port, found, fillKeySecret(found ?? blankKeySecret(namespace, name), whole)))
      return whole;
  }
  throw new RestampError('RESTAMP_CERTS_CONTENDED', `Secret ${namespace}/${name}, ${TRIES} tries`);
}

const isWhole = (parts: Partial<KeyMaterial>): parts is KeyMaterial =>
  parts.ca !== undefined && parts.hmac !== undefined && parts.paths !== undefined;

/** False if somebody else was faster. */
async function store(
  port: SecretPort,
  found: SecretObject | undefined,
  wanted: SecretObject,
): Promise<boolean> {
  try {
    await (found === undefined ? port.create(wanted) : port.replace(wanted));
    return true;
  } catch (error) {
    if (hasCode(error, 'RESTAMP_KUBE_CONFLICT')) return false;
    throw error;
  }
}
