import { writeSync } from 'node:fs';
import { faultText, RestampError } from './errors.ts';
import { keepNewest } from './keep-newest.ts';

export type FaultsOptions = {
  readonly log: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  /** Called for each exception, logged or not. */
  readonly count: (error: RestampError) => void;
};

/** So many subjects are remembered; a fault of one that was forgotten is logged again. */
const REMEMBERED = 1_000;

/**
 * Contains exceptions that no rule foresees. Each concerns the one thing that was being handled: a workload, a source,
 * a record, a timer. It is counted each time and logged once, and everything else goes on.
 */
export class Faults {
  readonly #options: FaultsOptions;
  /** What was logged last of each subject. */
  readonly #logged = new Map<string, string>();

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  /** Does some work for `subject`; undefined if it threw, which is reported. */
  contain<T>(subject: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#report(subject, asFault(subject, error));
      return undefined;
    }
  }

  /** What was thrown while `subject` was handled: an error of the table is left to its handler, any other is reported. */
  caught(subject: string, error: unknown): RestampError {
    if (error instanceof RestampError) return error;
    const fault = asFault(subject, error);
    this.#report(subject, fault);
    return fault;
  }

  #report(subject: string, error: RestampError): void {
    const { log, count } = this.#options;
    count(error);
    if (this.#logged.get(subject) === error.message) return;
    keepNewest(this.#logged, subject, error.message, REMEMBERED);
    const { code, remedy, cause } = error;
    log({ code, remedy, subject, stack: framesOf(cause) }, error.message);
  }
}

function asFault(subject: string, error: unknown): RestampError {
  if (error instanceof RestampError) return error;
  return new RestampError('RESTAMP_INTERNAL_FAULT', `${subject}: ${faultText(error)}`, { cause: error });
}

/** Where an error was thrown: the frames alone, because what stands above them may quote data. */
function framesOf(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, 8);
}

/**
 * Ends the process by what has escaped every scope, with one line of JSON on stderr, whatever the log's format is. Nobody
 * can tell what was left undone; the next process begins from what is stored.
 */
export function endByFault(error: unknown): never {
  const line = {
    level: 'fatal',
    time: new Date().toISOString(),
    msg: 'Restamp ends: it met a fault that it cannot contain',
    code: 'RESTAMP_INTERNAL_FAULT',
    error: faultText(error),
    stack: framesOf(error),
  };
  // After the lines of the log that still wait, which are written when the process exits.
  process.once('exit', () => writeSync(process.stderr.fd, `${JSON.stringify(line)}\n`));
  process.exit(1);
}
