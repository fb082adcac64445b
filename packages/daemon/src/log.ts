import { explain, LinecardError } from '@linecard/wire';
import { type Logger, pino } from 'pino';

/** JSON lines for programs, or lines for people. */
export type LogFormat = 'json' | 'text';

/** The levels of the log, the quiet ones first. */
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Where a log is written to. */
export interface LogSink {
  write(line: string): void;
  /** Writes what waits, and calls back when that is done. */
  flush?(done: () => void): void;
}

/** How long, in ms, a line waits for others: a write costs a tenth of what a call of Docker's does, and two make an attach. */
const gatherMs = 100;
/** More characters than this do not wait. */
const longestWait = 8192;

/** Standard output, written by another thread, because a reader that is slow must not hold up the daemon. */
function standardOutput(): LogSink {
  const output = pino.destination({ dest: 1, sync: false, minLength: longestWait });
  let isDue = false;
  const flush = () => {
    isDue = false;
    output.flush();
  };
  return {
    write: (line) => {
      output.write(line);
      if (!isDue) setTimeout(flush, gatherMs);
      isDue = true;
    },
    flush: (done) => output.flush(done),
  };
}

/** A log; to standard output without a sink. */
export function createLogger(format: LogFormat, level: LogLevel, sink?: LogSink): Logger {
  const output = sink ?? standardOutput();
  const options = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  if (format === 'json') return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, output);
  return pino(options, { ...output, write: (line: string) => void output.write(textLine(line)) });
}

/** `12:34:56.789 info  message key=value`, and a stack on lines of its own. */
export function textLine(json: string): string {
  const { level, time, msg, stack, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const ms = String(Number(time) % 1000).padStart(3, '0');
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${fieldText(value)}`);
  const more = typeof stack === 'string' ? `\n${stack.replace(/^/gm, '    ')}` : '';
  return `${clock}.${ms} ${String(level).padEnd(5)} ${msg}${fields.join('')}${more}\n`;
}

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** The fields that tell of an error: its code and, when it is a fault of ours or has a cause, the stack. */
export function errorFields(error: unknown): Record<string, unknown> {
  const text = explain(error);
  if (error instanceof LinecardError) return { code: error.code, error: text };
  return { error: text, ...(error instanceof Error ? { stack: error.stack } : {}) };
}
