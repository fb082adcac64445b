import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contains,
  formatDpid,
  formatIp,
  formatMac,
  networkOf,
  parseCidr,
  parseDpid,
  parseIp,
  parseMac,
} from './index.js';

describe('addresses', () => {
  it('reads and writes MAC addresses', () => {
    expect(formatMac(parseMac('02:42:AC:11:00:02'))).toBe('02:42:ac:11:00:02');
    expect(() => parseMac('02:42:ac:11:00')).toThrow(/not a MAC/);
  });

  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['fd00::', 'fd00::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['10:0:0:1:0:0:10:0', '10::1:0:0:10:0'],
    ['100:0:0:0:1:0:0:0', '100::1:0:0:0'],
  ])('writes %s as %s (RFC 5952)', (text, canonical) => {
    expect(formatIp(parseIp(text))).toBe(canonical);
  });

  it('reads back every IPv6 address that it writes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 1, 0x10, 0xff), { minLength: 16, maxLength: 16 }), (numbers) => {
        const bytes = Uint8Array.from(numbers);
        expect(isIPv6(formatIp(bytes))).toBe(true);
        expect(parseIp(formatIp(bytes))).toEqual(bytes);
      }),
    );
  });

  it('knows networks', () => {
    expect(networkOf(parseCidr('172.12.0.9/29')).address).toBe('172.12.0.8');
    expect(contains(parseCidr('172.12.0.1/24'), '172.12.0.200')).toBe(true);
    expect(contains(parseCidr('172.12.0.1/24'), '172.12.1.1')).toBe(false);
    expect(contains(parseCidr('fd00::1/64'), 'fd00::beef')).toBe(true);
    expect(contains(parseCidr('0.0.0.0/0'), 'fd00::beef')).toBe(false);
    for (const bad of ['1.2.3.4', '1.2.3.4/33', 'fd00::/129', 'x/1', '1.2.3/8', ''])
      expect(() => parseCidr(bad)).toThrow();
  });

  it('reads datapath IDs of 1 to 64 bits', () => {
    expect(formatDpid(parseDpid('0x1'))).toBe('0000000000000001');
    expect(formatDpid(parseDpid('18446744073709551615'))).toBe('ffffffffffffffff');
    for (const bad of ['0', '0x0', '0x10000000000000000', '-1', 'abc', ''])
      expect(() => parseDpid(bad)).toThrow(/datapath ID/);
  });
});
