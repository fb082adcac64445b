import { LinecardError } from './errors.js';

/**
 * A view of bytes that cannot leave its frame: every read is checked against the end of the view, and a sub-reader
 * never sees beyond its own part. Network byte order.
 */
export class ByteReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  /** Reads `bytes[start..end)`; `end` beyond the bytes is an error, never silently cut. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (start < 0 || end > bytes.length || start > end) {
      throw new LinecardError('LC_PROTOCOL', `a view of bytes ${start}..${end} does not fit in ${bytes.length} bytes`);
    }
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  /** The position of the next read, counted from the start of the underlying bytes. */
  get offset(): number {
    return this.#at;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  #take(count: number): number {
    const at = this.#at;
    if (count < 0 || count > this.#end - at) {
      throw new LinecardError(
        'LC_PROTOCOL',
        `truncated: ${count} bytes wanted at offset ${at}, ${this.#end - at} left`,
      );
    }
    this.#at = at + count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  /** The next `count` bytes, as a view without a copy. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** A reader of the next `count` bytes only; this reader moves past them. */
  sub(count: number): ByteReader {
    const at = this.#take(count);
    return new ByteReader(this.#bytes, at, at + count);
  }
}

/** Bytes written in network byte order into a buffer that grows. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  #grow(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = needed;
    return at;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** `count` zero bytes. */
  zero(count: number): this {
    const at = this.#grow(count);
    this.#bytes.fill(0, at, at + count);
    return this;
  }

  /** Zero bytes up to the next multiple of `multiple`, counted from `from`. */
  align(multiple: number, from = 0): this {
    const over = (this.#length - from) % multiple;
    return over === 0 ? this : this.zero(multiple - over);
  }

  /** Overwrites the 16 bits at `at`, for a length that is known only afterwards. */
  patchU16(at: number, value: number): void {
    this.#check(at, 2);
    this.#view.setUint16(at, value);
  }

  /** Overwrites the 32 bits at `at`. */
  patchU32(at: number, value: number): void {
    this.#check(at, 4);
    this.#view.setUint32(at, value);
  }

  #check(at: number, count: number): void {
    if (at < 0 || at + count > this.#length) {
      throw new RangeError(`patch of ${count} bytes at ${at} is outside of the ${this.#length} written`);
    }
  }

  /** What was written so far, as a view that is valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hex digits of bytes, with `separator` between bytes. */
export function toHex(bytes: Uint8Array, separator = ''): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += (i > 0 ? separator : '') + hexDigits[bytes[i]!];
  return text;
}

/** Bytes of hex digits; blanks between digits are allowed. Throws `LC_INVALID` on anything else. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) {
    throw new LinecardError('LC_INVALID', `not hex digits in pairs: ${text.slice(0, 40)}`);
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
