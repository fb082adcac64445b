import { type ErrorPair, errorPairs, OpenFlowDecodeError } from './errors.js';
import { joinHalves } from './wide.js';

/** One byte that the values do not express: its offset in the message and what stood there. */
export type Slack = readonly [offset: number, byte: number];

/** Types that the version does not have (1.0: match and later; before 1.4: properties) become a bad request. */
function spokenPair(pair: ErrorPair, version: number): ErrorPair {
  const last = version === 1 ? 2 : version < 5 ? 13 : 17;
  return pair >>> 16 > last ? errorPairs.badLength : pair;
}

const maximumDepth = 40;

/**
 * Reads one message. Unlike the wire room's reader it carries what the tables need to know (the version, the error
 * that a short read means here) and narrows to a part by moving `end`, so that no object is made per part.
 */
export class Reader {
  readonly bytes: Uint8Array;
  version: number;
  /** Offset of the next read. */
  at: number;
  /** Reads never go beyond; parts with a length of their own lower it for a while. */
  end: number;
  /** What a short read or a wrong length means in this part of the message. */
  lengthError: ErrorPair = errorPairs.badLength;
  /** Non-zero padding and the like, see `Message.slack`. */
  slack: Slack[] | undefined = undefined;
  /** A length that was read ahead of the part that it measures, see `slot`. */
  slot = 0;
  /** Reads a whole message that lies in this one: what bundles hold. */
  readonly readMessage: (r: Reader) => unknown;
  #depth = 0;

  constructor(bytes: Uint8Array, readMessage: (r: Reader) => unknown) {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
    this.version = bytes[0] ?? 0;
    this.readMessage = readMessage;
  }

  /** How many bytes this part has left. */
  get left(): number {
    return this.end - this.at;
  }

  fail(message: string, pair: ErrorPair = this.lengthError): never {
    throw new OpenFlowDecodeError(
      spokenPair(pair, this.version),
      `${message} at offset ${this.at} of an OpenFlow message`,
    );
  }

  #short(count: number): never {
    return this.fail(`truncated: ${count} bytes wanted, ${this.left} left`);
  }

  u8(): number {
    const at = this.at;
    if (at >= this.end) this.#short(1);
    this.at = at + 1;
    return this.bytes[at]!;
  }

  u16(): number {
    const at = this.at;
    if (at + 2 > this.end) this.#short(2);
    this.at = at + 2;
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  u24(): number {
    const at = this.at;
    if (at + 3 > this.end) this.#short(3);
    this.at = at + 3;
    return (this.bytes[at]! << 16) | (this.bytes[at + 1]! << 8) | this.bytes[at + 2]!;
  }

  u32(): number {
    const at = this.at;
    if (at + 4 > this.end) this.#short(4);
    this.at = at + 4;
    const b = this.bytes;
    return ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
  }

  /** 48 bits, exact in a number: a MAC address as a key that needs no object. */
  u48(): number {
    const high = this.u16();
    return high * 0x1_0000_0000 + this.u32();
  }

  u64(): bigint {
    const high = this.u32();
    const low = this.u32();
    return high === 0 && low === 0 ? 0n : joinHalves(high, low);
  }

  /** The next `count` bytes as a view without a copy. */
  take(count: number): Uint8Array {
    const at = this.at;
    if (count < 0 || at + count > this.end) this.#short(count);
    this.at = at + count;
    return this.bytes.subarray(at, at + count);
  }

  /** All that this part has left, as a view. */
  rest(): Uint8Array {
    return this.take(this.end - this.at);
  }

  /** `count` bytes that should be zero; those that are not are kept as slack. */
  pad(count: number): void {
    const from = this.at;
    if (from + count > this.end) this.#short(count);
    for (let i = from; i < from + count; i++) {
      if (this.bytes[i] !== 0) this.keep(i);
    }
    this.at = from + count;
  }

  /** Keeps the byte at `offset` as slack. */
  keep(offset: number): void {
    this.slack ??= [];
    this.slack.push([offset, this.bytes[offset]!]);
  }

  /** Keeps `count` bytes from `offset`. */
  keepAll(offset: number, count: number): void {
    for (let i = offset; i < offset + count; i++) this.keep(i);
  }

  /** Lowers the end to `count` bytes from here and returns the old end, for {@link leave}. */
  enter(count: number): number {
    if (count < 0 || count > this.end - this.at) {
      this.fail(`a length says ${count} more bytes, ${this.left} are left`);
    }
    const outer = this.end;
    this.end = this.at + count;
    return outer;
  }

  /** Ends a part: everything in it must have been read. */
  leave(outer: number): void {
    if (this.at !== this.end) this.fail(`${this.left} bytes too many`);
    this.end = outer;
  }

  /** Counts nesting (actions in actions, messages in messages), which the bytes may not take beyond a bound. */
  deeper(): void {
    if (++this.#depth > maximumDepth) this.fail(`nested more than ${maximumDepth} deep`);
  }

  shallower(): void {
    this.#depth--;
  }
}
