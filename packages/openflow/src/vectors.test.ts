import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '@linecard/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decode,
  encode,
  encodeInto,
  Framer,
  formatMessage,
  fromJson,
  type Message,
  OpenFlowDecodeError,
  toJson,
  Writer,
} from './index.js';

interface Vector {
  readonly name: string;
  readonly text: string | undefined;
  readonly bytes: Uint8Array;
}

const file = readFileSync(new URL('../fixtures/vectors.txt', import.meta.url), 'utf8');

function parseVector(block: string): Vector {
  const lines = block.split('\n');
  const text = lines.filter((line) => line.startsWith('>')).map((line) => line.slice(2));
  const hex = lines.filter((line) => !/^[>#]/.test(line)).join('');
  const title = text[0] ?? lines[0]!.slice(2);
  return { name: title, text: text.length === 0 ? undefined : text.join('\n'), bytes: fromHex(hex) };
}

const vectors = file.split('\n\n').slice(1).map(parseVector);

const trimmed = (text: string): string => text.replace(/ +$/gm, '').trimEnd();

describe('golden messages', () => {
  it('are many', () => {
    expect(vectors.length).toBeGreaterThan(600);
    expect(vectors.filter(({ text }) => text !== undefined).length).toBeGreaterThan(600);
    expect(new Set(vectors.map(({ bytes }) => bytes[0]))).toEqual(new Set([1, 4, 5, 6, 9]));
  });

  it.each(vectors)('$name', ({ text, bytes }) => {
    const message = decode(bytes);
    expect(message.type).not.toBe('unknown');
    expect(message.slack).toBeUndefined();
    expect(toHex(encode(message))).toBe(toHex(bytes));
    expect(decode(encode(message))).toEqual(message);
    if (text !== undefined) expect(trimmed(formatMessage(message))).toBe(text);
    else expect(formatMessage(message)).toMatch(/^(OFP|NX|ONF)S?T_[A-Z_0-9]+ .*\(xid=0x/);
  });

  it('are written the same into a buffer that held other bytes before', () => {
    const w = new Writer();
    for (const { bytes } of vectors) {
      w.bytes.fill(0xa5);
      w.reset();
      encodeInto(w, decode(bytes));
      expect(Buffer.compare(w.view(), bytes)).toBe(0);
    }
  });

  it('go through JSON and back', () => {
    for (const { bytes } of vectors) {
      const text = JSON.stringify(toJson(decode(bytes)));
      expect(Buffer.compare(encode(fromJson(JSON.parse(text))), bytes)).toBe(0);
    }
  });

  it('pass the framer whole, byte by byte and in any chunks', () => {
    const stream = Uint8Array.from(vectors.flatMap(({ bytes }) => [...bytes]));
    for (const size of [stream.length, 1, 7, 64, 1448]) {
      const framer = new Framer();
      let count = 0;
      for (let at = 0; at < stream.length; at += size) {
        for (const frame of framer.push(stream.subarray(at, at + size))) {
          expect(Buffer.compare(frame, vectors[count++]!.bytes)).toBe(0);
        }
      }
      expect(count).toBe(vectors.length);
      expect(framer.pending).toBe(0);
    }
  });
});

/** What may happen to bytes: decoded and encoded again unchanged, or refused with an error to reply with. */
function check(bytes: Uint8Array): void {
  let message: Message;
  try {
    message = decode(bytes);
  } catch (error) {
    if (!(error instanceof OpenFlowDecodeError)) throw error;
    return;
  }
  if (Buffer.compare(encode(message), bytes) !== 0) throw new Error(`${toHex(bytes)} became ${toHex(encode(message))}`);
  formatMessage(message);
}

interface Damage {
  readonly at: number;
  readonly byte: number;
  readonly flip: boolean;
}

function damage(original: Uint8Array, marks: readonly Damage[], length: number, honest: boolean): Uint8Array {
  const bytes = new Uint8Array(Math.max(8, Math.min(length, 0xffff)));
  bytes.set(original.subarray(0, bytes.length));
  for (const { at, byte, flip } of marks) {
    const place = at % bytes.length;
    bytes[place] = flip ? bytes[place]! ^ (1 << (byte & 7)) : byte;
  }
  if (honest) {
    bytes[2] = bytes.length >>> 8;
    bytes[3] = bytes.length & 0xff;
  }
  return bytes;
}

const budget = { interruptAfterTimeLimit: 2500, numRuns: 1_000_000, markInterruptAsFailure: false } as const;
const anyByte = fc.integer({ min: 0, max: 255 });

describe('damaged messages', () => {
  it('survive or are refused, whatever is changed, cut off or added', () => {
    const marks = fc.array(fc.record({ at: fc.nat(4000), byte: anyByte, flip: fc.boolean() }), { maxLength: 4 });
    const cut = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: -64, max: 24 }));
    fc.assert(
      fc.property(fc.constantFrom(...vectors), marks, cut, fc.boolean(), ({ bytes }, changes, grow, honest) => {
        check(damage(bytes, changes, bytes.length + grow, honest || grow === 0));
      }),
      budget,
    );
  });

  it('are refused or survive when they are noise behind a header', () => {
    const header = fc.tuple(fc.constantFrom(1, 4, 5, 6, 2), fc.integer({ min: 0, max: 36 }));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 200 }), ([version, type], noise) => {
        const bytes = damage(Uint8Array.of(version, type, 0, 0, 0, 0, 0, 1, ...noise), [], noise.length + 8, true);
        check(bytes);
      }),
      { ...budget, interruptAfterTimeLimit: 1000 },
    );
  });

  it('cannot nest without end', () => {
    // A clone in a clone in a clone ..., as deep as 64 KiB allow.
    const depth = 4000;
    const bytes = new Uint8Array(72 + 16 * depth);
    bytes.set(encode({ type: 'flow_mod', version: 1 }));
    for (let i = 0; i < depth; i++) {
      const length = 16 * (depth - i);
      bytes.set([0xff, 0xff, length >>> 8, length & 0xff, 0, 0, 0x23, 0x20, 0, 42], 72 + 16 * i);
    }
    bytes[2] = bytes.length >>> 8;
    bytes[3] = bytes.length & 0xff;
    expect(() => decode(bytes)).toThrow(/nested more than/);
  });
});
