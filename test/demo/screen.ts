import { styleText } from 'node:util';

/** What the demo prints: one line a step, with its time where time is the point. */
export type Screen = {
  title(text: string): void;
  /** Runs a step and prints it with the seconds that it took. */
  step<T>(text: string, run: () => Promise<T>): Promise<T>;
  /** A command as a person would type it. */
  command(text: string): void;
  /** What a program said. */
  said(text: string): void;
  /** Something that happened so many milliseconds after the change. */
  moment(ms: number, text: string): void;
  note(text: string): void;
};

export function createScreen(out: NodeJS.WritableStream = process.stdout): Screen {
  const line = (text = ''): void => {
    out.write(`${text}\n`);
  };
  return {
    title: (text) => line(`\n${styleText('bold', text)}`),
    async step(text, run) {
      const started = performance.now();
      const result = await run();
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      line(`  ${styleText('green', '✓')} ${text} ${styleText('dim', `${seconds} s`)}`);
      return result;
    },
    command: (text) => line(`  ${styleText('cyan', `$ ${text}`)}`),
    said: (text) => {
      for (const one of text.trim().split('\n'))
        line(`    ${one.startsWith('Warning:') ? styleText('yellow', one) : one}`);
    },
    moment: (ms, text) => line(`  ${`+${Math.round(ms)} ms`.padStart(9)}  ${text}`),
    note: (text) => line(`  ${text}`),
  };
}
