import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, fromHex, toHex } from './index.js';

describe('bytes', () => {
  it('reads back what it wrote, through growth', () => {
    const writer = new ByteWriter(1);
    writer.u8(1).u16(2).u32(0xffff_fff0).u64(5n).bytes(fromHex('0a0b')).align(8);
    writer.patchU16(1, 7);
    const reader = new ByteReader(writer.finish());
    expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).toEqual([1, 7, 0xffff_fff0, 5n]);
    expect(toHex(reader.bytes(2))).toBe('0a0b');
    expect(toHex(reader.rest())).toBe('00'.repeat(7));
  });

  it('never leaves its frame', () => {
    const reader = new ByteReader(fromHex('0102030405'), 1, 4);
    const sub = reader.sub(2);
    expect(sub.u16()).toBe(0x0203);
    expect(() => sub.u8()).toThrow(/truncated/);
    expect(reader.u8()).toBe(4);
    expect(() => reader.u8()).toThrow(/truncated/);
    expect(() => reader.skip(-1)).toThrow(/truncated/);
    expect(() => new ByteReader(fromHex('01'), 0, 2)).toThrow(/does not fit/);
    expect(() => new ByteWriter().patchU16(0, 1)).toThrow(RangeError);
  });
});
