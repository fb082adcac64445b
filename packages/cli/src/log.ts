import { explain, LinecardError } from '@linecard/wire';
import type { Colour, Paint } from './output.js';
import { painter } from './output.js';

/** A log for the person before the screen. */
export interface ReadableLog {
  info(message: string): void;
  warn(message: string): void;
  /** An error that is no {@link LinecardError} comes with its stack: it is somebody's mistake in a program. */
  error(message: string, error: unknown): void;
}

/** `12:34:56.789  message` on standard error, coloured on a terminal. */
export function readableLog(): ReadableLog {
  const paint: Paint = painter(process.stderr, process.env);
  const line = (message: string, colour?: Colour) => {
    const clock = new Date();
    const ms = String(clock.getMilliseconds()).padStart(3, '0');
    process.stderr.write(`${clock.toTimeString().slice(0, 8)}.${ms}  ${paint(message, colour)}\n`);
  };
  return {
    info: (message) => line(message),
    warn: (message) => line(message, 'yellow'),
    error: (message, error) => {
      const stack = error instanceof LinecardError || !(error instanceof Error) ? undefined : error.stack;
      line(`${message}: ${stack ?? explain(error)}`, 'red');
    },
  };
}
