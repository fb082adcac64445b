import { expect, it } from 'vitest';
import { rateLimitOf, tokenBucket } from './rate-limit.js';

it('takes the burst that was asked for, else a tenth of a second and at least 8000 kbit', () => {
  expect(rateLimitOf({})).toBeUndefined();
  expect(rateLimitOf({ 'ovs.port.burst': '10' })).toBeUndefined();
  expect(rateLimitOf({ 'ovs.port.rate': '20000', 'ovs.port.burst': '200' })).toEqual({ rate: 20000, burst: 200 });
  expect(rateLimitOf({ 'ovs.port.rate': '20000' })).toEqual({ rate: 20000, burst: 8000 });
  expect(rateLimitOf({ 'ovs.port.rate': '1000000' })).toEqual({ rate: 1000000, burst: 100000 });
});

it.each([
  [{ rate: 20000, burst: 200 }, '25000b'],
  [{ rate: 20000, burst: 1 }, '3036b'],
  [{ rate: 1, burst: 8000 }, '12500b'],
])('makes a bucket of %j that holds %s', (limit, burst) => {
  expect(tokenBucket({ name: 'eth0', mtu: 1500 }, limit).join(' ')).toBe(
    `qdisc replace dev eth0 root tbf rate ${limit.rate}kbit burst ${burst} latency 50ms`,
  );
});
