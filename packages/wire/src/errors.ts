/**
 * Every error that Linecard raises on purpose carries one of these stable codes, so that programs can branch on the
 * code while people read the message. docs/errors.md lists the same codes; a test holds the two together.
 */
export const errorCodes = {
  LC_INVALID: 'a value is malformed, out of range or contradicts another',
  LC_NOT_FOUND: 'a network, endpoint, container, bridge or interface does not exist',
  LC_CONFLICT: 'a name, number, address or interface belongs to somebody else',
  LC_TIMEOUT: 'an answer did not come within its deadline',
  LC_OVSDB_UNREACHABLE: 'ovsdb-server does not answer',
  LC_OVSDB: 'ovsdb-server refused a request',
  LC_OVS_PORT: 'ovs-vswitchd could not make a port',
  LC_KERNEL: 'the kernel refused a request',
  LC_COMMAND: 'a program that had to be run failed',
  LC_DOCKER: 'the Docker Engine refused a request or does not answer',
  LC_PROTOCOL: 'a peer sent something that its protocol does not allow',
  LC_CLOSED: 'the connection was closed while an answer was awaited',
} as const;

/** One of the stable codes of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;

/** What an error may say beyond its message. */
export interface ErrorDetail {
  /** What to do about it: one sentence for a person. */
  readonly hint?: string;
  /** The error beneath, kept for logs. */
  readonly cause?: unknown;
}

/**
 * The base of all deliberate errors. The message says what was tried, on what, and what the kernel, Open vSwitch or
 * Docker answered; the hint says what to do.
 */
export class LinecardError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'LinecardError';
    this.code = code;
    this.hint = detail.hint;
  }
}

/** The message of anything thrown, with its hint when it has one: what a user is shown. */
export function explain(error: unknown): string {
  if (error instanceof LinecardError && error.hint !== undefined) return `${error.message} (${error.hint})`;
  return error instanceof Error ? error.message : String(error);
}
