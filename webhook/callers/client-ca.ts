import { readFileSync } from 'node:fs';
import type { Clock } from '../../src/clock.ts';
import { reasonOf, RestampError } from '../../src/errors.ts';

/** A mounted file is replaced within a minute or two of its Secret or ConfigMap. */
const LOOK_MS = 60_000;

export type ClientCaOptions = {
  readonly path: string;
  readonly clock: Clock;
  /** The file has another content. What this throws is told, and the content before counts on. */
  readonly onChange: (pem: string) => void;
  /** Called once for each content that does not do. */
  readonly onError: (error: unknown) => void;
};

/** Reads the file of --admission-client-ca; RESTAMP_CERTS_CLIENT_CA if it cannot be read. */
export function readClientCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new RestampError('RESTAMP_CERTS_CLIENT_CA', reasonOf(error));
  }
}

/** Follows the file, of which `now` was read; returns the function that ends it. */
export function followClientCa(now: string, { path, clock, onChange, onError }: ClientCaOptions): () => void {
  let last: string | undefined = now;
  let cancel: () => void = () => undefined;
  const look = (): void => {
    const before = last;
    try {
      last = undefined;
      last = readClientCa(path);
      if (last !== before) onChange(last);
    } catch (error) {
      if (last !== before) onError(error);
    }
    cancel = clock.after(LOOK_MS, look);
  };
  cancel = clock.after(LOOK_MS, look);
  return () => cancel();
}
