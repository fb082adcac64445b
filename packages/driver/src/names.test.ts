import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  bridgeName,
  hostInterface,
  hostOf,
  isHostInterface,
  peerInterface,
  stableMac,
  tunnelInterface,
} from './names.js';
import { isInterfaceName } from './option-kinds.js';

const id = fc.stringMatching(/^[0-9a-f]{64}$/);

it('makes names that the kernel takes, with at least eleven hex digits of the ID, and that never meet', () => {
  fc.assert(
    fc.property(id, id, fc.nat(0xff_ffff), (one, other, key) => {
      const tunnel = tunnelInterface(other, { type: 'vxlan', remote: '192.0.2.1', key });
      const names = [bridgeName(one), hostInterface(one), peerInterface(one), tunnel];
      expect(names.every((name) => isInterfaceName(name) && name.length <= 15)).toBe(true);
      expect(new Set([...names, bridgeName(other)]).size).toBe(one.slice(0, 12) === other.slice(0, 12) ? 4 : 5);
      for (const name of names.slice(0, 3)) expect(name).toContain(one.slice(0, 11));
      expect(names.map(isHostInterface)).toEqual([false, true, false, false]);
      expect(hostOf(peerInterface(one))).toBe(hostInterface(one));
    }),
  );
});

it('makes the same locally administered unicast MAC of the same words', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(stableMac(one)).toMatch(/^02(:[0-9a-f]{2}){5}$/);
      expect(stableMac(one) === stableMac(other)).toBe(one === other);
    }),
  );
});
