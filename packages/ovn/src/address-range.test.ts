import { parseCidr } from '@linecard/wire';
import { describe, expect, it } from 'vitest';
import { addressNumber, addressText, hostSpan, poolSpan } from './address-range.js';

const span = (subnet: string) => {
  const cidr = parseCidr(subnet);
  const { first, last } = hostSpan(cidr);
  return [addressText(first, cidr.family), addressText(last, cidr.family)];
};

describe('addresses of a subnet', () => {
  it('are all but the special ones', () => {
    expect(span('192.168.1.0/24')).toEqual(['192.168.1.1', '192.168.1.254']);
    expect(span('192.168.1.77/30')).toEqual(['192.168.1.77', '192.168.1.78']);
    expect(span('10.0.0.4/31')).toEqual(['10.0.0.4', '10.0.0.5']);
    expect(span('10.0.0.4/32')).toEqual(['10.0.0.4', '10.0.0.4']);
    expect(span('fd00::/64')).toEqual(['fd00::1', 'fd00::ffff:ffff:ffff:ffff']);
    expect(addressNumber('fd00::1')).toBe((0xfd00n << 112n) + 1n);
  });

  it('are those of the range that was asked for, within the subnet', () => {
    const pool = (subnet: string, range: string) => ({
      space: 'x',
      subnet: parseCidr(subnet),
      range: parseCidr(range),
    });
    const { first, last } = poolSpan(pool('10.0.0.0/24', '10.0.0.0/28'));
    expect([addressText(first, 4), addressText(last, 4)]).toEqual(['10.0.0.1', '10.0.0.15']);
    expect(() => poolSpan(pool('10.0.0.0/24', '10.0.1.0/28'))).toThrow(/not within 10.0.0.0\/24/);
    expect(() => poolSpan(pool('10.0.0.0/24', 'fd00::/80'))).toThrow(/not within/);
  });
});
