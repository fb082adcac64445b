import { errorPairs, OpenFlowDecodeError } from './core/errors.js';

const headerSize = 8;

/**
 * Cuts a stream of bytes into OpenFlow messages. Holds at most one incomplete message, so at most 65535 bytes: the
 * length in the header has 16 bits.
 */
export class Framer {
  /** The beginning of a message whose end did not come yet. */
  #partial: Uint8Array = new Uint8Array(0);
  #filled = 0;

  /** How many bytes of an incomplete message are held. */
  get pending(): number {
    return this.#filled;
  }

  /**
   * The messages that end in `chunk`, in order. Those that lie whole in `chunk` are views of it. Throws
   * {@link OpenFlowDecodeError} when a header says a length below 8: the stream cannot be read on.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let at = this.#filled === 0 ? 0 : this.#complete(chunk, frames);
    while (at + 4 <= chunk.length) {
      const length = frameLength(chunk, at);
      if (at + length > chunk.length) break;
      frames.push(chunk.subarray(at, at + length));
      at += length;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
    return frames;
  }

  /** Fills up the message held; returns how much of `chunk` that took. */
  #complete(chunk: Uint8Array, frames: Uint8Array[]): number {
    let at = this.#fill(chunk, 0, 4);
    if (this.#filled < 4) return at;
    const length = frameLength(this.#partial, 0);
    at = this.#fill(chunk, at, length);
    if (this.#filled < length) return at;
    frames.push(this.#partial.subarray(0, length));
    this.#partial = new Uint8Array(0);
    this.#filled = 0;
    return at;
  }

  /** Takes from `chunk` what is missing to `wanted` bytes. */
  #fill(chunk: Uint8Array, at: number, wanted: number): number {
    const count = Math.min(chunk.length - at, wanted - this.#filled);
    if (count <= 0) return at;
    this.#reserve(wanted);
    this.#partial.set(chunk.subarray(at, at + count), this.#filled);
    this.#filled += count;
    return at + count;
  }

  #reserve(size: number): void {
    if (this.#partial.length >= size) return;
    const larger = new Uint8Array(size);
    larger.set(this.#partial.subarray(0, this.#filled));
    this.#partial = larger;
  }

  #keep(tail: Uint8Array): void {
    this.#reserve(tail.length >= 4 ? frameLength(tail, 0) : headerSize);
    this.#partial.set(tail);
    this.#filled = tail.length;
  }
}

function frameLength(bytes: Uint8Array, at: number): number {
  const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  if (length < headerSize) {
    throw new OpenFlowDecodeError(
      errorPairs.badLength,
      `an OpenFlow header says a length of ${length}, 8 is the least`,
    );
  }
  return length;
}
