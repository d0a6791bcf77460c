import { hasCode } from '../../../src/errors.ts';
import type { Contact } from '../../../src/kube/contact.ts';

/** Whatever is not answered, watches are not either. */
export const CALLS = [{ path: '/api/v1/configmaps' }, { path: '/apis/apps/v1/deployments' }] as const;

/** Calls to an API server in memory, of which everybody hears whether they were answered. */
export function callsOf(contact: Contact): <T>(run: () => Promise<T>) => Promise<T> {
  return async (run) => {
    try {
      const answer = await run();
      contact.heard(CALLS[0], 200);
      return answer;
    } catch (error) {
      const status = hasCode(error, 'RESTAMP_KUBE_UNAVAILABLE') ? 0 : 400;
      for (const call of CALLS) contact.heard(call, status);
      throw error;
    }
  };
}
