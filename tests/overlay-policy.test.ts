import { readFile } from 'node:fs/promises';
import { type Bed, linecardMain } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { about, clear, guest, nbctl, network, ovnTools, useHosts } from './support/overlay.js';
import { describeSystem } from './support/system.js';
import { answerAt, ask, pings, runAt } from './support/talk.js';

/** Writes a policy where a host can read it, and applies it. */
async function apply(host: Bed, policy: object, ...options: readonly string[]): Promise<string> {
  await host.exec(['sh', '-c', 'printf %s "$1" > /run/policy.yml', 'sh', JSON.stringify(policy)]);
  return host.linecard('ovn', 'acl', 'apply', ...options, '/run/policy.yml');
}

describeSystem('networks over two hosts', () => {
  const theHosts = useHosts({ hosts: 2, centrals: 1, plan: { docker: true } });
  const two = () => theHosts().hosts as readonly [Bed, Bed];

  it('let through what a policy allows to labelled containers, from any host, and no more', async () => {
    const all = theHosts();
    const [h1, h2] = two();
    await network([h1, h2], 'net', '--ipv6', '--subnet=10.9.0.0/24', '--subnet=fd00:9::/64');
    await Promise.all([
      guest(h1, 'net', 'web', '--label', 'linecard.acl=web-only'),
      guest(h2, 'net', 'client', '--label', 'linecard.acl=clients,web-only'),
      guest(h2, 'net', 'other'),
    ]);
    const v4 = await about(h1, 'web', 'net', 'IPAddress');
    const v6 = await about(h1, 'web', 'net', 'GlobalIPv6Address');
    const servers = [await answerAt(h1, { container: 'web' }, 80), await answerAt(h1, { container: 'web' }, 81)];
    const asks = (from: string, address: string, port: number, timeoutMs = 2000) =>
      ask(h2, { container: from }, 'tcp', address, port, timeoutMs);
    const who = await about(h2, 'client', 'net', 'IPAddress');
    await eventually(async () => expect(await asks('client', v4, 81)).toBe(who), { what: 'everything to be allowed' });
    expect(await asks('other', v6, 81)).toBeDefined();
    const rule = {
      direction: 'to',
      action: 'allow',
      peer: { group: 'clients' },
      protocol: 'tcp',
      ports: [80, '8000-8100'],
    };
    const policy = {
      groups: {
        'web-only': { default: { to: 'drop', log: true }, rules: [rule] },
        clients: { rules: [{ direction: 'from', action: 'reject', protocol: 'tcp', ports: [9999] }] },
      },
    };
    await expect(apply(h1, policy, '--check')).rejects.toThrow();
    await eventually(async () => expect(await h1.linecard('ovn', 'acl', 'ls', 'web-only')).toContain('no '), {
      what: 'the label to make the group',
    });
    expect(await apply(h1, policy)).toContain('+ web-only: to-lport 1000 allow-related');
    expect(await apply(h1, policy, '--check'), 'nothing is left to do').toBe('');
    await eventually(async () => expect(await asks('other', v4, 80, 700)).toBeUndefined(), {
      what: 'others to be kept out',
    });
    expect(await asks('client', v4, 80), 'of a group that may').toBe(who);
    expect(await asks('client', v6, 80)).toBe(await about(h2, 'client', 'net', 'GlobalIPv6Address'));
    expect(await asks('client', v4, 81, 700), 'of a port that may not').toBeUndefined();
    expect(await asks('other', v6, 80, 700)).toBeUndefined();
    expect(await pings(h2, { container: 'other' }, v4)).toBe(false);
    expect(
      await pings(h1, { container: 'web' }, await about(h2, 'other', 'net', 'IPAddress')),
      'answers come back',
    ).toBe(true);
    const state = await h1.appctl('dpctl/dump-conntrack');
    expect(state, 'the connection is tracked in the userspace datapath').toMatch(new RegExp(`src=${who},dst=${v4}`));
    const datapath = await h1.vsctl('get', 'Open_vSwitch', '.', 'datapaths:netdev');
    const capability = () => h1.vsctl('get', 'Datapath', datapath, 'capabilities:ct_zero_snat');
    expect(await capability(), 'what would kill ovs-vswitchd 3.1').toBe('"false"');
    await h1.vsctl('set', 'Datapath', datapath, 'capabilities:ct_zero_snat=true');
    await eventually(async () => expect(await capability()).toBe('"false"'), {
      what: 'as after a start of ovs-vswitchd',
    });
    const log = () =>
      h1.exec(['grep', '-c', 'acl_log.*name="web-only".*verdict=drop', '/var/log/ovn/ovn-controller.log']);
    await eventually(async () => expect(Number((await log()).stdout)).toBeGreaterThan(0), {
      what: 'a line in the log',
    });
    const groups = JSON.parse(await h2.linecard('ovn', 'acl', 'ls', '--json')) as { group: string; ports: number }[];
    expect(groups.map(({ group, ports }) => [group, ports])).toEqual([
      ['clients', 1],
      ['web-only', 2],
    ]);
    await clear(h2, ['client'], []);
    expect(await h1.linecard('ovn', 'acl', 'rm', '--all')).toContain('- web-only');
    await eventually(async () => expect(await asks('other', v4, 81)).toBeDefined(), { what: 'the wall to be gone' });
    for (const server of servers) await server.kill();
    await clear(h1, ['web'], []);
    expect(await nbctl(all, '--bare', '--columns=name', 'list', 'Port_Group'), 'groups go with their ports').toBe('');
  });

  it('keep what a group drops from a container from its beginning on', async () => {
    const all = theHosts();
    const [h1, h2] = two();
    const target = await about(h2, 'other', 'net', 'IPAddress');
    await apply(h1, { groups: { quarantine: { default: { from: 'drop' } } } });
    await network([h1], 'cells', '--subnet=10.12.0.0/24', '-o', 'ovn.router=net', '-o', 'ovn.acl=quarantine');
    // The endpoint's option works on the container's first packet, where the label would come a moment later.
    const option = ['--network=name=net,driver-opt=ovn.acl=quarantine', '--name=shut'];
    await h1.docker('run', '-itd', ...option, 'busybox');
    await guest(h1, 'cells', 'cell');
    const port = async (name: string, net: string) =>
      nbctl(all, 'get', 'Logical_Switch_Port', await about(h1, name, net, 'EndpointID'), 'external_ids:acl');
    expect(await port('shut', 'net')).toMatch(/^"?lca_quarantine\//);
    expect(await port('cell', 'cells')).toMatch(/^"?lca_quarantine\//);
    expect(await pings(h1, { container: 'shut' }, target)).toBe(false);
    await apply(h1, {});
    await eventually(async () => expect(await pings(h1, { container: 'shut' }, target)).toBe(true), {
      what: 'freedom',
    });
    await apply(h1, { networks: { net: { default: { to: 'drop' } } } });
    await eventually(async () => expect(await pings(h1, { container: 'shut' }, target)).toBe(false), {
      what: 'a whole network to be shut',
    });
    await guest(h1, 'net', 'late');
    expect(await pings(h1, { container: 'shut' }, await about(h1, 'late', 'net', 'IPAddress'))).toBe(false);
    await apply(h1, {});
    await clear(h1, ['shut', 'cell', 'late'], ['cells']);
    const wrong = ['--network=name=net,driver-opt=ovn.acl=a b', '--name=wrong'];
    await expect(h1.docker('run', '-d', ...wrong, 'busybox')).rejects.toThrow(/names of groups, comma-separated/);
    await clear(h1, ['wrong'], []);
  });

  it('refuse a policy with the line and what is allowed, and change nothing', async () => {
    const [h1] = two();
    const file = 'groups:\n  web:\n    rules:\n      - direction: to\n        action: deny\n      - direktion: from\n';
    await h1.exec(['sh', '-c', 'printf %s "$1" > /run/policy.yml', 'sh', file]);
    const refused = h1.linecard('ovn', 'acl', 'apply', '/run/policy.yml');
    await expect(refused).rejects.toThrow(
      /policy.yml:5:17: groups.web.rules.0.action: "deny" .*allow, drop, reject[\s\S]*policy.yml:6:9: there is no key "direktion".*"direction"/,
    );
    const manual = await readFile(new URL('../docs/multi-host.md', import.meta.url), 'utf8');
    const shown = /\n( {4}groups:\n(?: {4}.*\n)+)/.exec(manual)![1]!;
    const help = /A policy:\n((?: {2}.*\n)+)/.exec(`${await h1.linecard('ovn', 'acl', 'apply', '--help')}\n`)![1]!;
    for (const example of [shown, help]) {
      await h1.exec(['sh', '-c', 'printf %s "$1" > /run/policy.yml', 'sh', example]);
      const check = ['node', linecardMain, 'ovn', 'acl', 'apply', '--check', '/run/policy.yml'];
      const { stdout, status } = await h1.exec(check, { allowFail: true });
      expect(stdout).toMatch(/^\+ web-only\n(.*\n)*\+ network net: to-lport 500 drop outport == @lcn_net && \(icmp4/m);
      expect(status).toBe(1);
    }
    expect(await h1.linecard('ovn', 'acl', 'ls', '--json')).toBe('[]');
    await expect(h1.linecard('ovn', 'acl', 'ls', 'web')).rejects.toThrow('has the group "web"');
    await guest(h1, 'net', 'odd', '--label', 'linecard.acl=no group');
    const log = async () => (await h1.exec(['cat', '/run/linecard.log'])).stdout;
    const told = 'label of container odd: \\"no group\\" cannot stand in linecard.acl';
    await eventually(async () => expect(await log()).toContain(told), { what: 'a wrong label to be told of' });
    await clear(h1, ['odd'], []);
  });

  it('do not let a container use an address that is not its own', async () => {
    const [h1, h2] = two();
    await guest(h1, 'net', 'liar');
    const target = await about(h2, 'other', 'net', 'IPAddress');
    await eventually(async () => expect(await pings(h1, { container: 'liar' }, target)).toBe(true), {
      what: 'the truth',
    });
    const inside = (...argv: readonly string[]) => runAt(h1, { container: 'liar' }, argv);
    await inside('ip', 'address', 'add', '10.9.0.250/24', 'dev', 'eth0');
    expect(await pings(h1, { container: 'liar' }, target, ['-I', '10.9.0.250'])).toBe(false);
    await inside('ip', 'link', 'set', 'eth0', 'address', '02:00:00:00:00:99');
    expect(await pings(h1, { container: 'liar' }, target)).toBe(false);
    await clear(h1, ['liar'], []);
  });

  it('are told of by each host that is cut off, as far as its own containers go', async () => {
    const all = theHosts();
    const [, h2] = two();
    await all.partition(1, true);
    expect(await h2.linecard('ports', 'net')).toMatch(/\nnet +other +\d+ /);
    await all.partition(1, false);
    await eventually(async () => expect(await h2.linecard('ovn', 'acl', 'ls', '--json')).toBe('[]'), { what: 'OVN' });
  });

  it('limit and mark what an endpoint sends, as its options say', async () => {
    const all = theHosts();
    const [h1, h2] = two();
    const option = 'driver-opt=ovs.port.rate=100,driver-opt=ovs.port.burst=100,driver-opt=ovn.qos.dscp=46';
    await h1.docker('run', '-itd', `--network=name=net,${option}`, '--name=slow', 'busybox');
    const other = await about(h2, 'other', 'net', 'IPAddress');
    await eventually(async () => expect(await pings(h1, { container: 'slow' }, other)).toBe(true), { what: 'a way' });
    expect(await nbctl(all, '--bare', '--columns=bandwidth,action', 'list', 'QoS')).toBe('burst=100 rate=100\ndscp=46');
    const dump = runAt(h2, { container: 'other' }, [
      'timeout',
      '5',
      'tcpdump',
      '-nvl',
      '-c',
      '1',
      '-i',
      'eth0',
      'icmp[icmptype]==8',
    ]);
    await eventually(
      async () => {
        await pings(h1, { container: 'slow' }, other, ['-c', '5', '-w', '2']);
        expect((await dump).stdout).toContain('tos 0xb8');
      },
      { what: 'the mark' },
    );
    // 4 Mbit within a second or two: even in ten seconds this rate lets through no more than a quarter of it.
    const counter = `
      const s = require('node:dgram').createSocket('udp4'); let n = 0;
      s.on('message', (m, peer) => {
        if (m.length > 4) return n++;
        console.log(n);
        s.send('heard', peer.port, peer.address, () => process.exit());
      });
      s.bind(4000, () => console.log('listening'));`;
    const sender = `
      const s = require('node:dgram').createSocket('udp4'); const end = () => s.send('last', 4000, '${other}');
      let left = 500; const send = () => {
        if (left-- === 0) return setInterval(end, 200);
        s.send(Buffer.alloc(1000), 4000, '${other}', () => setTimeout(send, 1));
      };
      s.on('message', () => process.exit()); send(); setTimeout(() => process.exit(), 15000);`;
    const received = async (from: string) => {
      const listening = runAt(h2, { container: 'other' }, ['timeout', '20', 'node', '-e', counter]);
      await eventually(
        async () => expect((await runAt(h2, { container: 'other' }, ['ss', '-Hlun'])).stdout).toContain(':4000'),
        { what: 'the counter' },
      );
      await runAt(h1, { container: from }, ['node', '-e', sender]);
      return Number((await listening).stdout.trim().split('\n').at(-1));
    };
    await guest(h1, 'net', 'fast');
    expect(await received('slow')).toBeLessThan(250);
    expect(await received('fast')).toBeGreaterThan(300);
    await clear(h1, ['slow', 'fast'], []);
    expect(await nbctl(all, 'list', 'QoS')).toBe('');
    const wrong = ['--network=name=net,driver-opt=ovn.qos.dscp=64', '--name=wrong'];
    await expect(h1.docker('run', '-d', ...wrong, 'busybox')).rejects.toThrow(/a whole number from 0 to 63/);
    await clear(h1, ['wrong'], []);
  });

  it('have places for virtual machines, which ask for their addresses', async () => {
    const all = theHosts();
    const [h1, h2] = two();
    const made = await h2.linecard('ovn', 'vm-port', 'vm1', 'net', '--ip', '10.9.0.99');
    expect(made).toMatch(/^vm1 net 02:42:0a:09:00:63 10\.9\.0\.99 fd00:9::[0-9a-f]+$/);
    expect(await h2.linecard('ovn', 'vm-port', 'vm1', 'net'), 'again').toBe(made);
    await expect(h1.linecard('ovn', 'vm-port', 'vm2', 'net', '--ip', '10.9.0.99')).rejects.toThrow('belongs to vm1');
    await expect(guest(h1, 'net', 'rival', '--ip=10.9.0.99')).rejects.toThrow(/belongs to vm1/);
    await clear(h1, ['rival'], []);
    await h2.exec(['ip', 'netns', 'add', 'vm1']);
    await h2.exec(['ip', 'link', 'add', 'vmtap', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'vm1']);
    await h2.exec(['ip', 'link', 'set', 'vmtap', 'up']);
    const vm = (...argv: readonly string[]) => runAt(h2, { netns: 'vm1' }, argv);
    await vm('ip', 'link', 'set', 'eth0', 'address', '02:42:0a:09:00:63', 'up');
    await vm('ethtool', '-K', 'eth0', 'tx', 'off');
    await h2.vsctl('add-port', 'br-int', 'vmtap', '--', 'set', 'Interface', 'vmtap', 'external_ids:iface-id=vm1');
    const script =
      '#!/bin/sh\n[ "$1" = bound ] && echo "$ip/$mask $router $mtu $lease" && ip address add "$ip/$mask" dev "$interface"\n';
    await h2.exec(['sh', '-c', 'printf %s "$1" > /run/bound; chmod +x /run/bound', 'sh', script]);
    const udhcpc = [
      'busybox',
      'udhcpc',
      '-i',
      'eth0',
      '-n',
      '-q',
      '-t',
      '20',
      '-T',
      '1',
      '-O',
      'mtu',
      '-s',
      '/run/bound',
    ];
    expect((await vm(...udhcpc)).stdout).toContain('10.9.0.99/24 10.9.0.1 1442 3600');
    await guest(h1, 'net', 'peer');
    const peer = await about(h1, 'peer', 'net', 'IPAddress');
    await eventually(async () => expect(await pings(h2, { netns: 'vm1' }, peer)).toBe(true), { what: 'the container' });
    const leased = '#!/bin/sh\n[ "$reason" = BOUND6 ] && ip -6 address add "$new_ip6_address/128" dev "$interface"\n';
    await h2.exec([
      'sh',
      '-c',
      'printf %s "$1" > /run/bound6; chmod +x /run/bound6; touch /run/dhclient.conf',
      'sh',
      leased,
    ]);
    const files = [
      '-cf',
      '/run/dhclient.conf',
      '-lf',
      '/run/dhclient.leases',
      '-pf',
      '/run/dhclient.pid',
      '-sf',
      '/run/bound6',
    ];
    const own = async (scope: string) =>
      (await vm('ip', '-6', 'address', 'show', 'dev', 'eth0', 'scope', scope, '-tentative')).stdout.match(/inet6 \S+/g);
    await eventually(async () => expect(await own('link')).toHaveLength(1), { what: 'its link-local address' });
    await vm('timeout', '30', 'dhclient', '-6', '-1', ...files, 'eth0');
    await eventually(async () => expect(await own('global')).toEqual([`inet6 ${made.split(' ')[4]}/128`]), {
      what: 'the address that it was told, and no other',
    });
    const way = /^default via fe80::42:aff:fe09:\S+ dev eth0 proto ra .*mtu 1442/;
    await eventually(async () => expect((await vm('ip', '-6', 'route', 'show', 'default')).stdout).toMatch(way), {
      what: 'the way out that the router advertises',
      timeoutMs: 30_000,
    });
    expect(await pings(h2, { netns: 'vm1' }, 'fd6c:6e63:6172::1', ['-w', '5']), 'beyond the router').toBe(true);
    const peer6 = await about(h1, 'peer', 'net', 'GlobalIPv6Address');
    await eventually(async () => expect(await pings(h2, { netns: 'vm1' }, peer6)).toBe(true), {
      what: 'the container',
    });
    const routes = async (...ask: string[]) =>
      (await runAt(h1, { container: 'peer' }, ['ip', '-6', 'route', ...ask])).stdout;
    await eventually(async () => expect(await routes()).toMatch(/^default via fe80::.* proto ra .* pref low$/m), {
      what: 'a container to hear of the router',
      timeoutMs: 30_000,
    });
    expect(await routes('get', '2001:db8::1'), 'and to keep the way that Docker told it').toContain('via fd00:9::1 ');
    await h2.exec(['sh', '-c', 'kill "$(cat /run/dhclient.pid)"']);
    const names = async () => h1.docker('exec', 'peer', 'nslookup', '-type=a', 'vm1');
    await eventually(async () => expect(await names()).toContain('10.9.0.99'), { what: 'the name of the machine' });
    await h1.linecard('ovn', 'vm-port', 'vm1', '--rm');
    expect(await h1.linecard('ovn', 'vm-port')).toBe('');
    await expect(h1.linecard('ovn', 'vm-port', 'vm1', '--rm')).rejects.toThrow("no machine's port vm1");
    await clear(h1, ['peer'], []);
    await h2.vsctl('del-port', 'vmtap');
    await h2.exec(['ip', 'netns', 'delete', 'vm1']);
    await clear(h2, ['other'], []);
    await Promise.all(two().map((host) => clear(host, [], ['net'])));
    expect(await nbctl(all, 'list', 'DHCP_Options')).toBe('');
  });

  it('are bridged to a physical network, in a VLAN of it', async () => {
    const [h1, h2] = two();
    // The physical switch: the outside host is in VLAN 100 of it, and a stranger with the same address in VLAN 200.
    await h1.vsctl('add-br', 'br-phys', '--', 'set', 'Bridge', 'br-phys', 'datapath_type=netdev');
    await h1.vsctl('set', 'Open_vSwitch', '.', 'external_ids:ovn-bridge-mappings=physnet1:br-phys');
    for (const [name, tag] of [
      ['outer', '100'],
      ['alien', '200'],
    ] as const) {
      await h1.exec(['ip', 'netns', 'add', name]);
      await h1.exec(['ip', 'link', 'add', `${name}0`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
      await h1.exec(['ip', 'link', 'set', `${name}0`, 'up']);
      await runAt(h1, { netns: name }, [
        'ip',
        'address',
        'add',
        name === 'outer' ? '10.70.0.1/24' : '10.70.0.9/24',
        'dev',
        'eth0',
      ]);
      await runAt(h1, { netns: name }, ['ip', 'link', 'set', 'eth0', 'up']);
      await runAt(h1, { netns: name }, ['ethtool', '-K', 'eth0', 'tx', 'off']);
      await h1.vsctl('add-port', 'br-phys', `${name}0`, `tag=${tag}`);
    }
    const options = ['--subnet=10.70.0.0/24', '--gateway=10.70.0.1', '-o', 'ovn.localnet=physnet1:100'];
    await network([h1], 'phys', ...options);
    await guest(h1, 'phys', 'plain');
    const address = await about(h1, 'plain', 'phys', 'IPAddress');
    await eventually(async () => expect(await pings(h1, { netns: 'outer' }, address)).toBe(true), {
      what: 'the outside',
    });
    const server = await answerAt(h1, { netns: 'outer' }, 4000);
    expect(await ask(h1, { container: 'plain' }, 'tcp', '10.70.0.1', 4000)).toBe(address);
    expect(await pings(h1, { netns: 'alien' }, address)).toBe(false);
    expect(await h1.docker('exec', 'plain', 'ip', 'route')).toContain('default via 10.70.0.1');
    await expect(guest(h1, 'phys', 'open', '-p', '80:80')).rejects.toThrow(/the network has no router of its own/);
    await server.kill();
    await clear(h1, ['plain', 'open'], ['phys']);
    expect(await h2.docker('network', 'ls', '-q', '--filter', 'driver=openvswitch')).toBe('');
  });
}, [...ovnTools, 'busybox', 'dhclient', 'tcpdump', 'ss', 'ethtool']);
