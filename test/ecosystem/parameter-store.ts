import { installParameterStore } from './build.ts';
import { findPort } from '../controlplane/ports.ts';
import type { HasTeardown } from '../controlplane/shared.ts';
import { startProgram } from './program.ts';

/** An AWS Parameter Store on loopback. */
export type ParameterStore = {
  readonly url: string;
  /** Sets a parameter. */
  put(name: string, value: string): Promise<void>;
};

export const REGION = 'us-east-1';

/** moto looks at no signature, only at the service that it names. */
const AUTHORIZATION = `AWS4-HMAC-SHA256 Credential=any/20260101/${REGION}/ssm/aws4_request, SignedHeaders=host, Signature=0`;

/** Starts a Parameter Store that ends with the test. */
export const startParameterStore = async (t: HasTeardown): Promise<ParameterStore> => {
  const port = await findPort();
  const url = `http://127.0.0.1:${port}`;
  await startProgram(t, {
    file: await installParameterStore(),
    args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
    ready: `${url}/moto-api/`,
  });
  return {
    url,
    put: async (name, value) => {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          Authorization: AUTHORIZATION,
          'Content-Type': 'application/x-amz-json-1.1',
          'X-Amz-Target': 'AmazonSSM.PutParameter',
        },
        body: JSON.stringify({ Name: name, Value: value, Type: 'SecureString', Overwrite: true }),
      });
      if (!answer.ok) throw new Error(`PutParameter ${name}: ${answer.status} ${await answer.text()}`);
    },
  };
};
