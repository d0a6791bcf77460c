import { ERRORS } from '../error-table.ts';
import { RestampError } from '../errors.ts';

/** Names of what has not come yet, or what went wrong with it last. */
type Missing = () => readonly (string | RestampError | undefined)[];

/** A thousand namespaces have thousands of lists. */
const MOST_LINES = 10;

/** What a process awaits before it is ready, and what keeps it from that. */
export class Readiness {
  readonly #awaited = new Map<string, Missing>();

  /** From now on this keeps the process from being ready. */
  await(what: string, missing: Missing = () => []): void {
    this.#awaited.set(what, missing);
  }

  /** It keeps nobody any more. */
  done(what: string): void {
    this.#awaited.delete(what);
  }

  /** One line for each thing that is awaited, and for each cause that is known; none means ready. */
  get lines(): string[] {
    return [...this.#awaited].flatMap(([what, missing]) => {
      const causes = new Set(missing().flatMap((one) => (one === undefined ? [] : [causeOf(one)])));
      if (causes.size === 0) return [what];
      const more = causes.size > MOST_LINES ? [`… and ${causes.size - MOST_LINES} more`] : [];
      return [...[...causes].slice(0, MOST_LINES), ...more].map((cause) => `${what}: ${cause}`);
    });
  }
}

/** Of an error, the request alone: everybody may read this, and the API server's own words may quote what it was sent. */
function causeOf(missing: string | RestampError): string {
  if (!(missing instanceof RestampError)) return missing;
  const { code, detail } = missing;
  return `${code}: ${ERRORS[code].text}: ${detail.split(': ', 1)[0] ?? ''}`;
}
