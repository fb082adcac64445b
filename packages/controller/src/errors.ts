import { errorName, type MessageOf } from '@linecard/openflow';
import { LinecardError } from '@linecard/wire';

/** An OFPT_ERROR that a switch answered with. */
export class OpenFlowError extends LinecardError {
  /** `type` of the error message. */
  readonly errorType: number;
  /** `code` of the error message; what it means depends on the type. */
  readonly errorCode: number;

  constructor(what: string, error: MessageOf<'error'>) {
    super('LC_PROTOCOL', `the switch refused ${what}: ${nameOf(error)}`);
    this.name = 'OpenFlowError';
    this.errorType = error.error_type;
    this.errorCode = error.error_code;
  }
}

/** The error of a request whose connection is gone. */
export function closedError(what: string, cause?: unknown): LinecardError {
  return new LinecardError('LC_CLOSED', `the connection to the switch was closed while waiting for ${what}`, { cause });
}

/** A connection that broke or never came about. What OpenSSL says has its `reason` among much else. */
export function lostError(what: string, cause: Error & { readonly reason?: unknown }): LinecardError {
  const reason = typeof cause.reason === 'string' ? cause.reason : cause.message;
  return new LinecardError('LC_CLOSED', `${what}: ${reason}`, { cause });
}

/** The name of an error message, as `OFPFMFC_TABLE_FULL`. */
export function nameOf(error: MessageOf<'error'>): string {
  return errorName(error.version, error.error_type, error.error_code, error.data);
}
