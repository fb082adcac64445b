import { LinecardError } from '@linecard/wire';

/**
 * Stands for the UUID of a row that a transaction will insert (RFC 7047, section 3.1 `<named-uuid>`). Other operations
 * of the same transaction may use it wherever they want a UUID; after the commit the result knows the real one.
 */
export class NamedRef {
  readonly #owner: object;
  readonly #name: string;
  /** The position of the insert in its transaction. */
  readonly operation: number;

  constructor(owner: object, name: string, operation: number) {
    this.#owner = owner;
    this.#name = name;
    this.operation = operation;
  }

  /** The name on the wire. Throws `LC_INVALID` in any transaction but its own, where the name means nothing. */
  nameFor(owner: object | undefined): string {
    if (owner !== this.#owner) {
      throw new LinecardError('LC_INVALID', `row "${this.#name}" was inserted by another transaction`, {
        hint: 'use the UUID from the result of that transaction',
      });
    }
    return this.#name;
  }
}
