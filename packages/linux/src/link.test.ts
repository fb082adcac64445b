import { describe, expect, it } from 'vitest';
import { decodeRoute, encodeAddress, encodeRoute } from './address.js';
import { encodeDeleteGroup, encodeDeleteLink, encodeGetLink, encodeSetLink, encodeVeth } from './link.js';
import { checkInterfaceName } from './names.js';
import { address, link, vethInfo } from './netlink/rtnetlink.js';

describe('messages about links', () => {
  it('puts both ends of a veth pair in one message', () => {
    const bytes = encodeVeth(
      {
        name: 'lc0123456789a',
        peer: 'lp0123456789a',
        mtu: 1400,
        mac: '02:00:00:00:00:01',
        peerMac: '02:00:00:00:00:02',
        group: 9,
        up: true,
      },
      { peer: 5 },
    );
    const { head, attrs } = link.decode(bytes);
    expect(head).toMatchObject({ index: 0, flags: 1, change: 1 });
    expect(attrs).toMatchObject({ name: 'lc0123456789a', mtu: 1400, mac: '02:00:00:00:00:01', group: 9 });
    expect(attrs.info?.kind).toBe('veth');
    const peer = link.decode(vethInfo.decode(attrs.info!.data!).peer!);
    expect(peer.head.flags).toBe(0);
    expect(peer.attrs).toEqual({ name: 'lp0123456789a', mtu: 1400, mac: '02:00:00:00:00:02', netnsFd: 5 });
  });

  it('gives each end of a veth pair a namespace, and the first a bridge', () => {
    const options = { name: 'eth1', peer: 'eth2', up: true, master: 7 };
    const { attrs } = link.decode(encodeVeth(options, { own: 4, peer: 5 }));
    expect(attrs).toMatchObject({ name: 'eth1', netnsFd: 4, master: 7 });
    const peer = link.decode(vethInfo.decode(attrs.info!.data!).peer!);
    expect(peer.attrs).toMatchObject({ name: 'eth2', netnsFd: 5 });
  });

  it('selects by name or index, and renames by index', () => {
    expect(link.decode(encodeGetLink('eth0', 3))).toMatchObject({ attrs: { name: 'eth0', targetNetnsid: 3 } });
    expect(link.decode(encodeSetLink(4, { name: 'new0', up: false }, undefined))).toEqual({
      head: expect.objectContaining({ index: 4, flags: 0, change: 1 }),
      attrs: { name: 'new0' },
    });
    expect(link.decode(encodeDeleteLink('eth0'))).toMatchObject({ head: { index: 0 }, attrs: { name: 'eth0' } });
  });

  it('never deletes the default group', () => {
    expect(() => encodeDeleteGroup(0)).toThrow(/group/);
    expect(link.decode(encodeDeleteGroup(7)).attrs).toEqual({ group: 7 });
  });

  it.each(['', '.', '..', 'a'.repeat(16), 'a b', 'a/b', 'a:b', 'eth%d', '-x', 'é'.repeat(8), 'a\0'])(
    'refuses the name %j',
    (name) => {
      expect(() => checkInterfaceName(name)).toThrow(expect.objectContaining({ code: 'LC_INVALID' }));
    },
  );

  it('refuses values that the kernel would refuse or misread', () => {
    const pair = { name: 'a', peer: 'b' };
    expect(() => encodeVeth({ ...pair, mtu: 67 })).toThrow(/MTU/);
    expect(() => encodeVeth({ ...pair, mac: '01:00:00:00:00:00' })).toThrow(/multicast/);
    expect(() => encodeVeth({ ...pair, peerMac: 'x' })).toThrow(/MAC/);
    expect(() => encodeSetLink(0, {}, undefined)).toThrow(/index/);
    expect(() => encodeSetLink(1, { alias: 'x'.repeat(256) }, undefined)).toThrow(/alias/);
  });
});

describe('messages about addresses and routes', () => {
  it('gives IPv6 addresses without duplicate address detection', () => {
    expect(address.decode(encodeAddress(3, 'fd00::1/64'))).toEqual({
      head: { family: 10, prefix: 64, flags: 2, scope: 0, index: 3 },
      attrs: { address: 'fd00::1', local: 'fd00::1' },
    });
    expect(address.decode(encodeAddress(3, '10.0.0.1/8')).head.flags).toBe(0);
  });

  it('reads back the routes that it writes', () => {
    expect(decodeRoute(encodeRoute({ destination: '0.0.0.0/0', gateway: '10.0.0.1', metric: 5 }))).toEqual({
      destination: { family: 4, address: '0.0.0.0', prefix: 0 },
      gateway: '10.0.0.1',
      ifindex: undefined,
      metric: 5,
      table: 254,
    });
    expect(() => encodeRoute({ destination: 'fd00::/64' })).toThrow(/needs a gateway/);
  });
});
