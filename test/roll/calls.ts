import { hasCode } from '../../src/errors.ts';
import type { Contact } from '../../src/kube/contact.ts';

/** Calls to an API server in memory, of which everybody hears whether they were answered. */
export function callsOf(contact: Contact): <T>(run: () => Promise<T>) => Promise<T> {
  return async (run) => {
    try {
      const answer = await run();
      contact.heard(200);
      return answer;
    } catch (error) {
      contact.heard(hasCode(error, 'RESTAMP_KUBE_UNAVAILABLE') ? 0 : 400);
      throw error;
    }
  };
}
