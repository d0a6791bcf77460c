import type { RestampError } from '../../src/errors.ts';
import { Faults } from '../../src/faults.ts';

/** Tells a test of each exception that a part contains. */
export function faultsTo(note: (error: RestampError) => unknown): Faults {
  return new Faults({ log: () => undefined, count: (error) => void note(error) });
}

/** For parts under test in which nothing unforeseen may happen: what is contained is thrown again, and so fails the test. */
export const noFaults = faultsTo((error) => {
  throw error;
});
