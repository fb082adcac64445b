import { type ErrorCode, errorCodes, LinecardError } from '@linecard/wire';
import { z } from 'zod';

/** What every refused request is answered with. */
export const errorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().exactOptional() }),
});
export type ErrorAnswer = z.output<typeof errorAnswer>;

const statuses: Readonly<Record<ErrorCode, number>> = {
  LC_INVALID: 400,
  LC_NOT_FOUND: 404,
  LC_CONFLICT: 409,
  LC_TIMEOUT: 504,
  LC_OVSDB_UNREACHABLE: 503,
  LC_OVSDB: 502,
  LC_OVS_PORT: 502,
  LC_KERNEL: 500,
  LC_COMMAND: 500,
  LC_DOCKER: 502,
  LC_PROTOCOL: 502,
  LC_CLOSED: 503,
};

/** The HTTP status and the body that say what went wrong; what is no {@link LinecardError} is a fault of ours: 500. */
export function toAnswer(error: unknown): { status: number; body: ErrorAnswer } {
  if (!(error instanceof LinecardError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: 500, body: { error: { code: 'LC_PROTOCOL', message: `a fault of Linecard itself: ${message}` } } };
  }
  const { code, message, hint } = error;
  return { status: statuses[code], body: { error: { code, message, ...(hint === undefined ? {} : { hint }) } } };
}

/** The error that a body speaks of, as it was thrown on the other side. */
export function fromAnswer(status: number, body: unknown): LinecardError {
  const read = errorAnswer.safeParse(body);
  if (!read.success) return new LinecardError('LC_PROTOCOL', `the daemon answered HTTP ${status} without an error`);
  const { code, message, hint } = read.data.error;
  const known = Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : 'LC_PROTOCOL';
  return new LinecardError(known, message, hint === undefined ? {} : { hint });
}
