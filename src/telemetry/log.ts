import { Writable } from 'node:stream';
import pino, { type DestinationStream } from 'pino';
import type { LogLevel } from '../config/reloader-settings.ts';
import { reasonOf } from '../errors.ts';

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The log. Fields are names, codes and counts; nothing that could hold a value of a source is ever passed in. */
export type Log = {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  /** The audit log: written whatever the log level is. */
  readonly audit: Write;
};

/** Reloader's spellings of --log-level (reloader.md 3.1), in pino's words. */
const LEVELS: Readonly<Record<LogLevel, string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  warn: 'warn',
  error: 'error',
  fatal: 'fatal',
  panic: 'fatal',
};

export type LogOptions = {
  readonly level: string;
  /** `json`: one JSON object a line. Empty: Reloader's text, with our fields after the message. */
  readonly format: 'json' | '';
  readonly destination?: DestinationStream;
  /** A line was lost because whoever reads the log has fallen too far behind. */
  readonly onDropped?: () => void;
};

/** What waits for a reader of the log that is slow or stuck: more is lost and counted, as nobody may wait for it. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

export function createLog({ level, format, destination, onDropped }: LogOptions): Log {
  const out = destination ?? stderr(onDropped);
  const stream = format === 'json' ? out : asText(out);
  const options = {
    messageKey: 'msg',
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    // The library's own way with an error prints its properties and those of its causes.
    serializers: { err: reasonOf },
    formatters: { level: (label: string) => ({ level: label === 'warn' ? 'warning' : label }) },
  };
  const log = pino(
    { ...options, level: Object.hasOwn(LEVELS, level) ? LEVELS[level as LogLevel] : 'info' },
    stream,
  );
  const audit = pino({ ...options, level: 'info' }, stream);
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    audit: (fields, message) => audit.info(fields, message),
  };
}

/** A full pipe must stop neither a review nor the Lease: lines wait in memory, and are written when it empties or at the end. */
function stderr(onDropped: () => void = () => undefined): DestinationStream {
  const stream = pino.destination({ dest: 2, sync: false, maxLength: MAX_UNREAD_BYTES });
  stream.on('drop', onDropped);
  // A pipe that nobody reads any more: there is nothing to say it to.
  stream.on('error', () => undefined);
  return stream;
}

/** Rewrites pino's JSON as logrus writes text: `time="…" level=info msg="…"`, then our fields. */
function asText(out: DestinationStream): DestinationStream {
  return new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      const { level, time, msg, ...fields } = JSON.parse(chunk) as Record<string, unknown>;
      const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${textOf(value)}`);
      out.write(
        `time=${JSON.stringify(time)} level=${String(level)} msg=${JSON.stringify(msg)}${rest.join('')}\n`,
      );
      done();
    },
  });
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@-]+$/.test(text) ? text : JSON.stringify(text);
}
