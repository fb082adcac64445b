import { type Bed, uplink } from '@linecard/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { addressesOf, bridgeOf, column, guests, portOf, refusal, remove, useDriver } from './support/driver.js';
import { eventually } from './support/eventually.js';
import { describeSystem } from './support/system.js';
import { answerAt, ask, type Place, pings, runAt } from './support/talk.js';

const in_ = (container: string): Place => ({ container });

/** A wire: `name` in the bed, its other end `far` in a network namespace of its own that has an address. */
async function addWire(bed: Bed, name: string, far: string, address: string): Promise<void> {
  await bed.exec(['ip', 'netns', 'add', far]);
  await bed.exec(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', far]);
  const lines = `address add ${address} dev eth0\nlink set eth0 up\nlink set lo up\n`;
  await bed.exec(['ip', '-netns', far, '-batch', '-'], { input: lines });
  await bed.exec(['ip', 'netns', 'exec', far, 'ethtool', '-K', 'eth0', 'tx', 'off']);
}

describeSystem('the options of a network', () => {
  const theBed = useDriver({}, async (bed) => {
    await addWire(bed, 'eno1', 'far1', '172.30.0.201/24');
    await addWire(bed, 'eno2', 'far2', '172.30.0.202/24');
    await addWire(bed, 'eno3', 'far3', '172.30.0.203/24');
  });
  const subnet = ['--subnet', '172.30.0.0/24'];
  const create = async (name: string, ...options: string[]) =>
    theBed().docker('network', 'create', '-d', 'ovs', ...options.flatMap((one) => ['-o', one]), ...subnet, name);
  afterEach(async () => {
    const bed = theBed();
    const containers = (await bed.docker('ps', '-aq')).split('\n').filter((id) => id !== '');
    const networks = (await bed.docker('network', 'ls', '-q', '--filter', 'driver=ovs')).split('\n');
    await remove(
      bed,
      containers,
      networks.filter((id) => id !== ''),
    );
  });

  it('have defaults: a learning switch of its own name, four OpenFlow versions', async () => {
    const bed = theBed();
    await create('plain');
    const bridge = await bridgeOf(bed, 'plain');
    expect(await column(bed, 'Bridge', bridge, 'fail_mode')).toBe('standalone');
    expect(await column(bed, 'Bridge', bridge, 'controller')).toBe('[]');
    expect(await column(bed, 'Bridge', bridge, 'protocols')).toBe('[OpenFlow10, OpenFlow13, OpenFlow14, OpenFlow15]');
    expect(await column(bed, 'Bridge', bridge, 'datapath_type')).toBe('netdev');
    expect(await column(bed, 'Interface', bridge, 'mtu')).toBe('1500');
    await eventually(
      async () => expect(await column(bed, 'Bridge', bridge, 'external_ids:network-name')).toBe('plain'),
      {
        what: "the network's name to be told",
      },
    );
  });

  it('set name, datapath ID, protocols and the MAC of the local port', async () => {
    const bed = theBed();
    await create(
      'named',
      'ovs.bridge.name=ovs-lan.7',
      'ovs.bridge.dpid=0xfedcba9876543210',
      'ovs.bridge.protocols=OpenFlow13,OpenFlow15',
      'ovs.bridge.ovs_local_mac=0E:01:00:00:00:20',
    );
    expect(await column(bed, 'Bridge', 'ovs-lan.7', 'datapath_id')).toBe('fedcba9876543210');
    const versions = ['OpenFlow10', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'];
    const spoken = versions.map((version) =>
      bed.ofctl('-O', version, 'show', 'ovs-lan.7').then(
        () => version,
        () => 'refused',
      ),
    );
    expect(await Promise.all(spoken)).toEqual(['refused', 'OpenFlow13', 'refused', 'OpenFlow15']);
    const local = (await bed.links()).find(({ ifname }) => ifname === 'ovs-lan.7');
    expect(local?.address).toBe('0e:01:00:00:00:20');
    expect(await bed.ofctl('-O', 'OpenFlow13', 'show', 'ovs-lan.7')).toMatch(/LOCAL.*0e:01:00:00:00:20/);
  });

  it('give the bridge to controllers: it does nothing without them, unless told otherwise', async () => {
    const bed = theBed();
    const targets = 'tcp:127.0.0.1:6653,ssl:[2001:db8::1]:6653,unix:/run/controller.sock,ptcp:6654:127.0.0.1';
    await create('ruled', 'ovs.bridge.name=ruled', `ovs.bridge.controller=${targets}`);
    expect((await bed.vsctl('get-controller', 'ruled')).split('\n').sort()).toEqual(targets.split(',').sort());
    expect(await bed.vsctl('get-fail-mode', 'ruled')).toBe('secure');
    await guests(bed, 'ruled', 'aa', 'bb');
    const { v4 } = await addressesOf(bed, 'bb', 'ruled');
    expect(await pings(bed, in_('aa'), v4)).toBe(false);
    await bed.ofctl('add-flow', 'ruled', 'actions=normal');
    expect(await pings(bed, in_('aa'), v4)).toBe(true);
    expect(await bed.ofctl('show', 'tcp:127.0.0.1:6654')).toContain('LOCAL(ruled)');
    await remove(bed, ['aa', 'bb'], ['ruled']);

    await create(
      'lenient',
      'ovs.bridge.name=lenient',
      'ovs.bridge.controller=tcp:127.0.0.1:6653',
      'ovs.bridge.fail_mode=standalone',
    );
    expect(await bed.vsctl('get-fail-mode', 'lenient')).toBe('standalone');
  });

  it('isolate VLANs of networks that share a wire', async () => {
    const bed = theBed();
    await create('v10', 'ovs.bridge.vlan=10', 'ovs.bridge.add_ports=eno1,eno2///20');
    await guests(bed, 'v10', 'aa', 'bb');
    const port = await portOf(bed, 'aa', 'v10');
    expect(await column(bed, 'Port', port, 'tag')).toBe('10');
    expect(await column(bed, 'Port', 'eno1', 'tag')).toBe('10');
    expect(await column(bed, 'Port', 'eno2', 'tag')).toBe('20');
    const { v4 } = await addressesOf(bed, 'bb', 'v10');
    expect(await pings(bed, in_('aa'), v4)).toBe(true);
    expect(await pings(bed, { netns: 'far1' }, v4)).toBe(true);
    expect(await pings(bed, { netns: 'far2' }, v4)).toBe(false);
  });

  it('leave VLANs to the controller of a bridge that has one', async () => {
    const bed = theBed();
    await create('free', 'ovs.bridge.vlan=10', 'ovs.bridge.controller=tcp:127.0.0.1:6653');
    await guests(bed, 'free', 'aa');
    expect(await column(bed, 'Port', await portOf(bed, 'aa', 'free'), 'tag')).toBe('[]');
  });

  it.each(['ovs.bridge.mtu', 'com.docker.network.driver.mtu'])('set the MTU everywhere: %s', async (name) => {
    const bed = theBed();
    await create('small', `${name}=1300`, 'ovs.bridge.mode=nat');
    await guests(bed, 'small', 'aa');
    expect((await runAt(bed, in_('aa'), ['ip', 'link', 'show', 'eth0'])).stdout).toContain('mtu 1300');
    const links = await bed.links();
    const mtuOf = (ifname: string) => links.find((link) => link.ifname === ifname)?.mtu;
    expect(mtuOf(await bridgeOf(bed, 'small'))).toBe(1300);
    expect(mtuOf(await portOf(bed, 'aa', 'small'))).toBe(1300);
  });

  it('plug interfaces in, on the port numbers wanted, and let them go again', async () => {
    const bed = theBed();
    await create('wired', 'ovs.bridge.name=wired', 'ovs.bridge.add_ports=eno1/8,eno2/9/someacl', 'bind_interface=eno3');
    await guests(bed, 'wired', 'aa');
    expect(await column(bed, 'Interface', 'eno1', 'ofport')).toBe('8');
    expect(await column(bed, 'Interface', 'eno2', 'ofport')).toBe('9');
    expect((await bed.vsctl('list-ports', 'wired')).split('\n')).toEqual(
      expect.arrayContaining(['eno1', 'eno2', 'eno3']),
    );
    for (const last of ['201', '202', '203']) expect(await pings(bed, in_('aa'), `172.30.0.${last}`)).toBe(true);
    await answerAt(bed, in_('aa'), 80);
    const { v4 } = await addressesOf(bed, 'aa', 'wired');
    expect(await ask(bed, { netns: 'far3' }, 'tcp', v4, 80)).toBe('172.30.0.203');
    await remove(bed, ['aa'], ['wired']);
    expect((await bed.links()).map(({ ifname }) => ifname)).toEqual(expect.arrayContaining(['eno1', 'eno2', 'eno3']));
    await create('bound', 'ovs.bridge.name=bound', 'ovs.bridge.bind_interface=eno1');
    expect(await bed.vsctl('iface-to-br', 'eno1')).toBe('bound');
  });

  it('lead out of a flat network through a router on the wire, which publishes no ports', async () => {
    const bed = theBed();
    await bed.docker(
      ...['network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.add_ports=eno1', '--subnet', '172.30.0.0/24'],
      ...['--gateway', '172.30.0.201', 'routered'],
    );
    await guests(bed, 'routered', 'aa');
    expect((await runAt(bed, in_('aa'), ['ip', 'route'])).stdout).toContain('default via 172.30.0.201 dev eth0');
    expect(await pings(bed, in_('aa'), '172.30.0.201')).toBe(true);
    const publish = bed.docker('run', '-d', '--name', 'bb', '-p', '8000:80', '--network', 'routered', 'busybox');
    expect(await refusal(publish)).toMatch(/ports cannot be published on a flat network.*ovs\.bridge\.mode=nat/s);
    const rows = await bed.vsctl('--columns=name', 'find', 'Interface', 'external_ids:linecard=endpoint');
    expect(rows.match(/lcv/g)).toHaveLength(1);
  });

  it('make tunnels, with room for their headers', async () => {
    const bed = theBed();
    await create(
      'tunnels',
      'ovs.bridge.name=tunnels',
      'ovs.bridge.tunnels=vxlan:192.0.2.1:77,geneve:[2001:db8::2],gre:192.0.2.3:5',
    );
    const names = (await bed.vsctl('list-ports', 'tunnels')).split('\n');
    const rows = names.map(async (name) =>
      [await column(bed, 'Interface', name, 'type'), await column(bed, 'Interface', name, 'options')].join(' '),
    );
    expect((await Promise.all(rows)).sort()).toEqual([
      'geneve {remote_ip="2001:db8::2"}',
      'gre {key="5", remote_ip="192.0.2.3"}',
      'vxlan {key="77", remote_ip="192.0.2.1"}',
    ]);
    expect(await column(bed, 'Interface', 'tunnels', 'mtu')).toBe('1422');
  });

  it('force the userspace datapath, and remember what only policy uses', async () => {
    const bed = theBed();
    const remembered = [
      'ovs.bridge.lbport=4090',
      'ovs.bridge.mirror_tunnel_vid=300',
      'ovs.bridge.nat_acl=protect',
      'ovs.bridge.default_acl=deny-all',
      'ovs.bridge.vlan_out_acl=out',
      'ovs.bridge.preallocate_ports=16',
      'ovs.bridge.add_copro_ports=eno1/12',
    ];
    await create('user', 'ovs.bridge.name=user', 'ovs.bridge.userspace=true', ...remembered);
    expect(await column(bed, 'Bridge', 'user', 'datapath_type')).toBe('netdev');
    const kept = await bed.vsctl('get', 'Bridge', 'user', 'external_ids:linecard-network');
    const { options } = JSON.parse(JSON.parse(kept) as string) as { options: Record<string, string> };
    for (const option of remembered) {
      const [name = '', value] = option.split('=');
      expect(options[name]).toBe(value);
    }
  });

  it.each([
    ['ovs.bridge.name=name-of-16-chars', 'an interface name of at most 15 characters'],
    ['ovs.bridge.mode=bridge', 'one of flat, nat, routed'],
    ['ovs.bridge.dpid=0x10000000000000000', 'a datapath ID from 0x1 to 0xffffffffffffffff'],
    ['ovs.bridge.controller=tcp:example.com:6653', 'tcp:IP:PORT'],
    ['ovs.bridge.fail_mode=open', 'one of secure, standalone'],
    ['ovs.bridge.protocols=OpenFlow16', 'OpenFlow10, OpenFlow11'],
    ['ovs.bridge.vlan=4095', 'a whole number from 1 to 4094'],
    ['ovs.bridge.mtu=12', 'a whole number from 68 to 65535'],
    ['ovs.bridge.add_ports=eno1/x', 'name[/ofport[/acl[/vlan]]]'],
    ['ovs.bridge.bind_interface=a/b', 'an interface name'],
    ['ovs.bridge.tunnels=ipip:192.0.2.1', 'vxlan:REMOTE[:KEY]'],
    ['ovs.bridge.userspace=maybe', 'true or false'],
    ['ovs.bridge.ovs_local_mac=01:00:5e:00:00:01', 'a unicast MAC address'],
    ['ovs.bridge.dhcp=perhaps', 'true or false'],
    ['ovs.bridge.lbport=0', 'a whole number from 1 to 65279'],
    ['ovs.bridge.mirror_tunnel_vid=0', 'a whole number from 1 to 4094'],
    ['ovs.bridge.nat_acl=a b', 'letters, digits'],
    ['ovs.bridge.preallocate_ports=-1', 'a whole number from 0 to 1024'],
  ])('refuse %s, naming option, value and what is allowed', async (option, allowed) => {
    const [name = '', value = ''] = option.split('=');
    const said = await refusal(create('wrong', option));
    expect(said).toContain(`option ${name}: "${value}" is not allowed`);
    expect(said).toContain(allowed);
  });

  it('refuse an option that does not exist, with the nearest one that does', async () => {
    expect(await refusal(create('wrong', 'ovs.bridge.controler=tcp:127.0.0.1:6653'))).toContain(
      'option ovs.bridge.controler is not known (did you mean ovs.bridge.controller?)',
    );
  });

  it('refuse what is missing or belongs to somebody else, and leave nothing half-made', async () => {
    const bed = theBed();
    await bed.vsctl('add-br', 'foreign', '--', 'set', 'Bridge', 'foreign', 'datapath_type=netdev');
    await bed.vsctl('add-port', 'foreign', 'eno2');
    await bed.exec(['ip', 'link', 'add', 'br-mine', 'type', 'bridge']);
    await bed.exec(['ip', 'link', 'set', 'eno3', 'master', 'br-mine']);
    await bed.docker('network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.name=first', 'first');
    const before = await bed.snapshot();
    const refused = async (...options: string[]) => refusal(create('wrong', ...options));
    expect(await refused('ovs.bridge.name=foreign')).toContain('bridge foreign exists and is not made by Linecard');
    expect(await refused('ovs.bridge.name=first')).toContain('bridge first is of network first');
    expect(await refused('ovs.bridge.name=uplink')).toContain('the host has an interface uplink already');
    expect(await refused('ovs.bridge.add_ports=eno9')).toContain('the host has no interface eno9');
    expect(await refused('ovs.bridge.add_ports=eno1,eno2')).toContain('eno2 is a port of bridge foreign');
    expect(await refused('ovs.bridge.bind_interface=eno3')).toContain('eno3 belongs to br-mine');
    expect(await refused('ovs.bridge.add_ports=eno1/3,eno1/4')).toContain('twice');
    expect(await refused('ovs.bridge.mode=nat', 'ovs.bridge.dhcp=true')).toContain('dhcp goes with mode flat');
    expect(await refused('ovs.bridge.dhcp=true')).toContain('--ipam-driver null');
    expect(await bed.docker('network', 'ls', '-q', '--filter', 'name=wrong')).toBe('');
    await eventually(async () => expect(await bed.snapshot()).toEqual(before), { what: 'nothing half-made' });
    await remove(bed, [], ['first']);
    expect(await bed.vsctl('list-br')).toBe('foreign');
    await bed.vsctl('del-br', 'foreign');
    await bed.exec(['ip', 'link', 'del', 'br-mine']);
  });

  describe('tunnels', () => {
    it('carry traffic to another host: VXLAN to the one in the kernel outside', async () => {
      const bed = theBed();
      // A userspace tunnel leaves through the bridge that has its source address (facts of the userspace datapath).
      await bed.vsctl('add-br', 'br-ex', '--', 'set', 'Bridge', 'br-ex', 'datapath_type=netdev');
      await bed.vsctl('add-port', 'br-ex', uplink.name);
      const moved = [`address flush dev ${uplink.name}`, `address add ${uplink.ip}/24 dev br-ex`, 'link set br-ex up'];
      await bed.exec(['ip', '-batch', '-'], { input: `${moved.join('\n')}\n` });
      await bed.exec(['sysctl', '-qw', `net.ipv4.conf.${uplink.name}.arp_ignore=1`, 'net.ipv4.conf.all.arp_ignore=1']);
      const outside = [
        `link add vx0 type vxlan id 77 remote ${uplink.ip} dstport 4789 dev eth0`,
        'address add 172.30.0.250/24 dev vx0',
        'link set vx0 mtu 1450 up',
      ];
      await bed.outside(['ip', '-batch', '-'], { input: `${outside.join('\n')}\n` });
      await create('far', `ovs.bridge.tunnels=vxlan:${uplink.outsideIp}:77`);
      await guests(bed, 'far', 'aa');
      await eventually(async () => expect(await pings(bed, in_('aa'), '172.30.0.250')).toBe(true), {
        what: 'a ping through the tunnel',
      });
      await answerAt(bed, in_('aa'), 80);
      expect(await ask(bed, 'outside', 'tcp', (await addressesOf(bed, 'aa', 'far')).v4, 80)).toBe('172.30.0.250');
    });
  });
});
