import { invalid } from './errors.js';
import { splitHalves } from './wide.js';

/**
 * Writes messages one after another into a buffer that grows and can be used again. Values out of range are errors,
 * never cut.
 */
export class Writer {
  bytes: Uint8Array;
  /** How many bytes were written; the next write goes here. */
  at = 0;
  /** The version of the message being written. */
  version = 0;
  /** Where a length goes that was left open, see `slot`. */
  slot = 0;
  /** Writes a whole message inside of the one being written: what bundles hold. */
  writeMessage: (w: Writer, message: never) => void = () => {
    throw invalid('a message inside of something that is no message');
  };

  constructor(capacity = 256) {
    // From Node's pool: small messages cost no allocation of their own. Every byte is written before it is seen.
    const pooled = Buffer.allocUnsafe(capacity);
    this.bytes = new Uint8Array(pooled.buffer, pooled.byteOffset, capacity);
  }

  /** Forgets what was written, keeps the buffer. */
  reset(): void {
    this.at = 0;
  }

  /** What was written, as a view that is valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
  }

  /** Makes room for `count` bytes and returns where they go. */
  claim(count: number): number {
    const at = this.at;
    const needed = at + count;
    if (needed > this.bytes.length) this.#grow(needed);
    this.at = needed;
    return at;
  }

  u8(value: number): void {
    if ((value & 0xff) !== value) throw invalid(`${value} is not an unsigned 8-bit number`);
    const at = this.claim(1);
    this.bytes[at] = value;
  }

  u16(value: number): void {
    if ((value & 0xffff) !== value) throw invalid(`${value} is not an unsigned 16-bit number`);
    const at = this.claim(2);
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }

  u24(value: number): void {
    if ((value & 0xff_ffff) !== value) throw invalid(`${value} is not an unsigned 24-bit number`);
    this.u8(value >>> 16);
    this.u16(value & 0xffff);
  }

  u32(value: number): void {
    if (value >>> 0 !== value) throw invalid(`${value} is not an unsigned 32-bit number`);
    this.raw32(value);
  }

  /** 32 bits that are known to be in range. */
  raw32(value: number): void {
    const at = this.claim(4);
    const b = this.bytes;
    b[at] = value >>> 24;
    b[at + 1] = value >>> 16;
    b[at + 2] = value >>> 8;
    b[at + 3] = value;
  }

  u48(value: number): void {
    if (!(value >= 0 && value <= 0xffff_ffff_ffff && Number.isInteger(value))) {
      throw invalid(`${value} is not an unsigned 48-bit number`);
    }
    this.u16(Math.floor(value / 0x1_0000_0000));
    this.raw32(value >>> 0);
  }

  u64(value: bigint): void {
    if (value === 0n) {
      this.zero(8);
      return;
    }
    if (typeof value !== 'bigint' || value < 0n || value > 0xffff_ffff_ffff_ffffn) {
      throw invalid(`${value} is not an unsigned 64-bit bigint`);
    }
    splitHalves(value, this);
  }

  put(value: Uint8Array): void {
    const at = this.claim(value.length);
    this.bytes.set(value, at);
  }

  /** `count` zero bytes. */
  zero(count: number): void {
    const at = this.claim(count);
    for (let i = at; i < at + count; i++) this.bytes[i] = 0;
  }

  /** Zeros until the bytes written since `from` are a multiple of 8. */
  align8(from: number): void {
    const over = (this.at - from) & 7;
    if (over !== 0) this.zero(8 - over);
  }

  /** Overwrites 16 bits at `at`, for a length that is known only afterwards. */
  patch16(at: number, value: number): void {
    if (value > 0xffff) throw invalid(`a part of ${value} bytes is longer than its 16-bit length can say`);
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
  }
}
