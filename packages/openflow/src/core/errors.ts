import { type ErrorDetail, LinecardError } from '@linecard/wire';

/** `type` and `code` of an OFPT_ERROR, packed as `type << 16 | code`. */
export type ErrorPair = number;

/**
 * The error pairs that a decoder answers with. Types and codes are those of `enum ofp_error_type` and its code enums
 * (OpenFlow 1.3.5 section 7.4.4); the requests' and actions' pairs are the same in 1.0 (section 5.4.4).
 */
export const errorPairs = {
  badVersion: (1 << 16) | 0,
  badType: (1 << 16) | 1,
  badMultipart: (1 << 16) | 2,
  badLength: (1 << 16) | 6,
  badActionLength: (2 << 16) | 1,
  badActionArgument: (2 << 16) | 5,
  badInstructionLength: (3 << 16) | 7,
  badMatchType: (4 << 16) | 0,
  badMatchLength: (4 << 16) | 1,
  badMeterBand: (12 << 16) | 8,
  badPropertyLength: (14 << 16) | 1,
} as const;

/** Bytes that are not a message of their protocol version, with what an OFPT_ERROR reply to them says. */
export class OpenFlowDecodeError extends LinecardError {
  /** `type` of the OFPT_ERROR to reply with. */
  readonly errorType: number;
  /** `code` of the OFPT_ERROR to reply with. */
  readonly errorCode: number;

  constructor(pair: ErrorPair, message: string, detail: ErrorDetail = {}) {
    super('LC_PROTOCOL', message, detail);
    this.name = 'OpenFlowDecodeError';
    this.errorType = pair >>> 16;
    this.errorCode = pair & 0xffff;
  }
}

/** A value that cannot be written: the caller's mistake. */
export function invalid(message: string, hint?: string): LinecardError {
  return new LinecardError('LC_INVALID', `cannot encode: ${message}`, hint === undefined ? {} : { hint });
}
