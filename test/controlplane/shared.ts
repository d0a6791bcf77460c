import { connect, type Connection } from './connection.ts';
import { startControlPlane } from './controlplane.ts';

/** The part of a tap test that is needed here. */
export type HasTeardown = { readonly teardown: (end: () => unknown) => unknown };

/**
 * The control plane that the test run shares: the one in the folder RESTAMP_TEST_CONTROLPLANE, else one of this test file's own,
 * which ends with `t`. Work in a namespace of your own (`freshNamespace`), and never stop or freeze what is shared.
 */
export const sharedControlPlane = async (t: HasTeardown): Promise<Connection> => {
  const dir = process.env['RESTAMP_TEST_CONTROLPLANE'];
  if (dir !== undefined && dir !== '') {
    const connection = await connect(dir);
    t.teardown(() => connection.close());
    return connection;
  }
  const own = await startControlPlane({ also: ['helm'] });
  t.teardown(() => own.stop());
  return own;
};
