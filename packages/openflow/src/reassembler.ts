import { LinecardError } from '@linecard/wire';
import type { MultipartReply, MultipartRequest } from './messages/types.js';

/** How much a {@link Reassembler} takes. */
export interface ReassemblerLimits {
  /** Parts of one exchange; default 100 000. */
  readonly parts?: number;
  /** Bytes of one exchange, as the caller counts them; default 256 MiB. */
  readonly bytes?: number;
  /** Exchanges that are incomplete at the same time; default 64. */
  readonly exchanges?: number;
}

type Multipart = MultipartReply | MultipartRequest;

interface Exchange {
  readonly first: Multipart;
  readonly bodies: unknown[];
  parts: number;
  bytes: number;
}

/**
 * Puts the parts of multipart messages together (OpenFlow 1.3.5 section 7.3.5): parts of one exchange have the same
 * xid and kind, all but the last have `more`. Bounded in every direction; forgets an exchange that breaks a bound.
 */
export class Reassembler {
  readonly #exchanges = new Map<number, Exchange>();
  readonly #parts: number;
  readonly #bytes: number;
  readonly #most: number;

  constructor({ parts = 100_000, bytes = 0x1000_0000, exchanges = 64 }: ReassemblerLimits = {}) {
    this.#parts = parts;
    this.#bytes = bytes;
    this.#most = exchanges;
  }

  /** How many exchanges are incomplete. */
  get pending(): number {
    return this.#exchanges.size;
  }

  /**
   * Takes one message of `size` bytes; returns the whole message when it was the last of its exchange. Lists are joined,
   * bodies that are no lists stay as in the first part. Throws `LC_PROTOCOL` when a bound is broken or the kind changes.
   */
  push<M extends Multipart>(message: M, size: number): M | undefined {
    const known = this.#exchanges.get(message.xid);
    if (known === undefined && !message.more) return message;
    const exchange = known ?? this.#open(message);
    this.#check(exchange, message, size);
    // A loop, not push(...body): a part can hold more entries than a call takes arguments.
    if (Array.isArray(message.body)) for (const entry of message.body) exchange.bodies.push(entry);
    if (message.more) return undefined;
    this.#exchanges.delete(message.xid);
    return { ...exchange.first, more: false, body: whole(exchange) } as M;
  }

  /** Forgets the exchange of `xid`: its request timed out. */
  forget(xid: number): void {
    this.#exchanges.delete(xid);
  }

  #open(message: Multipart): Exchange {
    if (this.#exchanges.size >= this.#most) {
      throw new LinecardError('LC_PROTOCOL', `more than ${this.#most} multipart exchanges are incomplete at once`);
    }
    const exchange: Exchange = { first: message, bodies: [], parts: 0, bytes: 0 };
    this.#exchanges.set(message.xid, exchange);
    return exchange;
  }

  #check(exchange: Exchange, message: Multipart, size: number): void {
    exchange.parts++;
    exchange.bytes += size;
    const { first } = exchange;
    if (first.type !== message.type || first.kind !== message.kind) {
      this.#refuse(message, `is ${message.kind} after ${first.kind}`);
    }
    if (exchange.parts > this.#parts) this.#refuse(message, `has more than ${this.#parts} parts`);
    if (exchange.bytes > this.#bytes) this.#refuse(message, `has more than ${this.#bytes} bytes`);
  }

  #refuse(message: Multipart, why: string): never {
    this.#exchanges.delete(message.xid);
    throw new LinecardError('LC_PROTOCOL', `a multipart exchange (xid 0x${message.xid.toString(16)}) ${why}`);
  }
}

function whole({ first, bodies }: Exchange): unknown {
  return Array.isArray(first.body) ? bodies : first.body;
}
