import { describe, expect, it } from 'vitest';
import { addressesInNetns, configureInNetns, inNetns } from './in-netns.js';
import { Netlink } from './netlink.js';
import { readSysctl, writeSysctl } from './sysctl.js';
import { otherNetns } from './testing/other-netns.js';
import { oracle, whyNotHere } from './testing/own-netns.js';

const why = whyNotHere();
const here = why === undefined ? '' : ` (${why})`;

describe.skipIf(why !== undefined)(`inside another namespace${here}`, () => {
  it('configures an interface, twice with the same result', async () => {
    const netlink = Netlink.open();
    const other = await otherNetns();
    await netlink.createVeth({ name: 'wd0', peer: 'eth0', peerNetns: { pid: other.pid }, up: true });
    const ref = { path: other.path };
    const state = async () => [
      (await inNetns(ref, ['ip', '-br', 'addr'])).stdout.replace(/fe80\S+/g, ''),
      (await inNetns(ref, ['ip', 'route'])).stdout,
      (await inNetns(ref, ['ip', '-6', 'route', 'show', 'default'])).stdout,
    ];
    const config = {
      netnsPath: other.path,
      ifname: 'eth0',
      addresses: ['192.0.2.2/24', '2001:db8::2/64'],
      gateway: '192.0.2.1',
      gateway6: '2001:db8::1',
      mtu: 1300,
      up: true,
    };
    await configureInNetns(config);
    const once = await state();
    await configureInNetns(config);
    expect(await state()).toEqual(once);
    expect(once[1]).toContain('default via 192.0.2.1 dev eth0');
    expect(once[2]).toContain('default via 2001:db8::1 dev eth0');
    const addresses = (await addressesInNetns(ref)).map((one) => `${one.cidr.address}/${one.cidr.prefix}`);
    expect(addresses).toEqual(expect.arrayContaining(['127.0.0.1/8', '192.0.2.2/24', '2001:db8::2/64']));
    await expect(configureInNetns({ ...config, ifname: 'eth9' })).rejects.toMatchObject({
      code: 'LC_COMMAND',
      stderr: expect.stringContaining('eth9'),
    });
    await netlink.deleteLink('wd0');
    netlink.close();
    await other.close();
  });
});

describe.skipIf(why !== undefined)(`kernel parameters${here}`, () => {
  it('sets only what differs, also for an interface with a dot', async () => {
    const netlink = Netlink.open();
    await netlink.createVeth({ name: 'we0.5', peer: 'we1' });
    const key = ['net', 'ipv4', 'conf', 'we0.5', 'forwarding'];
    const was = (await readSysctl(key)) === '1' ? 0 : 1;
    expect([await writeSysctl(key, was), await writeSysctl(key, was)]).toEqual([true, false]);
    expect(oracle('cat', '/proc/sys/net/ipv4/conf/we0.5/forwarding').trim()).toBe(String(was));
    await netlink.deleteLink('we0.5');
    expect(await readSysctl(key)).toBeUndefined();
    await expect(writeSysctl(key, 1)).rejects.toMatchObject({ code: 'LC_NOT_FOUND' });
    await expect(writeSysctl('net.ipv4.ip_forward', 'no\n')).rejects.toMatchObject({ code: 'LC_INVALID' });
    netlink.close();
  });
});
