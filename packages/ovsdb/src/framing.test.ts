import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonSplitter } from './framing.js';

function split(pieces: Iterable<Uint8Array>, maxBytes = 1 << 20): unknown[] {
  const values: unknown[] = [];
  const splitter = new JsonSplitter(maxBytes);
  for (const piece of pieces) splitter.push(piece, (value) => values.push(value));
  return values;
}

const bytesOf = (text: string) => Buffer.from(text);
const oneByOne = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));
const messages = fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), { maxLength: 5 });

describe('JsonSplitter', () => {
  it('splits what follows each other, whole and byte by byte', () => {
    fc.assert(
      fc.property(messages, fc.constantFrom('', '\n', ' \t\r\n'), (values, gap) => {
        const bytes = bytesOf(values.map((value) => JSON.stringify(value) + gap).join(''));
        const expected = values.map((value) => JSON.parse(JSON.stringify(value)));
        expect(split([bytes])).toEqual(expected);
        expect(split(oneByOne(bytes))).toEqual(expected);
      }),
    );
  });

  it('is not misled by braces, quotes and escapes inside of strings', () => {
    const value = { 'a}"{': ['\\', '"', '{[', '\\"', '\u2028é'], b: {} };
    const bytes = bytesOf(JSON.stringify(value).repeat(2));
    expect(split([bytes])).toEqual([value, value]);
    expect(split(oneByOne(bytes))).toEqual([value, value]);
  });

  it.each(['x', '[1]', '1', '"a"', '{}]', '{"a":1}}', '\0', 'HTTP/1.1 400 Bad Request'])('refuses %j', (text) => {
    expect(() => split([bytesOf(text)])).toThrow(/expected a JSON object/);
    expect(() => split(oneByOne(bytesOf(text)))).toThrow(/expected a JSON object/);
  });

  it.each(['{x}', '{"a":}', '{]', '{"a" 1}'])('refuses %j as malformed', (text) => {
    expect(() => split([bytesOf(text)])).toThrow(/malformed JSON/);
  });

  it('refuses a message beyond the bound before all of it came', () => {
    expect(split([bytesOf('{"a":12345}')], 11)).toEqual([{ a: 12345 }]);
    expect(() => split([bytesOf('{"a":123456}')], 11)).toThrow(/longer than the 11 bytes/);
    expect(() => split(oneByOne(bytesOf('{"a":"bbbbbbbbbbbb')), 11)).toThrow(/longer than the 11 bytes/);
  });
});
