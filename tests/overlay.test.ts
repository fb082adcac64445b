import { type Bed, linecardMain } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { interfaceOf } from './support/driver.js';
import { eventually } from './support/eventually.js';
import {
  about,
  clear,
  daemonEnv,
  guest,
  nbctl,
  network,
  ovnTools,
  reaches,
  remains,
  useHosts,
} from './support/overlay.js';
import { describeSystem } from './support/system.js';
import { answerAt, ask, pings, runAt } from './support/talk.js';

describeSystem('networks over three hosts', () => {
  const theHosts = useHosts({ hosts: 3, centrals: 3, plan: { docker: true } });
  const three = () => theHosts().hosts as readonly [Bed, Bed, Bed];

  it('are made by two commands on each, which may be given again', async () => {
    const all = theHosts();
    const [h1] = three();
    const members = [0, 1, 2].map((i) => all.address(i)).join(',');
    const again = await h1.linecard('ovn', 'join', members);
    expect(again).toBe(`host h1 takes part: bridge br-int, tunnels to ${all.address(0)}, on bridge br-ul0\n`.trim());
    await h1.linecard('ovn', 'central', '--address', all.address(0), '--members', members);
    const status = await h1.exec(['ovn-appctl', '-t', '/run/ovn/ovnnb_db.ctl', 'cluster/status', 'OVN_Northbound']);
    expect(status.stdout.match(/^ {4}\w{4} \(/gm)).toHaveLength(3);
    expect(await h1.vsctl('get', 'Open_vSwitch', '.', 'external_ids:ovn-nb')).toContain('tcp:192.0.2.3:6641');
  });

  it("obey the commands of OVN's own guide", async () => {
    const all = theHosts();
    const [h1] = three();
    const nid = await h1.docker('network', 'create', '-d', 'openvswitch', '--subnet=192.168.1.0/24', 'foo');
    expect(await h1.docker('network', 'ls', '--format', '{{.Driver}} {{.Name}}')).toContain('openvswitch foo');
    expect(await nbctl(all, 'ls-list')).toContain(`(${nid})`);
    expect(await nbctl(all, 'get', 'Logical_Switch', nid, 'external_ids:subnet')).toBe('"192.168.1.0/24"');
    expect(await nbctl(all, 'get', 'Logical_Switch', nid, 'external_ids:gateway_ip')).toBe('"192.168.1.1"');
    await h1.docker('run', '-itd', '--net=foo', '--name=busybox', 'busybox');
    const endpoint = await about(h1, 'busybox', 'foo', 'EndpointID');
    expect(await nbctl(all, 'lsp-list', nid)).toContain(`(${endpoint})`);
    const bar = await h1.docker('network', 'create', '-d', 'openvswitch', '--subnet=192.168.2.0/24', 'bar');
    await h1.docker('network', 'connect', 'bar', 'busybox');
    expect(await nbctl(all, 'lsp-list', bar)).toContain(`(${await about(h1, 'busybox', 'bar', 'EndpointID')})`);
    await eventually(
      async () => {
        const port = await nbctl(all, 'get', 'Logical_Switch_Port', endpoint, 'external_ids');
        expect(port).toMatch(/container=busybox.*host=h1.*network=foo/);
      },
      { what: 'the logical port to say whose it is' },
    );
    await h1.docker('network', 'disconnect', 'bar', 'busybox');
    expect(await nbctl(all, 'lsp-list', bar)).not.toMatch(/\([0-9a-f]{64}\)$/m);
    await clear(h1, ['busybox'], ['foo', 'bar']);
    await eventually(async () => expect(await remains(all)).toEqual([]), { what: 'nothing to be left' });
  });

  it('carry packets between containers anywhere, under their names, with addresses of their own', async () => {
    const all = theHosts();
    const [h1, h2, h3] = three();
    const both = ['--ipv6', '--subnet=10.9.0.0/16', '--subnet=fd00:9::/64', '--ip-range=10.9.7.0/24'];
    await network([h1, h2, h3], 'net', ...both);
    expect(await nbctl(all, '--bare', '--columns=name', 'find', 'Logical_Switch', 'name=net')).toBe('net');
    await Promise.all([h1, h2, h3].map((host, i) => guest(host, 'net', `web${i + 1}`)));
    const addresses = await Promise.all(
      [h1, h2, h3].map(async (host, i) => ({
        v4: await about(host, `web${i + 1}`, 'net', 'IPAddress'),
        v6: await about(host, `web${i + 1}`, 'net', 'GlobalIPv6Address'),
        mac: await about(host, `web${i + 1}`, 'net', 'MacAddress'),
      })),
    );
    expect(new Set(addresses.map(({ v4 }) => v4)).size).toBe(3);
    for (const { v4, v6, mac } of addresses) {
      expect(v4).toMatch(/^10\.9\.7\.\d+$/);
      expect(mac).toBe(
        `02:42:${v4
          .split('.')
          .map((byte) => Number(byte).toString(16).padStart(2, '0'))
          .join(':')}`,
      );
      await reaches(h1, 'web1', v4);
      await reaches(h1, 'web1', v6);
    }
    await reaches(h3, 'web3', addresses[1]!.v4);
    expect(await h1.docker('exec', 'web1', 'cat', '/sys/class/net/eth0/mtu')).toBe('1442');
    const whole = ['-M', 'do', '-s', '1414'];
    const large = async () => expect(await pings(h1, { container: 'web1' }, addresses[1]!.v4, whole)).toBe(true);
    await eventually(large, { what: 'a packet as large as the MTU allows to pass the tunnel' });
    await eventually(
      async () => expect(await h1.docker('exec', 'web1', 'nslookup', '-type=a', 'web3')).toContain(addresses[2]!.v4),
      { what: 'the name of a container on another host to be known' },
    );
    expect(await h2.docker('exec', 'web2', 'nslookup', '-type=aaaa', 'web3')).toContain(addresses[2]!.v6);
    await eventually(
      async () => {
        const ports = JSON.parse(await h3.linecard('ports', 'net', '--json')) as Record<string, unknown>[];
        const own = await interfaceOf(h2, await about(h2, 'web2', 'net', 'EndpointID'));
        const ofport = Number(await h2.vsctl('get', 'Interface', own, 'ofport'));
        expect(ports.map(({ container, host, chassis }) => [container, host, chassis])).toEqual([
          ['web1', 'h1', 'h1'],
          ['web2', 'h2', 'h2'],
          ['web3', 'h3', 'h3'],
        ]);
        const { mac } = addresses[1]!;
        const logicalPort = await about(h2, 'web2', 'net', 'EndpointID');
        const place = { host: 'h2', chassis: 'h2', logicalPort, tunnelKey: expect.any(Number) };
        expect(ports[1]).toMatchObject({ network: 'net', ofport, mac, hostInterface: own, ...place });
        expect(await h3.linecard('port', 'web2')).toBe(`,${ofport},${mac},br-int,h2`);
        expect(await h2.linecard('port', 'web2')).toBe(`eth0,${ofport},${mac},br-int`);
        expect(await h2.linecard('port', 'web2', 'br-int')).toBe(`eth0,${ofport},${mac}`);
        const [inner] = JSON.parse(await h2.linecard('port', 'web2', '--json')) as object[];
        expect(inner).toEqual({
          ifname: 'eth0',
          mac,
          bridge: 'br-int',
          ofport,
          hostInterface: expect.any(String),
          ...place,
        });
      },
      { what: 'every host to know the ports of all' },
    );
    const columns = /^NETWORK +CONTAINER +OFPORT +MAC +ADDRESSES +HOST +KEY .*\nnet +web1 +\d+ +02:42:\S+ .* h1 +\d+ /;
    expect(await h1.linecard('ports')).toMatch(columns);
    const env = { LINECARD_SOCKET: '/run/nobody.sock' };
    const alone = await h1.exec(['node', linecardMain, 'port', 'web2'], { env });
    expect(alone.stdout, 'without a daemon').toMatch(/,02:42:.*,br-int,h2\n$/);
    await h1.docker('network', 'create', '-d', 'ovs', '--subnet=10.44.0.0/24', 'local');
    await h1.docker('network', 'create', '-d', 'openvswitch', '--internal', '--subnet=10.45.0.0/24', 'cut');
    const networks = JSON.parse(await h1.linecard('networks', '--json')) as { name: string }[];
    expect(networks.map(({ name }) => name)).toEqual(['cut', 'local', 'net']);
    expect(networks[2]).toEqual({
      kind: 'overlay',
      id: await h1.docker('network', 'inspect', '-f', '{{.Id}}', 'net'),
      ...{ name: 'net', switch: 'net', router: 'net', internal: false, mtu: 1442, ports: 1 },
      subnets: ['10.9.0.0/16', 'fd00:9::/64'],
      gateways: ['10.9.7.0', 'fd00:9::1'].map(() => expect.any(String)),
      ...{ bridge: 'br-int', datapath: 'userspace', failMode: 'secure', controllers: [] },
      dpid: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    const metrics = (await h1.exec(['curl', '-s', 'http://127.0.0.1:9401/metrics'])).stdout;
    expect(metrics).toMatch(/^linecard_networks 3$/m);
    expect(metrics).toMatch(
      /^linecard_port_rx_bytes_total\{network="net",container="web1",bridge="br-int",ofport="\d+",/m,
    );
    const rows = (await h1.exec(['node', linecardMain, 'networks'], { env })).stdout;
    expect(rows, 'without a daemon').toMatch(/^net +overlay +10\.9\.0\.0\/16 fd00:9::\/64 .* 1442 +br-int +net .* 1$/m);
    expect(rows).toMatch(/^cut +overlay internal +10\.45\.0\.0\/24 /m);
    expect(JSON.parse(await h1.linecard('status', '--json'))).toMatchObject({ networks: 3, ports: 1 });
    await clear(h1, [], ['local', 'cut']);
    const server = await answerAt(h2, { container: 'web2' }, 4000);
    expect(await ask(h1, { container: 'web1' }, 'tcp', addresses[1]!.v4, 4000)).toBe(addresses[0]!.v4);
    expect(await ask(h3, { container: 'web3' }, 'tcp', addresses[1]!.v6, 4000)).toBe(addresses[2]!.v6);
    await server.kill();
  });

  it('refuse an address that somebody has on another host, whoever comes first', async () => {
    const [h1, h2] = three();
    const outcomes = await Promise.allSettled(
      [h1, h2].map((host, i) => guest(host, 'net', `rival${i}`, '--ip=10.9.200.1')),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await Promise.all([h1, h2].map((host, i) => clear(host, [`rival${i}`], [])));
    await guest(h2, 'net', 'rival', '--ip=10.9.200.1');
    await clear(h2, ['rival'], []);
  });

  it('give out the addresses that are asked for, and none that is reserved', async () => {
    const all = theHosts();
    const [h1, h2] = three();
    const wanted = ['--subnet=10.41.0.0/24', '--gateway=10.41.0.254', '--aux-address=printer=10.41.0.1'];
    await network([h1, h2], 'plan', ...wanted, '-o', 'ovn.mtu=9000');
    await Promise.all([guest(h1, 'plan', 'one', '--ip=10.41.0.3'), guest(h2, 'plan', 'two')]);
    expect(await about(h1, 'one', 'plan', 'IPAddress')).toBe('10.41.0.3');
    expect(await about(h1, 'one', 'plan', 'Gateway')).toBe('10.41.0.254');
    expect(await about(h2, 'two', 'plan', 'IPAddress')).toBe('10.41.0.2');
    await expect(guest(h2, 'plan', 'three', '--ip=10.41.0.1')).rejects.toThrow();
    await clear(h2, ['two', 'three'], []);
    await guest(h1, 'plan', 'four');
    expect(await about(h1, 'four', 'plan', 'IPAddress'), 'not the one that was just released').toBe('10.41.0.4');
    expect((await h1.exec(['cat', '/run/linecard.log'])).stdout).toContain('MTU 9000 is more than the 1442 that fit');
    await Promise.all([clear(h1, ['one', 'four'], ['plan']), clear(h2, [], ['plan'])]);
    expect(await nbctl(all, '--bare', '--columns=external_ids', 'find', 'DNS', 'external_ids:kind=reserved')).toBe('');
  });

  it('belong to one container also on a network of another driver', async () => {
    const [h1] = three();
    const options = ['--subnet=10.46.0.0/24', '--aux-address=printer=10.46.0.9'];
    await h1.docker('network', 'create', '-d', 'bridge', '--ipam-driver', 'openvswitch', ...options, 'other');
    await expect(guest(h1, 'other', 'printer', '--ip=10.46.0.9')).rejects.toThrow('10.46.0.9 belongs to');
    await guest(h1, 'other', 'one', '--ip=10.46.0.7');
    await expect(guest(h1, 'other', 'two', '--ip=10.46.0.7')).rejects.toThrow('10.46.0.7 belongs to');
    await clear(h1, ['printer', 'one', 'two'], ['other']);
  });

  it('choose a subnet that no network of any host has', async () => {
    const [h1, h2] = three();
    const chosen = async (name: string) => {
      await h1.docker('network', 'create', '-d', 'openvswitch', '--ipam-driver', 'openvswitch', name);
      await guest(h1, name, `in-${name}`);
      return Number(/^10\.128\.(\d+)\.2$/.exec(await about(h1, `in-${name}`, name, 'IPAddress'))?.[1]);
    };
    const first = await chosen('auto');
    await network([h2], 'named', `--subnet=10.128.${first + 1}.0/24`);
    expect(await chosen('next')).toBe(first + 2);
    await Promise.all([clear(h1, ['in-auto', 'in-next'], ['auto', 'next']), clear(h2, [], ['named'])]);
  });

  it('find a container that comes back at once, also on another host: its address has the same MAC address', async () => {
    const [h1, h2, h3] = three();
    const fixed = ['--ip=10.9.8.1', '--ip6=fd00:9::8:1'];
    await guest(h1, 'net', 'back', ...fixed);
    await reaches(h2, 'web2', '10.9.8.1');
    await reaches(h2, 'web2', 'fd00:9::8:1');
    const known = () => runAt(h2, { container: 'web2' }, ['ip', 'neigh', 'show', '10.9.8.1']);
    const before = (await known()).stdout.split(' ').slice(0, 5);
    await h1.docker('restart', '-t', '0', 'back');
    await reaches(h2, 'web2', '10.9.8.1');
    await clear(h1, ['back'], []);
    await guest(h3, 'net', 'back', ...fixed);
    await reaches(h2, 'web2', '10.9.8.1');
    await reaches(h2, 'web2', 'fd00:9::8:1');
    expect((await known()).stdout.split(' ').slice(0, 5)).toEqual(before);
    await clear(h3, ['back'], []);
  });

  it('lead out through every host, and in by published ports', async () => {
    const all = theHosts();
    const [h1, h2] = three();
    await all.wire(['ip', 'address', 'replace', '192.0.2.254/24', 'dev', 'wire0']);
    await all.wire(['ip', 'address', 'replace', 'fd00:99::254/64', 'dev', 'wire0', 'nodad']);
    await h2.exec(['ip', 'address', 'replace', 'fd00:99::2/64', 'dev', 'br-ul0', 'nodad']);
    await reaches(h1, 'web1', '192.0.2.254');
    await reaches(h2, 'web2', '192.0.2.254');
    await guest(h2, 'net', 'shop', '-p', '8080:80');
    await h2.docker('exec', '-d', 'shop', 'sh', '-c', 'mkdir /w; echo hello > /w/index.html; httpd -p 80 -h /w');
    const url = `http://${all.address(1)}:8080/`;
    const curl = ['curl', '-sS', '-m', '3', url];
    await eventually(async () => expect((await all.wire(curl)).stdout).toBe('hello\n'), { what: 'the port to answer' });
    const v6 = ['curl', '-sS', '-m', '3', 'http://[fd00:99::2]:8080/'];
    await eventually(async () => expect((await all.wire(v6)).stdout).toBe('hello\n'), { what: 'the port over IPv6' });
    await reaches(h2, 'web2', 'fd00:99::254');
    expect((await h2.exec(curl)).stdout).toBe('hello\n');
    expect((await h2.exec(['curl', '-sS', '-m', '3', 'http://127.0.0.1:8080/'])).stdout).toBe('hello\n');
    expect((await h1.exec(curl)).stdout).toBe('hello\n');
    const get = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${all.address(1)} 8080`;
    expect(await h1.docker('exec', 'web1', 'sh', '-c', get)).toContain('hello');
    expect(await h2.docker('exec', 'web2', 'sh', '-c', get)).toContain('hello');
    await clear(h2, ['shop'], []);
    expect((await all.wire(curl, true)).status).not.toBe(0);
  });

  it('of one router reach each other, those of others and internal ones do not', async () => {
    const [h1, h2] = three();
    const router = ['-o', 'ovn.router=east'];
    await network([h1], 'left', ...router, '--subnet=10.21.0.0/24');
    await network([h2], 'right', ...router, '--subnet=10.22.0.0/24');
    await network([h1, h2], 'cut', '--internal', '--subnet=10.23.0.0/24');
    await Promise.all([guest(h1, 'left', 'lefty'), guest(h2, 'right', 'righty')]);
    await Promise.all([guest(h1, 'cut', 'cut1'), guest(h2, 'cut', 'cut2')]);
    await reaches(h1, 'lefty', await about(h2, 'righty', 'right', 'IPAddress'));
    await reaches(h1, 'cut1', await about(h2, 'cut2', 'cut', 'IPAddress'));
    expect(await pings(h1, { container: 'lefty' }, await about(h1, 'web1', 'net', 'IPAddress'))).toBe(false);
    expect(await h1.docker('exec', 'cut1', 'ip', 'route')).not.toContain('default');
    await h1.exec([
      'nsenter',
      '-t',
      await h1.docker('inspect', '-f', '{{.State.Pid}}', 'cut1'),
      '-n',
      'ip',
      'route',
      'add',
      'default',
      'via',
      '10.23.0.1',
    ]);
    expect(await pings(h1, { container: 'cut1' }, '192.0.2.254')).toBe(false);
    await clear(h1, ['lefty', 'cut1'], ['left', 'cut']);
    await clear(h2, ['righty', 'cut2'], ['right', 'cut']);
  });

  it('lead out through one host where that is asked for', async () => {
    const all = theHosts();
    const [h1, h2] = three();
    await network([h1, h2], 'single', '--subnet=10.31.0.0/24', '-o', 'ovn.gateway=h2');
    await guest(h1, 'single', 'inner');
    await reaches(h1, 'inner', '192.0.2.254');
    const dump = all.wire(['timeout', '3', 'tcpdump', '-nl', '-c', '1', '-i', 'wire0', 'icmp[icmptype]==icmp-echo']);
    await eventually(async () => expect(await pings(h1, { container: 'inner' }, '192.0.2.254')).toBe(true), {
      what: 'the way out',
    });
    await pings(h1, { container: 'inner' }, '192.0.2.254', ['-c', '5', '-w', '2']);
    expect((await dump).stdout).toContain(`${all.address(1)} > 192.0.2.254`);
    await clear(h1, ['inner'], []);
    await expect(guest(h1, 'single', 'inner', '-p', '80:80')).rejects.toThrow(/way out is on host h2/);
    await clear(h1, ['inner'], ['single']);
    await clear(h2, [], ['single']);
  });

  it('outlive the daemon, dockerd and their restarts, and leave nothing behind', async () => {
    const all = theHosts();
    const [h1, h2, h3] = three();
    const target = await about(h2, 'web2', 'net', 'IPAddress');
    await h1.killDaemon();
    expect(await pings(h1, { container: 'web1' }, target)).toBe(true);
    await h1.daemon({ env: daemonEnv });
    await h1.docker('restart', '-t', '0', 'web1');
    await reaches(h1, 'web1', target);
    await h1.stopDocker('KILL');
    await h1.exec(['pkill', '-9', 'containerd-shim'], { allowFail: true });
    await h1.startDocker();
    await h1.docker('start', 'web1');
    await reaches(h1, 'web1', target);
    await eventually(
      async () => {
        const ports = (await nbctl(all, 'lsp-list', 'net')).match(/\([0-9a-f]{64}\)/g) ?? [];
        expect(ports.length).toBe(3);
        expect((await h1.vsctl('list-ports', 'br-int')).match(/^lco/gm)).toHaveLength(1);
      },
      { what: 'stale ports to be collected', timeoutMs: 20_000 },
    );
    await Promise.all([h1, h2, h3].map((host, i) => clear(host, [`web${i + 1}`], ['net'])));
    await eventually(async () => expect(await remains(all)).toEqual([]), { what: 'nothing to be left' });
    for (const host of [h1, h2, h3]) {
      expect((await host.links()).map(({ ifname }) => ifname).filter((name) => /^lc/.test(name))).toEqual([]);
      expect((await host.exec(['nft', 'list', 'tables'])).stdout).not.toContain('linecard_ovn');
    }
  });
}, [...ovnTools, 'curl', 'tcpdump']);
