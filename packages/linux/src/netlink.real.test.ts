import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Netlink } from './netlink.js';
import { type OtherNetns, otherNetns } from './testing/other-netns.js';
import { ipJson, oracle, whyNotHere } from './testing/own-netns.js';

const why = whyNotHere();

describe.skipIf(why !== undefined)(`rtnetlink against the real kernel${why === undefined ? '' : ` (${why})`}`, () => {
  let netlink: Netlink;
  beforeAll(() => {
    netlink = Netlink.open();
  });
  afterAll(() => netlink.close());
  afterEach(async () => {
    for (const name of ['rt0', 'rt1', 'rt2', 'rt3', 'rtbr']) await netlink.deleteLink(name);
  });

  const indexOf = async (name: string) => (await netlink.link(name))!.index;

  it('makes a veth pair as ip sees it', async () => {
    await netlink.createVeth({
      name: 'rt0',
      peer: 'rt1',
      mtu: 1400,
      mac: '02:00:00:00:00:01',
      peerMac: '02:00:00:00:00:02',
      alias: 'Port of Ålice',
      group: 77,
      up: true,
    });
    const [host] = ipJson('-d', 'link', 'show', 'dev', 'rt0');
    const [peer] = ipJson('-d', 'link', 'show', 'dev', 'rt1');
    const linkinfo = expect.objectContaining({ info_kind: 'veth' });
    expect(host).toMatchObject({
      mtu: 1400,
      address: '02:00:00:00:00:01',
      ifalias: 'Port of Ålice',
      group: '77',
      linkinfo,
    });
    expect(host).toMatchObject({ link: 'rt1', flags: expect.arrayContaining(['UP', 'NO-CARRIER']) });
    expect(peer).toMatchObject({ mtu: 1400, address: '02:00:00:00:00:02', link: 'rt0', operstate: 'DOWN' });
    expect(await netlink.link('rt0')).toMatchObject({
      index: host!.ifindex,
      alias: 'Port of Ålice',
      group: 77,
      peerIndex: peer!.ifindex,
    });
  });

  it('makes a link between two other namespaces in one request', async () => {
    const [one, two] = await Promise.all([otherNetns(), otherNetns()]);
    try {
      const [netns, peerNetns] = [{ pid: one.pid }, { path: two.path }];
      await netlink.createVeth({ name: 'eth1', peer: '7', mtu: 1400, up: true, netns, peerNetns });
      expect(await netlink.link('eth1')).toBeUndefined();
      const [first, second] = await Promise.all([netlink.netnsid(netns), netlink.netnsid(peerNetns)]);
      expect(await netlink.link('eth1', { netnsid: first })).toMatchObject({ mtu: 1400, flags: { up: true } });
      expect(await netlink.link('7', { netnsid: second })).toMatchObject({ mtu: 1400, flags: { up: false } });
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });

  it('makes a bridge, and a veth end that is a port of it at once', async () => {
    await netlink.createLink('bridge', 'rtbr', { group: 9 });
    await netlink.createVeth({ name: 'rt0', peer: 'rt1', up: true, master: await indexOf('rtbr') });
    expect(ipJson('link', 'show', 'dev', 'rt0')[0]).toMatchObject({ master: 'rtbr' });
    expect(await netlink.link('rtbr')).toMatchObject({ kind: 'bridge', group: 9, flags: { up: true } });
  });

  it('lists the same links as ip', async () => {
    await netlink.createVeth({ name: 'rt0', peer: 'rt1' });
    const mine = (await netlink.links()).filter((link) => link.name.startsWith('rt'));
    const theirs = ipJson('-d', 'link', 'show').filter((link) => String(link.ifname).startsWith('rt'));
    expect(mine.map(({ index, name, mtu, mac }) => [index, name, mtu, mac])).toEqual(
      theirs.map(({ ifindex, ifname, mtu, address }) => [ifindex, ifname, mtu, address]),
    );
  });

  it('changes links', async () => {
    await netlink.createVeth({ name: 'rt0', peer: 'rt1' });
    oracle('ip', 'link', 'add', 'rtbr', 'type', 'bridge');
    await netlink.setLink('rt1', { up: true, master: await indexOf('rtbr') });
    await netlink.setLink('rt0', { name: 'rt2', mtu: 1300, mac: '02:00:00:00:00:09', alias: 'x', group: 5, up: true });
    expect(ipJson('link', 'show', 'dev', 'rt2')[0]).toMatchObject({
      mtu: 1300,
      address: '02:00:00:00:00:09',
      group: '5',
    });
    expect(ipJson('link', 'show', 'dev', 'rt1')[0]).toMatchObject({ master: 'rtbr' });
    expect(await netlink.link('rt1')).toMatchObject({
      master: await indexOf('rtbr'),
      flags: { up: true, lowerUp: true },
    });
    await netlink.setLink('rt1', { master: 0, up: false });
    expect((await netlink.link('rt1'))?.master).toBeUndefined();
  });

  it('says what the kernel refuses', async () => {
    await netlink.createVeth({ name: 'rt0', peer: 'rt1' });
    await expect(netlink.createVeth({ name: 'rt0', peer: 'rt3' })).rejects.toMatchObject({
      code: 'LC_KERNEL',
      errno: 'EEXIST',
      message: 'create the veth pair rt0 and rt3: it exists already (EEXIST)',
    });
    expect(await netlink.link('rt3')).toBeUndefined();
    await expect(netlink.setLink('rt9', { up: true })).rejects.toMatchObject({ errno: 'ENODEV' });
    await expect(netlink.setLink('rt9', { name: 'rt8' })).rejects.toMatchObject({ errno: 'ENODEV' });
    await expect(netlink.deleteLink('lo')).rejects.toMatchObject({ errno: 'EOPNOTSUPP' });
  });

  it('deletes, and says whether it was there', async () => {
    await netlink.createVeth({ name: 'rt0', peer: 'rt1' });
    expect(await netlink.deleteLink(await indexOf('rt1'))).toBe(true);
    expect(await netlink.deleteLink('rt0')).toBe(false);
    expect(await netlink.link('rt0')).toBeUndefined();
    expect(await netlink.link(999_999)).toBeUndefined();
  });

  it('gives and takes addresses and routes, again and again', async () => {
    await netlink.createVeth({ name: 'rt0', peer: 'rt1', up: true });
    await netlink.setLink('rt1', { up: true });
    const index = await indexOf('rt0');
    for (let i = 0; i < 2; i++) {
      await netlink.addAddress(index, '192.0.2.1/24');
      await netlink.addAddress(index, '2001:db8::1/64');
      await netlink.addRoute({ destination: '198.51.100.0/24', gateway: '192.0.2.254', metric: 7 });
      await netlink.addRoute({ destination: '2001:db8:1::/48', gateway: '2001:db8::fe' });
      await netlink.addRoute({ destination: '203.0.113.0/24', ifindex: index });
    }
    const info = ipJson('addr', 'show', 'dev', 'rt0')[0]!.addr_info;
    expect(info).toContainEqual(expect.objectContaining({ local: '192.0.2.1', prefixlen: 24, scope: 'global' }));
    const six = (info as { local: string; tentative?: boolean }[]).find((one) => one.local === '2001:db8::1');
    expect(six?.tentative).toBeUndefined();
    expect((await netlink.addresses({ ifindex: index, family: 4 })).map((one) => one.cidr.address)).toEqual([
      '192.0.2.1',
    ]);
    expect(ipJson('route', 'show', 'dev', 'rt0')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ dst: '198.51.100.0/24', gateway: '192.0.2.254', metric: 7 }),
        expect.objectContaining({ dst: '203.0.113.0/24', scope: 'link' }),
      ]),
    );
    const routes = (await netlink.routes()).filter((route) => route.ifindex === index && route.gateway !== undefined);
    expect(routes.map((route) => route.destination.address)).toEqual(['198.51.100.0', '2001:db8:1::']);
    const route = { destination: '203.0.113.0/24', ifindex: index };
    expect([await netlink.deleteRoute(route), await netlink.deleteRoute(route)]).toEqual([true, false]);
    const taken = [
      await netlink.deleteAddress(index, '2001:db8::1/64'),
      await netlink.deleteAddress(index, '2001:db8::1/64'),
    ];
    expect(taken).toEqual([true, false]);
    await expect(netlink.addRoute({ destination: '10.0.0.0/8', gateway: '10.9.9.9' })).rejects.toMatchObject({
      errno: 'ENETUNREACH',
      hint: expect.stringContaining('gateway'),
    });
  });

  it('reads dumps that are true while links come and go', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `rtx${i}`);
    const churn = Netlink.open();
    const churning = (async () => {
      for (const name of names) await churn.createVeth({ name, peer: `${name}p` });
    })();
    for (let i = 0; i < 20; i++) {
      const links = await netlink.links();
      expect(new Set(links.map((link) => link.index)).size).toBe(links.length);
    }
    await churning;
    expect((await netlink.links()).filter((link) => link.name.startsWith('rtx'))).toHaveLength(80);
    for (const name of names) await churn.deleteLink(name);
    churn.close();
  });

  describe('with another namespace', () => {
    let other: OtherNetns;
    beforeAll(async () => {
      other = await otherNetns();
    });
    afterAll(() => other.close());

    it('numbers it, the same each time, by process and by file', async () => {
      const id = await netlink.netnsid({ pid: other.pid });
      expect(await netlink.netnsid({ path: other.path })).toBe(id);
      await expect(netlink.netnsid({ path: '/proc/self/ns/none' })).rejects.toMatchObject({ code: 'LC_NOT_FOUND' });
    });

    it('makes a pair across, sees the far end, and finds its peer', async () => {
      const netnsid = await netlink.netnsid({ pid: other.pid });
      await netlink.createVeth({ name: 'rt0', peer: 'eth0', peerNetns: { path: other.path }, up: true });
      const inside = await netlink.link('eth0', { netnsid });
      expect(inside).toMatchObject({ kind: 'veth', peerIndex: await indexOf('rt0') });
      expect((await netlink.links({ netnsid })).map((link) => link.name)).toEqual(['lo', 'eth0']);
      expect((await netlink.peerOf('eth0', { netnsid }))?.name).toBe('rt0');
      expect(await netlink.peerOf('lo', { netnsid })).toBeUndefined();
      expect(await netlink.deleteLink('eth0', { netnsid })).toBe(true);
      expect(await netlink.link('rt0')).toBeUndefined();
    });

    it('moves a link, and names and starts it where it arrives', async () => {
      const netnsid = await netlink.netnsid({ pid: other.pid });
      await netlink.createVeth({ name: 'rt0', peer: 'rt1', up: true });
      await netlink.setLink('rt1', { netns: { pid: other.pid }, name: 'eth7', mtu: 1200, up: true });
      expect(await netlink.link('rt1')).toBeUndefined();
      expect(await netlink.link('eth7', { netnsid })).toMatchObject({ mtu: 1200, flags: { up: true, lowerUp: true } });
      expect((await netlink.peerOf('eth7', { netnsid }))?.name).toBe('rt0');
    });
  });

  it('knows the families of generic netlink', async () => {
    expect(await netlink.hasGenlFamily('ethtool')).toBe(true);
    expect(await netlink.hasGenlFamily('no_such_family')).toBe(false);
  });

  it('switches transmit checksums off as ethtool does', async () => {
    await netlink.createVeth({ name: 'rt0', peer: 'rt1' });
    await netlink.createVeth({ name: 'rt2', peer: 'rt3' });
    const before = await netlink.features('rt0');
    expect(before.active.has('tx-checksum-ip-generic')).toBe(true);
    await netlink.disableTxChecksum('rt0');
    oracle('ethtool', '-K', 'rt2', 'tx', 'off');
    const features = (name: string) => oracle('ethtool', '-k', name).replace(/^Features for .*$/m, '');
    expect(features('rt0')).toBe(features('rt2'));
    expect(features('rt0')).toMatch(/tx-checksum-ip-generic: off/);
    const after = await netlink.features('rt0');
    expect(after.active.has('tx-checksum-ip-generic')).toBe(false);
    expect(after.wanted.has('tx-tcp-segmentation') && !after.active.has('tx-tcp-segmentation')).toBe(true);
    await expect(netlink.features('rt9')).rejects.toMatchObject({ errno: 'ENODEV' });
  });
});
