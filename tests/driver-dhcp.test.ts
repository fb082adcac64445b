import type { Bed, BedProcess } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { portOf, refusal, useDriver } from './support/driver.js';
import { eventually } from './support/eventually.js';
import { describeSystem } from './support/system.js';
import { pings, runAt, spawnAt } from './support/talk.js';

const serverAddress = '10.55.0.1';
const udhcpd = `
interface eth0
start 10.55.0.100
end 10.55.0.150
max_leases 20
min_lease 16
lease_file /run/udhcpd.leases
option subnet 255.255.255.0
option router ${serverAddress}
option lease 600
`;

interface Lease {
  readonly address: string;
  readonly router?: string;
  readonly seconds: number;
  readonly since: string;
}

describeSystem('a network whose addresses come by DHCP', () => {
  let messages: BedProcess | undefined;
  const theBed = useDriver({}, async (bed) => {
    await bed.exec(['ip', 'netns', 'add', 'lan']);
    await bed.exec(['ip', 'link', 'add', 'eno1', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'lan']);
    const lines = `address add ${serverAddress}/24 dev eth0\nlink set eth0 up\nlink set lo up\n`;
    await bed.exec(['ip', '-netns', 'lan', '-batch', '-'], { input: lines });
    const inLan = ['ip', 'netns', 'exec', 'lan'];
    await bed.exec([...inLan, 'ethtool', '-K', 'eth0', 'tx', 'off']);
    await bed.exec(['tee', '/run/udhcpd.conf'], { input: udhcpd });
    await bed.exec(['touch', '/run/udhcpd.leases']);
    bed.spawn([...inLan, 'busybox', 'udhcpd', '-f', '-a', '50', '/run/udhcpd.conf']);
    messages = bed.spawn([...inLan, 'tcpdump', '-lnvi', 'eth0', 'udp', 'port', '67']);
    await bed.docker(
      ...['network', 'create', '-d', 'ovs', '--ipam-driver', 'null', '-o', 'ovs.bridge.dhcp=true'],
      ...['-o', 'ovs.bridge.add_ports=eno1', 'lan'],
    );
    await bed.docker('run', '-td', '--name', 'guest', '--network', 'lan', 'busybox');
  });
  const lease = async (bed: Bed): Promise<Lease> => {
    const text = await bed.vsctl('get', 'Interface', await portOf(bed, 'guest', 'lan'), 'external_ids:linecard-lease');
    return JSON.parse(JSON.parse(text) as string) as Lease;
  };
  const addressInside = async (bed: Bed) => {
    const { stdout } = await runAt(bed, { container: 'guest' }, ['ip', '-4', '-o', 'address', 'show', 'eth0']);
    return /inet (\S+)/.exec(stdout)?.[1];
  };
  const clients = async (bed: Bed) => (await bed.processes()).filter((line) => line.includes('udhcpc'));
  const clientPid = async (bed: Bed) => (await bed.exec(['pgrep', '-f', 'busybox udhcpc'])).stdout.trim();
  const saw = (kind: string) => messages?.log().match(new RegExp(`DHCP-Message.*: ${kind}`, 'g'))?.length ?? 0;

  it('gives each container an address, a route and a lease that everybody can read', async () => {
    const bed = theBed();
    const held = await eventually(() => lease(bed), { what: 'a lease' });
    expect(held).toMatchObject({ address: expect.stringMatching(/^10\.55\.0\.1\d\d\/24$/), seconds: 600 });
    expect(held.router).toBe(serverAddress);
    expect(await addressInside(bed)).toBe(held.address);
    const { stdout } = await runAt(bed, { container: 'guest' }, ['ip', 'route']);
    expect(stdout).toContain(`default via ${serverAddress} dev eth0`);
    expect(await pings(bed, { container: 'guest' }, serverAddress)).toBe(true);
  });

  it('runs the client where the container does not see it', async () => {
    const bed = theBed();
    expect(await clients(bed)).toHaveLength(1);
    expect(await bed.docker('exec', 'guest', 'ps')).not.toContain('udhcpc');
  });

  it('renews the lease', async () => {
    const bed = theBed();
    const before = await lease(bed);
    const acknowledged = saw('ACK');
    await bed.exec(['kill', '-USR1', await clientPid(bed)]);
    await eventually(
      async () => {
        expect(saw('ACK')).toBeGreaterThan(acknowledged);
        expect((await lease(bed)).since).not.toBe(before.since);
      },
      { what: 'the lease to be renewed' },
    );
    expect((await lease(bed)).address).toBe(before.address);
  });

  it('keeps the address while the daemon is away, and takes the lease over when it is back', async () => {
    const bed = theBed();
    const before = await lease(bed);
    const watch = await watchAddresses(bed);
    await bed.killDaemon('SIGKILL');
    await eventually(async () => expect(await clients(bed)).toEqual([]), { what: 'the client to end' });
    expect(await addressInside(bed)).toBe(before.address);
    expect(await pings(bed, { container: 'guest' }, serverAddress)).toBe(true);
    expect((await lease(bed)).address).toBe(before.address);
    await bed.daemon();
    await eventually(
      async () => {
        expect(await clients(bed)).toHaveLength(1);
        const { since, address } = await lease(bed);
        expect(since).not.toBe(before.since);
        expect(address).toBe(before.address);
      },
      { what: 'the client to be there again' },
    );
    await watch.kill('SIGKILL');
    expect(watch.log()).not.toContain('Deleted');
  });

  it('restarts a client that died', async () => {
    const bed = theBed();
    const pid = await clientPid(bed);
    const { address } = await lease(bed);
    const watch = await watchAddresses(bed);
    const acknowledged = saw('ACK');
    await bed.exec(['kill', '-KILL', pid]);
    await eventually(
      async () => {
        expect(await clients(bed)).toHaveLength(1);
        expect(await clientPid(bed)).not.toBe(pid);
        expect(saw('ACK')).toBeGreaterThan(acknowledged);
      },
      { what: 'another client' },
    );
    await watch.kill('SIGKILL');
    expect(watch.log()).not.toContain('Deleted');
    expect(await addressInside(bed)).toBe(address);
  });

  it('gives the address back when the container stops, and asks for one when it starts', async () => {
    const bed = theBed();
    await bed.docker('stop', 'guest');
    await eventually(() => expect(saw('Release')).toBe(1), { what: 'the release' });
    expect(await clients(bed)).toEqual([]);
    await bed.docker('start', 'guest');
    await eventually(async () => expect(await addressInside(bed)).toBe((await lease(bed)).address), {
      what: 'a lease after the restart',
    });
    expect(await clients(bed)).toHaveLength(1);
  });

  it('ends with the container, by force too, and with the network', async () => {
    const bed = theBed();
    await bed.docker('rm', '-f', 'guest');
    expect(await clients(bed)).toEqual([]);
    await bed.docker('network', 'rm', 'lan');
    expect(await bed.vsctl('list-br')).toBe('');
    expect((await bed.links()).map(({ ifname }) => ifname)).toContain('eno1');
  });

  it('is refused where Docker gives addresses', async () => {
    const said = await refusal(theBed().docker('network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.dhcp=true', 'no'));
    expect(said).toMatch(/ovs\.bridge\.dhcp needs a network without addresses.*--ipam-driver null/);
  });
}, ['tcpdump', 'pgrep']);

/** Prints every change of the addresses in the container. */
function watchAddresses(bed: Bed): Promise<BedProcess> {
  return spawnAt(bed, { container: 'guest' }, ['ip', '-o', 'monitor', 'address']);
}
