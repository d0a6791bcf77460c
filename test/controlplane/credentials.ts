import { generateKeyPair, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const users = ['admin', 'restamp'] as const;
/** The users of the control plane: the driver, and the server under test. */
export type User = (typeof users)[number];

/** Groups of each user. `restamp` has no rights but those that are bound to it. */
const groups: Readonly<Record<User, string>> = { admin: 'system:masters', restamp: 'restamp' };

/** What the API server and the clients need. Paths, except the tokens. */
export type Credentials = {
  readonly saKey: string;
  readonly saPub: string;
  readonly tokensFile: string;
  readonly tokens: Readonly<Record<User, string>>;
};

const unlessMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
};

/** Makes the keys and tokens of the folder `dir`, or reads those that it has. */
export const ensureCredentials = async (dir: string): Promise<Credentials> => {
  const saKey = join(dir, 'sa.key');
  const saPub = join(dir, 'sa.pub');
  const tokensFile = join(dir, 'tokens.csv');
  let text = await readFile(tokensFile, 'utf8').catch(unlessMissing);
  if (text === undefined) {
    const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
    await writeFile(saKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await writeFile(saPub, publicKey.export({ type: 'spki', format: 'pem' }));
    text = users
      .map((user) => `${randomBytes(24).toString('hex')},${user},${user},${groups[user]}\n`)
      .join('');
    await writeFile(tokensFile, text, { mode: 0o600 });
  }
  const token = (user: User): string =>
    text
      .split('\n')
      .find((line) => line.split(',')[1] === user)
      ?.split(',')[0] ?? '';
  return { saKey, saPub, tokensFile, tokens: { admin: token('admin'), restamp: token('restamp') } };
};

/** The path of a user's kubeconfig in `dir`. */
export const kubeconfigPath = (dir: string, user: User): string => join(dir, 'kubeconfigs', `${user}.yaml`);

/** Writes the kubeconfig of each user; the API server is trusted by its certificate, nothing is skipped. */
export const writeKubeconfigs = async (
  dir: string,
  url: string,
  ca: string,
  tokens: Credentials['tokens'],
): Promise<void> => {
  await mkdir(join(dir, 'kubeconfigs'), { recursive: true });
  for (const user of users) {
    const namespace = user === 'admin' ? 'default' : 'restamp';
    const text = [
      'apiVersion: v1',
      'kind: Config',
      `current-context: ${user}`,
      'clusters:',
      '- name: controlplane',
      '  cluster:',
      `    server: ${url}`,
      `    certificate-authority-data: ${Buffer.from(ca).toString('base64')}`,
      'users:',
      `- name: ${user}`,
      '  user:',
      `    token: ${tokens[user]}`,
      'contexts:',
      `- name: ${user}`,
      '  context:',
      '    cluster: controlplane',
      `    user: ${user}`,
      `    namespace: ${namespace}`,
      '',
    ].join('\n');
    await writeFile(kubeconfigPath(dir, user), text, { mode: 0o600 });
  }
};
