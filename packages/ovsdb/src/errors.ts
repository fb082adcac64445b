import { LinecardError } from '@linecard/wire';

/** The operation of a transaction that the server refused. */
export interface FailedOperation {
  /** Its position in the transaction, from 0. */
  readonly index: number;
  /** `insert`, `wait`, ... */
  readonly op: string;
  readonly table: string | undefined;
}

/** What ovsdb-server answered instead of a result (RFC 7047, section 3.1 `<error>`). Its code is `LC_OVSDB`. */
export class OvsdbError extends LinecardError {
  /** The server's short error, such as `constraint violation`, `timed out` or `unknown database`. */
  readonly error: string;
  /** The server's explanation. */
  readonly details: string | undefined;
  /** The operation that failed; undefined when the transaction failed as a whole, or outside of transactions. */
  readonly operation: FailedOperation | undefined;

  constructor(what: string, answer: unknown, operation?: FailedOperation) {
    const { error, details } = readAnswer(answer);
    super('LC_OVSDB', `${what}: ${error}${details === undefined ? '' : ` (${details})`}`);
    this.error = error;
    this.details = details;
    this.operation = operation;
  }
}

function readAnswer(answer: unknown): { error: string; details: string | undefined } {
  if (typeof answer === 'string') return { error: answer, details: undefined };
  if (typeof answer === 'object' && answer !== null) {
    const { error, details } = answer as { error?: unknown; details?: unknown };
    if (typeof error === 'string') return { error, details: typeof details === 'string' ? details : undefined };
  }
  return { error: JSON.stringify(answer), details: undefined };
}
