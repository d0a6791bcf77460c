import { readFileSync } from 'node:fs';

/** What a run of tests came to. */
export type Count = { readonly passed: number; readonly failed: number };

export type TapReportOptions = {
  /** Takes one line without its end. */
  readonly write: (line: string) => void;
  /** Reads a test file, to count what it would have run; undefined if it is not there. */
  readonly read?: (file: string) => string | undefined;
};

/** A file that died says why on stderr; more than this is a log, not a reason. */
const KEPT_LINES = 40;

/**
 * Turns tap's own format into a line for each rule. A rule is a test inside a file. A file that dies takes its rules
 * with it: those that it did not come to count as failed, and what it said last is shown.
 */
export class TapReport {
  readonly #write: (line: string) => void;
  readonly #read: (file: string) => string | undefined;
  /** What was written to stderr since a file ended last: two files may run at once. */
  #said: string[] = [];
  #passed = 0;
  #failed = 0;
  #file = '';
  #inFile: Count = { passed: 0, failed: 0 };
  /** What follows explains a failure. */
  #explains = false;

  constructor({ write, read = readText }: TapReportOptions) {
    this.#write = write;
    this.#read = read;
  }

  /** Takes a line of a file's stderr. */
  stderr(line: string): void {
    this.#said = [...this.#said, line].slice(-KEPT_LINES);
  }

  /** Takes a line of tap's output. */
  line(line: string): void {
    const file = /^# Subtest: (.*)$/.exec(line)?.[1];
    if (file !== undefined) this.#begin(file);
    const [, is, title] = /^ {4}(not ok|ok) \d+ - (.*?)( #.*)?$/.exec(line) ?? [];
    const [, end] = /^(not ok|ok) \d+ - /.exec(line) ?? [];
    if (is !== undefined) this.#rule(is === 'ok', title ?? '');
    else if (end !== undefined) this.#endFile(end === 'ok', line);
    else {
      // What an assertion found stands below it, deeper than the rule.
      if (/^\s+(not ok|ok) \d/.test(line)) this.#explains = /^\s+not/.test(line);
      if (this.#explains) this.#write(line);
    }
  }

  /** Ends the run; `code` is tap's exit code. A run that failed without a failing test must not look green. */
  end(code: number | null): Count {
    if (code !== 0 && this.#failed === 0) {
      this.#count(0, 1);
      this.#write(`  FAILED the run itself: exit code ${code}`);
      for (const said of this.#said) this.#write(`  | ${said}`);
    }
    return { passed: this.#passed, failed: this.#failed };
  }

  #begin(file: string): void {
    this.#file = file;
    this.#inFile = { passed: 0, failed: 0 };
    this.#explains = false;
  }

  #rule(ok: boolean, title: string): void {
    this.#count(Number(ok), Number(!ok));
    this.#write(`${ok ? '  ok    ' : '  FAILED'} ${this.#file}: ${title}`);
    this.#explains = !ok;
  }

  #endFile(ok: boolean, line: string): void {
    this.#explains = !ok;
    const { passed, failed } = this.#inFile;
    if (!ok) {
      this.#write(line);
      const missing = Math.max(declared(this.#read(this.#file) ?? '') - passed - failed, 0);
      // A file that fails as a whole, while each of its tests holds, has died.
      const died = failed === 0 || missing > 0;
      const lost = died ? Math.max(missing, failed === 0 ? 1 : 0) : 0;
      this.#count(0, lost);
      if (lost > 0) this.#write(`  FAILED ${this.#file}: it died; ${lost} of its rules did not run`);
      if (died) for (const said of this.#said) this.#write(`  | ${said}`);
    }
    this.#said = [];
  }

  #count(passed: number, failed: number): void {
    this.#passed += passed;
    this.#failed += failed;
    this.#inFile = { passed: this.#inFile.passed + passed, failed: this.#inFile.failed + failed };
  }
}

/** How many tests a file declares at its top, or in a loop there: at least so many rules would have run. */
function declared(text: string): number {
  return text.match(/^ {0,2}(?:await )?t\.test\(/gm)?.length ?? 0;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
