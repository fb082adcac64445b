import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bridgeName, localLinks, stableMac, tunnelInterface } from './names.js';
import { isInterfaceName } from './option-kinds.js';
import { overlayLinks } from './overlay/names.js';

const id = fc.stringMatching(/^[0-9a-f]{64}$/);

it('makes names that the kernel takes and that never meet', () => {
  fc.assert(
    fc.property(id, id, fc.nat(0xff_ffff), (one, other, key) => {
      const tunnel = tunnelInterface(other, { type: 'vxlan', remote: '192.0.2.1', key });
      const links = [localLinks, overlayLinks].flatMap((kind) => {
        const host = kind.fresh();
        return [host, kind.peerOf(host)];
      });
      const names = [bridgeName(one), tunnel, ...links];
      expect(names.every((name) => isInterfaceName(name) && name.length <= 15)).toBe(true);
      expect(new Set([...names, bridgeName(other)]).size).toBe(one.slice(0, 12) === other.slice(0, 12) ? 6 : 7);
      expect(names.filter((name) => localLinks.isHost(name))).toEqual([links[0]]);
      expect(names.map((name) => localLinks.hostOf(name))).toEqual([
        ...[undefined, undefined, links[0], links[0]],
        ...[undefined, undefined],
      ]);
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
