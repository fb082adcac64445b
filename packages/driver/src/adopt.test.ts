import { expect, it } from 'vitest';
import { defaultGateway } from './adopt.js';

it.each([
  ['172.12.0.0/24', undefined, '172.12.0.1/24'],
  ['172.12.0.77/24', undefined, '172.12.0.1/24'],
  ['172.12.0.0/24', '172.12.0.8/29', '172.12.0.8/24'],
  ['172.12.0.0/24', '172.12.0.0/29', '172.12.0.1/24'],
  ['fd00:1::/64', undefined, 'fd00:1::1/64'],
  ['fd00:1::/64', 'fd00:1::10:0/112', 'fd00:1::10:0/64'],
])('the gateway that Docker chooses of %s, range %s, is %s', (subnet, range, gateway) => {
  expect(defaultGateway(subnet, range)).toBe(gateway);
});
