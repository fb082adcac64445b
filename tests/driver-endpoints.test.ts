import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Bed, BedProcess } from '@linecard/testkit';
import { afterEach, expect, it } from 'vitest';
import { addressesOf, bridgeOf, column, guests, portOf, refusal, remove, useDriver } from './support/driver.js';
import { eventually } from './support/eventually.js';
import { describeSystem } from './support/system.js';
import { type Place, pings, runAt, spawnAt } from './support/talk.js';

const in_ = (container: string): Place => ({ container });

/** Prints a word for each frame of the local experimental Ethertype 0x88b5 that arrives untagged. */
const frameListener = `
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
s.bind(("eth0", 0x88b5))
print("listening", flush=True)
while True: print(s.recv(2000)[14:].split(b"\\0")[0].decode(), flush=True)
`;

/** Broadcasts one such frame with an 802.1Q tag. */
const frameSender = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
tag = b"\\x81\\x00" + int(sys.argv[1]).to_bytes(2, "big")
s.send(b"\\xff" * 6 + s.getsockname()[4] + tag + b"\\x88\\xb5" + sys.argv[2].encode().ljust(50, b"\\0"))
`;

/** Megabits per second that iperf3 gets from one container to another, and the bytes that arrived. */
async function transfer(bed: Bed, from: string, to: string, amount: readonly string[]) {
  const server = await spawnAt(bed, in_(to), ['iperf3', '-s', '-1', '--forceflush']);
  await eventually(() => expect(server.log()).toContain('listening'), { what: 'iperf3 to listen' });
  const { v4 } = await addressesOf(bed, to, 'net');
  const { stdout } = await runAt(bed, in_(from), ['iperf3', '-J', '-c', v4, ...amount]);
  const { end } = JSON.parse(stdout) as { end: { sum_received: { bytes: number; bits_per_second: number } } };
  return { bytes: end.sum_received.bytes, mbits: end.sum_received.bits_per_second / 1e6 };
}

/** Posts a JSON body to a unix socket and returns the JSON answer. Throws what the other side says against it. */
async function post(socketPath: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' };
  const sent = request({ socketPath, path, method: 'POST', headers, agent: false }).end(JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if ((response.statusCode ?? 500) >= 400) throw new Error(`${path}: ${answer}`);
  return JSON.parse(answer) as Record<string, unknown>;
}

/** Sends one request to the plugin as Docker does. */
function plugin(bed: Bed, method: string, body: unknown): Promise<Record<string, unknown>> {
  return post(bed.path('/run/docker/plugins/ovs.sock'), `/${method}`, body);
}

describeSystem('the endpoints of a network', () => {
  const theBed = useDriver();
  afterEach(async () => {
    const bed = theBed();
    const list = async (...argv: string[]) => (await bed.docker(...argv)).split('\n').filter((id) => id !== '');
    const drivers = ['--filter', 'driver=ovs', '--filter', 'driver=dovesnap'];
    await remove(bed, await list('ps', '-aq'), await list('network', 'ls', '-q', ...drivers));
  });
  const create = (name: string, ...args: string[]) =>
    theBed().docker('network', 'create', '-d', 'ovs', '--subnet', '172.31.0.0/24', ...args, name);

  it('have the addresses asked for, and tell all of themselves in OVSDB', async () => {
    const bed = theBed();
    await create('net', '--ipv6', '--subnet', 'fd31::/64');
    const wanted = ['--ip', '172.31.0.77', '--ip6', 'fd31::77', '--mac-address', '0e:00:00:00:00:77'];
    const id = await bed.docker('run', '-td', '--name', 'fixed', '--network', 'net', ...wanted, 'busybox');
    await guests(bed, 'net', 'other');
    const inside = (await runAt(bed, in_('fixed'), ['ip', 'address', 'show', 'eth0'])).stdout;
    expect(inside).toContain('inet 172.31.0.77/24');
    expect(inside).toContain('inet6 fd31::77/64');
    expect(inside).toContain('link/ether 0e:00:00:00:00:77');
    expect(await pings(bed, in_('other'), '172.31.0.77')).toBe(true);
    expect(await pings(bed, in_('other'), 'fd31::77')).toBe(true);
    const network = await bed.docker('network', 'inspect', '--format', '{{.Id}}', 'net');
    const port = await portOf(bed, 'fixed', 'net');
    const ids = {
      'network-id': network,
      'network-name': 'net',
      'container-id': id,
      'container-name': 'fixed',
      'attached-mac': '0e:00:00:00:00:77',
      ip: '172.31.0.77/24 fd31::77/64',
    };
    for (const [key, value] of Object.entries(ids)) {
      expect(await column(bed, 'Interface', port, `external_ids:${key}`)).toBe(value);
    }
    expect(await column(bed, 'Interface', port, 'external_ids:endpoint-id')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are found by name and alias through the DNS of Docker', async () => {
    const bed = theBed();
    await create('net');
    await bed.docker('run', '-td', '--name', 'server', '--network', 'net', '--network-alias', 'db', 'busybox');
    await guests(bed, 'net', 'client');
    for (const name of ['server', 'db', 'server.net']) {
      await bed.docker('exec', 'client', 'ping', '-c', '1', '-W', '2', name);
    }
  });

  it('come and go while a container runs, several to one container', async () => {
    const bed = theBed();
    await create('net');
    await bed.docker('network', 'create', '-d', 'dovesnap', '--subnet', '172.32.0.0/24', 'second');
    await guests(bed, 'net', 'walker', 'near');
    await guests(bed, 'second', 'remote');
    const far = (await addressesOf(bed, 'remote', 'second')).v4;
    expect(await pings(bed, in_('walker'), far)).toBe(false);
    await bed.docker('network', 'connect', 'second', 'walker');
    expect(await pings(bed, in_('walker'), far)).toBe(true);
    expect(await pings(bed, in_('walker'), (await addressesOf(bed, 'near', 'net')).v4)).toBe(true);
    const [first, second] = [await portOf(bed, 'walker', 'net'), await portOf(bed, 'walker', 'second')];
    expect(await bed.vsctl('iface-to-br', second)).toBe(await bridgeOf(bed, 'second'));
    await bed.docker('network', 'disconnect', 'net', 'walker');
    expect(await pings(bed, in_('walker'), far)).toBe(true);
    await eventually(
      async () => {
        expect(await bed.vsctl('list-ports', await bridgeOf(bed, 'net'))).not.toContain(first);
        expect((await bed.links()).map(({ ifname }) => ifname)).not.toContain(first);
      },
      { what: 'the port to be gone' },
    );
    await bed.docker('network', 'connect', '--ip', '172.31.0.50', 'net', 'walker');
    expect(await pings(bed, in_('near'), '172.31.0.50')).toBe(true);
  });

  it('are made through the Engine API as compose makes them', async () => {
    const bed = theBed();
    const docker = bed.path('/run/docker.sock');
    await post(docker, '/networks/create', {
      Name: 'project_net',
      Driver: 'dovesnap',
      Options: { 'ovs.bridge.mode': 'nat', 'ovs.bridge.mtu': '1400' },
      IPAM: { Config: [{ Subnet: '172.31.0.0/24', Gateway: '172.31.0.1' }] },
      Labels: { 'com.docker.compose.network': 'net' },
    });
    const endpoint = (service: string, number: number) => ({
      Image: 'busybox',
      Tty: true,
      NetworkingConfig: {
        EndpointsConfig: {
          project_net: {
            Aliases: [service],
            IPAMConfig: { IPv4Address: `172.31.0.${number}` },
            DriverOpts: { 'ovs.port.number': String(number) },
          },
        },
      },
      HostConfig: { NetworkMode: 'project_net' },
    });
    await post(docker, '/containers/create?name=project-web-1', endpoint('web', 21));
    await post(docker, '/containers/create?name=project-db-1', endpoint('db', 22));
    await bed.docker('start', 'project-web-1', 'project-db-1');
    expect(await bed.docker('exec', 'project-web-1', 'ping', '-c', '1', '-W', '2', 'db')).toContain('(172.31.0.22)');
    const port = await portOf(bed, 'project-db-1', 'project_net');
    expect(await column(bed, 'Interface', port, 'ofport')).toBe('22');
    expect(await column(bed, 'Interface', port, 'mtu')).toBe('1400');
  });

  it('have no address without an IPAM driver, and carry what the container sets', async () => {
    const bed = theBed();
    await bed.docker('network', 'create', '-d', 'ovs', '--ipam-driver', 'null', 'bare');
    await guests(bed, 'bare', 'b1', 'b2');
    for (const name of ['b1', 'b2']) {
      expect((await runAt(bed, in_(name), ['ip', '-4', 'address', 'show', 'eth0'])).stdout).toBe('');
      await runAt(bed, in_(name), ['ip', 'address', 'add', `10.99.0.${name.slice(1)}/24`, 'dev', 'eth0']);
    }
    expect(await pings(bed, in_('b1'), '10.99.0.2')).toBe(true);
  });

  it('take the OpenFlow port number asked for, and no other one by then', async () => {
    const bed = theBed();
    await create('net');
    const run = (name: string, option: string) =>
      bed.docker('run', '-td', '--name', name, '--network', `name=net,driver-opt=${option}`, 'busybox');
    await run('nine', 'ovs.port.number=9');
    expect(await column(bed, 'Interface', await portOf(bed, 'nine', 'net'), 'ofport')).toBe('9');
    expect(await refusal(run('too', 'ovs.port.number=9'))).toMatch(/ovs\.port\.number: 9 on \S+ belongs to nine/);
    expect(await refusal(run('big', 'ovs.port.number=65280'))).toContain('a whole number from 1 to 65279');
    expect(await refusal(run('odd', 'ovs.port.nummer=1'))).toContain('did you mean ovs.port.number?');
    await guests(bed, 'bridge', 'later');
    await bed.docker('network', 'connect', '--driver-opt', 'ovs.port.number=12', 'net', 'later');
    expect(await column(bed, 'Interface', await portOf(bed, 'later', 'net'), 'ofport')).toBe('12');
    expect((await bed.vsctl('list-ports', await bridgeOf(bed, 'net'))).split('\n')).toHaveLength(2);
  });

  it('live in VLANs: one of their own, or several tagged ones', async () => {
    const bed = theBed();
    await create('net');
    const run = (name: string, option: string) =>
      bed.docker('run', '-td', '--name', name, '--network', `name=net,"driver-opt=${option}"`, 'busybox');
    await Promise.all([
      run('in11', 'ovs.port.vlan=11'),
      run('also11', 'ovs.port.vlan=11'),
      run('in13', 'ovs.port.vlan=13'),
      run('trunk', 'ovs.port.trunk=11,12'),
    ]);
    const address = (await addressesOf(bed, 'in11', 'net')).v4;
    expect(await pings(bed, in_('also11'), address)).toBe(true);
    expect(await pings(bed, in_('in13'), address)).toBe(false);
    expect(await column(bed, 'Port', await portOf(bed, 'trunk', 'net'), 'trunks')).toBe('[11, 12]');
    const listeners = await Promise.all(
      ['in11', 'in13'].map((name) => spawnAt(bed, in_(name), ['python3', '-c', frameListener])),
    );
    const heard = (listener: BedProcess) => listener.log().trim().split('\n').slice(1);
    await eventually(() => expect(listeners.map((one) => one.log())).toEqual(['listening\n', 'listening\n']), {
      what: 'listeners for frames',
    });
    const send = (vlan: number) =>
      runAt(bed, in_('trunk'), ['python3', '-c', frameSender, String(vlan), `tagged-${vlan}`]);
    for (const vlan of [12, 13, 11]) await send(vlan);
    await eventually(() => expect(heard(listeners[0]!)).toEqual(['tagged-11']), { what: 'the tagged frame' });
    expect(heard(listeners[1]!)).toEqual([]);
  });

  it('keep to their rate, over a restart of the container too', async () => {
    const bed = theBed();
    await create('net');
    const limits = 'name=net,driver-opt=ovs.port.rate=20000,driver-opt=ovs.port.burst=200';
    await bed.docker('run', '-td', '--name', 'slow', '--network', limits, 'busybox');
    await guests(bed, 'net', 'fast');
    const port = await portOf(bed, 'slow', 'net');
    expect(await column(bed, 'Interface', port, 'ingress_policing_rate')).toBe('20000');
    expect(await column(bed, 'Interface', port, 'ingress_policing_burst')).toBe('200');
    const slow = await transfer(bed, 'slow', 'fast', ['-t', '1']);
    expect(slow.mbits).toBeGreaterThan(10);
    expect(slow.mbits).toBeLessThan(24);
    expect((await transfer(bed, 'fast', 'slow', ['-t', '1'])).mbits).toBeGreaterThan(40);
    await bed.docker('restart', 'slow');
    expect((await transfer(bed, 'slow', 'fast', ['-t', '1'])).mbits).toBeLessThan(24);
  });

  it('may have IPv6 alone, with engines that can', async () => {
    const bed = theBed();
    const [NetworkID, EndpointID] = ['6'.repeat(64), '9'.repeat(64)];
    const options = { 'com.docker.network.generic': { 'ovs.bridge.mode': 'nat' } };
    const IPv6Data = [{ AddressSpace: 'local', Pool: 'fd66::/64', Gateway: 'fd66::1/64' }];
    await plugin(bed, 'NetworkDriver.CreateNetwork', { NetworkID, Options: options, IPv4Data: [], IPv6Data });
    const Interface = { Address: '', AddressIPv6: 'fd66::9/64', MacAddress: '' };
    const made = await plugin(bed, 'NetworkDriver.CreateEndpoint', { NetworkID, EndpointID, Interface, Options: {} });
    expect(made).toEqual({ Interface: { MacAddress: expect.stringMatching(/^0[26]:/) } });
    const joined = await plugin(bed, 'NetworkDriver.Join', { NetworkID, EndpointID, SandboxKey: '/x', Options: {} });
    expect(joined).toMatchObject({ GatewayIPv6: 'fd66::1' });
    expect(joined).not.toHaveProperty('Gateway');
    const { SrcName } = joined.InterfaceName as { SrcName: string };
    await bed.exec(['ip', 'netns', 'add', 'six']);
    await bed.exec(['ip', 'link', 'set', SrcName, 'netns', 'six', 'up']);
    await bed.exec(['ip', '-netns', 'six', 'address', 'add', 'fd66::9/64', 'dev', SrcName, 'nodad']);
    const ping = ['ip', 'netns', 'exec', 'six', 'ping', '-n', '-c', '1', '-w', '3', 'fd66::1'];
    expect((await bed.exec(ping)).stdout).toContain('1 received');
    await plugin(bed, 'NetworkDriver.Leave', { NetworkID, EndpointID });
    await plugin(bed, 'NetworkDriver.DeleteEndpoint', { NetworkID, EndpointID });
    await plugin(bed, 'NetworkDriver.DeleteNetwork', { NetworkID });
    expect(await bed.vsctl('list-br')).toBe('');
  });

  it('carry TCP without the offloads of the switch: checksums are made in the container', async () => {
    const bed = theBed();
    await create('net');
    await guests(bed, 'net', 'sender', 'receiver');
    const { stdout } = await runAt(bed, in_('sender'), ['ethtool', '-k', 'eth0']);
    expect(stdout).toMatch(/^tx-checksumming: off/m);
    expect((await transfer(bed, 'sender', 'receiver', ['-n', '20M'])).bytes).toBeGreaterThan(15e6);
  });
}, ['iperf3', 'python3', 'tc']);

describeSystem('the endpoints of a network, userspace TSO on', () => {
  const theBed = useDriver({ ovs: { tso: true } });

  it('carry TCP with the offloads left on', async () => {
    const bed = theBed();
    await bed.docker('network', 'create', '-d', 'ovs', '--subnet', '172.31.0.0/24', 'net');
    await guests(bed, 'net', 'sender', 'receiver');
    const { stdout } = await runAt(bed, in_('sender'), ['ethtool', '-k', 'eth0']);
    expect(stdout).toMatch(/^tx-checksumming: on/m);
    expect((await transfer(bed, 'sender', 'receiver', ['-n', '200M'])).bytes).toBeGreaterThan(190e6);
  });
}, ['iperf3']);
