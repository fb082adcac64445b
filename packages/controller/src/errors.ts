import type { MessageOf } from '@linecard/openflow';
import { LinecardError } from '@linecard/wire';

/** An OFPT_ERROR that a switch answered with. */
export class OpenFlowError extends LinecardError {
  /** `type` of the error message. */
  readonly errorType: number;
  /** `code` of the error message; what it means depends on the type. */
  readonly errorCode: number;

  constructor(what: string, error: MessageOf<'error'>) {
    super('LC_PROTOCOL', `the switch refused ${what}: error type ${error.error_type}, code ${error.error_code}`);
    this.name = 'OpenFlowError';
    this.errorType = error.error_type;
    this.errorCode = error.error_code;
  }
}

/** The error of a request whose connection is gone. */
export function closedError(what: string, cause?: unknown): LinecardError {
  return new LinecardError('LC_CLOSED', `the connection to the switch was closed while waiting for ${what}`, { cause });
}
