import { LinecardError } from '@linecard/wire';

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Splits a byte stream of JSON objects that follow each other with nothing but white space between them (RFC 7047,
 * section 4) and parses each exactly once. Bytes are scanned once, whatever pieces they arrive in.
 */
export class JsonSplitter {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #length = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** `maxBytes` bounds one object; a longer one is an error, raised before it is buffered whole. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Feeds bytes; `onValue` sees each object that they complete. Throws `LC_PROTOCOL` on anything but JSON objects. */
  push(chunk: Uint8Array, onValue: (value: unknown) => void): void {
    let start = 0;
    for (let end = this.#scan(chunk, 0); end > 0; end = this.#scan(chunk, end)) {
      onValue(this.#parse(chunk.subarray(start, end)));
      start = end;
    }
    if (this.#depth > 0) this.#keep(chunk.subarray(start));
  }

  /** The position behind the object that ends first, or 0 when none ends in this chunk. */
  #scan(chunk: Uint8Array, from: number): number {
    const length = chunk.length;
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let end = 0;
    for (let at = from; at < length; at++) {
      const byte = chunk[at]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === quote) inString = false;
        else if (byte === backslash) escaped = true;
      } else if (byte === quote && depth > 0) {
        inString = true;
      } else if (byte === openBrace || (byte === openBracket && depth > 0)) {
        depth++;
      } else if ((byte === closeBrace || byte === closeBracket) && depth > 0) {
        if (--depth === 0) {
          end = at + 1;
          break;
        }
      } else if (depth === 0 && !isBlank(byte)) {
        throw new LinecardError('LC_PROTOCOL', `expected a JSON object, got ${show(chunk.subarray(at))}`);
      }
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    return end;
  }

  #keep(piece: Uint8Array): void {
    this.#length += piece.length;
    this.#checkLength(this.#length);
    this.#pieces.push(piece);
  }

  #checkLength(length: number): void {
    if (length <= this.#maxBytes) return;
    throw new LinecardError('LC_PROTOCOL', `a JSON message is longer than the ${this.#maxBytes} bytes allowed`);
  }

  #parse(last: Uint8Array): unknown {
    this.#checkLength(this.#length + last.length);
    const bytes = this.#pieces.length === 0 ? asBuffer(last) : Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#length = 0;
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      throw new LinecardError('LC_PROTOCOL', `malformed JSON: ${show(bytes)}`, { cause: error });
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function show(bytes: Uint8Array): string {
  return JSON.stringify(asBuffer(bytes.subarray(0, 40)).toString('latin1'));
}
