import { fromHex, LinecardError, toHex } from '@linecard/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributes } from './attributes.js';
import { flag, hardwareAddress, i32, ip, listOf, opaque, text, u8, u16, u32 } from './codecs.js';
import { payload } from './message.js';

const inner = attributes({ name: [2, text], value: [3, flag] });
const all = attributes({
  byte: [1, u8],
  short: [2, u16],
  word: [3, u32],
  signed: [4, i32],
  label: [5, text],
  mac: [6, hardwareAddress],
  ip: [7, ip],
  raw: [8, opaque],
  present: [9, flag],
  nest: [10, inner],
  list: [11, listOf(1, inner)],
});
const message = payload({ family: 'u8', index: 'u16', number: 'i32' }, all);

/** Runs a decoder on hostile bytes: it may only succeed or say LC_PROTOCOL. */
function survives(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof LinecardError) || error.code !== 'LC_PROTOCOL') throw error;
  }
}

describe('attributes', () => {
  it('reads back what it writes', () => {
    const hexByte = fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, '0'));
    const record = fc.record(
      {
        byte: fc.integer({ min: 0, max: 0xff }),
        short: fc.integer({ min: 0, max: 0xffff }),
        word: fc.integer({ min: 0, max: 0xffff_ffff }),
        signed: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
        label: fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replaceAll('\0', '')),
        mac: fc.array(hexByte, { minLength: 6, maxLength: 6 }).map((bytes) => bytes.join(':')),
        ip: fc.constantFrom('192.0.2.1', '2001:db8::1', '::'),
        raw: fc.uint8Array({ maxLength: 20 }),
        present: fc.constant(true as const),
        nest: fc.record({ name: fc.constantFrom('a', 'veth') }),
        list: fc.array(fc.record({ name: fc.constantFrom('x', 'tx-checksum-sctp') }), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(record, (value) => {
        expect(all.decode(all.encode(value))).toEqual(value);
      }),
    );
  });

  it('aligns, counts the header in the length, and marks nests', () => {
    expect(toHex(all.encode({ byte: 7, label: 'v0', nest: { value: true } }))).toBe(
      '0500010007000000' + '0700050076300000' + '08000a80' + '04000300',
    );
  });

  it('skips what it does not know', () => {
    expect(all.decode(fromHex('0800ff0001020304 0500010007'))).toEqual({ byte: 7 });
  });

  it.each([
    ['a length below the header', '03000100'],
    ['a length beyond the frame', '0900010001020304'],
    ['stray bytes', '0500010007000000 0102'],
    ['an integer that is too short', '0600030001020000'],
    ['an address of odd length', '0700070001020300'],
  ])('refuses %s', (_what, hex) => {
    expect(() => all.decode(fromHex(hex))).toThrow(expect.objectContaining({ code: 'LC_PROTOCOL' }));
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(() => message.decode(bytes))),
      { numRuns: 2000 },
    );
  });

  it('survives damage to a real message', () => {
    const good = message.encode(
      { family: 2, index: 3 },
      { label: 'eth0', nest: { name: 'veth' }, list: [{ name: 'x' }] },
    );
    const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = good.slice();
        for (const [at, value] of changes) bytes[at] = value;
        survives(() => message.decode(bytes));
      }),
    );
  });
});
