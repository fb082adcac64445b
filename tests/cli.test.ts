import { fileURLToPath } from 'node:url';
import type { Finding, PortInfo } from '@linecard/api';
import type { Bed } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { describeSystem, useBed } from './support/system.js';

const linecardMain = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url));
const daemonIndex = fileURLToPath(new URL('../packages/daemon/dist/index.js', import.meta.url));

/** Runs the command and returns all of its result. */
function cli(bed: Bed, ...args: string[]) {
  return bed.exec(['node', linecardMain, ...args], { allowFail: true });
}

async function json<T>(bed: Bed, ...args: string[]): Promise<T> {
  return JSON.parse(await bed.linecard(...args, '--json')) as T;
}

/** Interfaces that Linecard makes: what must go when a container is detached. */
async function veths(bed: Bed): Promise<string[]> {
  return (await bed.links()).map(({ ifname }) => ifname).filter((name) => /^lc[vp]/.test(name));
}

async function guest(bed: Bed, name: string, ...options: string[]): Promise<string> {
  return bed.docker('run', '-td', '--name', name, ...options, 'busybox');
}

const created = ['-d', 'ovs', '-o', 'ovs.bridge.mode=nat', '--subnet', '10.9.0.0/24', '--gateway', '10.9.0.1'];

describeSystem('the command with a daemon', () => {
  const theBed = useBed({ ovs: true, docker: true }, async (bed) => {
    await bed.daemon();
    await bed.docker('network', 'create', ...created, '-o', 'ovs.bridge.dpid=0x2a', 'mynet');
    await guest(bed, 'web', '--net', 'mynet', '-p', '8080:80', '-p', '8081:81/udp');
    await guest(bed, 'quiet', '--net', 'none');
  });

  it('tells how the daemon is', async () => {
    const bed = theBed();
    expect(await json(bed, 'status')).toMatchObject({
      ovs: { connected: true },
      docker: { connected: true, socket: '/run/docker.sock' },
      networks: 1,
      ports: 1,
      listen: 'http://127.0.0.1:9401',
    });
    expect(await bed.linecard('status')).toMatch(/^Open vSwitch {2}connected, version \d/m);
  });

  it('lists networks and ports, for people and for programs', async () => {
    const bed = theBed();
    const [network] = await json<{ id: string }[]>(bed, 'networks');
    expect(network).toMatchObject({
      name: 'mynet',
      mode: 'nat',
      subnets: ['10.9.0.0/24'],
      gateways: ['10.9.0.1'],
      dpid: '000000000000002a',
      datapath: 'userspace',
      ports: 1,
    });
    const [port] = await json<PortInfo[]>(bed, 'ports', network!.id.slice(0, 6));
    expect(port).toMatchObject({
      container: 'web',
      ofport: 1,
      ifname: 'eth0',
      addresses: ['10.9.0.2/24'],
      state: 'up',
    });
    const table = await bed.linecard('ports', 'mynet');
    expect(table).toMatch(/^NETWORK +CONTAINER +IFNAME +OFPORT +MAC /);
    expect(table).toMatch(/^mynet +web +eth0 +1 +02:42:0a:09:00:02 +10\.9\.0\.2\/24 +8080->80\/tcp 8081->81\/udp /m);
  });

  it('prints the ports of a container as lines of CSV', async () => {
    const bed = theBed();
    const [network] = await json<{ bridge: string }[]>(bed, 'networks');
    const bridge = network!.bridge;
    expect(await bed.linecard('port', 'web')).toBe(`eth0,1,02:42:0a:09:00:02,${bridge}`);
    expect(await bed.linecard('port', 'web', bridge)).toBe('eth0,1,02:42:0a:09:00:02');
    expect(await bed.linecard('port', 'web', 'other')).toBe('eth0,,02:42:0a:09:00:02');
    const id = await bed.docker('inspect', '--format', '{{.Id}}', 'web');
    expect(await bed.linecard('port', id.slice(0, 8), bridge)).toBe('eth0,1,02:42:0a:09:00:02');
    expect(await bed.linecard('port', 'quiet')).toBe('');
  });

  it('finds ports that somebody else has plugged in', async () => {
    const bed = theBed();
    await guest(bed, 'foreign', '--net', 'none');
    const pid = await bed.docker('inspect', '--format', '{{.State.Pid}}', 'foreign');
    await bed.vsctl('add-br', 'handmade', '--', 'set', 'Bridge', 'handmade', 'datapath_type=netdev');
    const mac = '02:00:00:00:00:99';
    await bed.exec([
      'ip',
      'link',
      'add',
      'hand0',
      'type',
      'veth',
      'peer',
      'name',
      'net1',
      'address',
      mac,
      'netns',
      pid,
    ]);
    await bed.vsctl('add-port', 'handmade', 'hand0', '--', 'set', 'Interface', 'hand0', 'ofport_request=44');
    expect(await bed.linecard('port', 'foreign', 'handmade')).toBe(`net1,44,${mac}`);
    await bed.docker('rm', '-f', 'foreign');
    await bed.vsctl('del-br', 'handmade');
  });

  it('attaches a container to a bridge that it makes, and changes nothing when asked again', async () => {
    const bed = theBed();
    const options = ['--of-port', '7', '--mac', '02:00:00:00:00:07', '--vlan', '100', '--gateway', '172.31.1.254'];
    const more = ['--mtu', '1400', '--controller', 'tcp:127.0.0.1:6653', '--ifname', 'lan0'];
    const order = ['attach', 'kiwi', 'quiet', '172.31.1.1/24', 'fd00:31::1/64', ...options, ...more];
    expect(await bed.linecard(...order)).toBe('attached quiet: bridge kiwi, interface lan0, OpenFlow port 7');
    const inside = await bed.docker('exec', 'quiet', 'ip', 'addr', 'show', 'lan0');
    for (const text of ['mtu 1400', '02:00:00:00:00:07', '172.31.1.1/24', 'fd00:31::1/64'])
      expect(inside).toContain(text);
    expect(await bed.docker('exec', 'quiet', 'ip', 'route')).toContain('default via 172.31.1.254 dev lan0');
    expect(await bed.linecard('port', 'quiet', 'kiwi')).toBe('lan0,7,02:00:00:00:00:07');
    expect(await bed.vsctl('get-controller', 'kiwi')).toBe('tcp:127.0.0.1:6653');
    const [port] = await json<PortInfo[]>(bed, 'ports', 'kiwi');
    expect(port).toMatchObject({ kind: 'attachment', vlan: 100, mtu: 1400, ofport: 7, ifname: 'lan0' });

    const before = await bed.snapshot();
    expect(await bed.linecard(...order)).toContain('quiet is attached already, nothing changed: bridge kiwi');
    expect(await json(bed, ...order)).toMatchObject({ changed: false, ofport: 7 });
    expect(await bed.snapshot()).toEqual(before);
  });

  it('attaches more than once, and attaches a restarted container again on the same ports', async () => {
    const bed = theBed();
    await bed.linecard('attach', 'kiwi', 'quiet', '172.31.2.1/24');
    const before = await bed.linecard('port', 'quiet', 'kiwi');
    expect(before.split('\n')).toHaveLength(2);
    await bed.docker('restart', '-t', '0', 'quiet');
    await eventually(async () => expect(await bed.linecard('port', 'quiet', 'kiwi')).toBe(before), {
      what: 'the same interfaces on the same ports',
    });
    expect(await bed.docker('exec', 'quiet', 'ip', 'addr', 'show', 'lan0')).toContain('172.31.1.1/24');
  });

  it('plugs a restarted container in again when ovs-vswitchd hears late that it had gone', async () => {
    const bed = theBed();
    const links = (await veths(bed)).length;
    for (const [name, address] of Object.entries({ walker: '172.31.9.1/24', peer: '172.31.9.2/24' })) {
      await guest(bed, name, '--net', 'none');
      await bed.linecard('attach', 'late', name, address);
    }
    const reachesPeer = (what: string) =>
      eventually(() => bed.docker('exec', 'walker', 'ping', '-c', '1', '-W', '1', '172.31.9.2'), { what });
    await reachesPeer('walker to reach peer');
    const row = () => bed.vsctl('--bare', '--columns=_uuid', 'find', 'Interface', 'external_ids:container-name=walker');
    const before = await row();
    const pid = (await bed.exec(['cat', '/run/openvswitch/ovs-vswitchd.pid'])).stdout.trim();
    await bed.exec(['kill', '-STOP', pid]);
    try {
      await bed.docker('restart', '-t', '0', 'walker');
      await eventually(async () => expect([before, '']).not.toContain(await row()), {
        what: 'the container to be plugged in again, as far as that goes',
      });
    } finally {
      await bed.exec(['kill', '-CONT', pid]);
    }
    await reachesPeer('walker to reach peer after its restart');
    await bed.docker('rm', '-f', 'walker', 'peer');
    const what = 'both to have left the bridge';
    await eventually(async () => expect(await bed.vsctl('list-ports', 'late')).toBe(''), { what });
    await eventually(async () => expect(await veths(bed)).toHaveLength(links), { what });
  });

  it('refuses what contradicts an attachment, and does nothing half', async () => {
    const bed = theBed();
    const before = await bed.snapshot();
    const refused = async (text: string, ...args: string[]) => {
      const { status, stdout, stderr } = await cli(bed, 'attach', ...args);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toContain(`linecard: ${text}`);
    };
    await refused('container quiet is attached to kiwi as lan0', 'kiwi', 'quiet', '10.0.0.1/8', '--ifname', 'lan0');
    await refused('OpenFlow port 7 of kiwi belongs to', 'kiwi', 'web', '172.31.1.2/24', '--of-port', '7');
    await refused('gateway 10.0.0.1 is in none', 'kiwi', 'web', '172.31.1.2/24', '--gateway', '10.0.0.1');
    await refused('"172.31.1.2" is not an address with a prefix', 'fresh', 'web', '172.31.1.2');
    for (const target of ['tcp:somewhere', 'embedded:hub', 'nothing']) {
      const order = ['fresh', 'web', '172.31.1.2/24', '--controller', `tcp:127.0.0.1:6653,${target}`];
      await refused(`"${target}" is no controller of a bridge`, ...order);
    }
    await refused('No such container', 'fresh', 'nobody', '172.31.1.2/24');
    expect(await bed.snapshot()).toEqual(before);
  });

  it('detaches one interface, or all', async () => {
    const bed = theBed();
    const count = (await veths(bed)).length;
    expect(await bed.linecard('detach', 'kiwi', 'quiet', '--ifname', 'lan0')).toBe(
      'detached quiet: bridge kiwi, interface lan0',
    );
    expect(await bed.linecard('port', 'quiet', 'kiwi')).toMatch(/^eth0,\d+,\S+$/);
    await bed.linecard('detach', 'kiwi', 'quiet');
    expect(await bed.linecard('port', 'quiet')).toBe('');
    await eventually(async () => expect(await veths(bed)).toHaveLength(count - 2), { what: 'both links to be gone' });
    const again = await cli(bed, 'detach', 'kiwi', 'quiet');
    expect(again).toMatchObject({ status: 1 });
    expect(again.stderr).toContain('linecard: container quiet is not attached to bridge kiwi\nhint: ');
  });

  it('shows each change of the ports as it happens, until the daemon ends', async () => {
    const bed = theBed();
    const watch = bed.spawn(['node', linecardMain, 'ports', 'mynet', '--watch', '--json']);
    const tables = () =>
      watch
        .log()
        .split('\n')
        .filter((line) => line.startsWith('['))
        .map((line) => (JSON.parse(line) as PortInfo[]).map(({ container }) => container));
    await eventually(() => expect(tables()).toEqual([['web']]), { what: 'the present table' });
    await guest(bed, 'late', '--net', 'mynet');
    await eventually(() => expect(tables().at(-1)).toEqual(['web', 'late']), { what: 'the new container' });
    await bed.docker('rm', '-f', 'late');
    await eventually(() => expect(tables().at(-1)).toEqual(['web']), { what: 'the container to be gone' });
    expect(await bed.killDaemon('SIGTERM')).toEqual({ status: 0, signal: null });
    expect(await watch.exited).toEqual({ status: 1, signal: null });
    expect(watch.log()).toContain('linecard: the daemon has ended');
    await bed.daemon();
  });

  it('serves metrics, and the networks as dovesnap does', async () => {
    const bed = theBed();
    const get = async (path: string) => (await bed.exec(['curl', '-sS', `http://127.0.0.1:9401${path}`])).stdout;
    // Docker gives an interface its name in the container after it has told of the container.
    await eventually(
      async () => {
        const networks = JSON.parse(await get('/networks')) as Record<string, Record<string, unknown>>;
        const [network] = Object.values(networks);
        expect(network).toMatchObject({
          NetworkName: 'mynet',
          BridgeDpid: '0x2a',
          BridgeDpidUint: 42,
          Mode: 'nat',
          Gateway: '10.9.0.1',
          GatewayMask: '24',
          UseDHCP: false,
        });
        const { Containers } = network!.DynamicNetworkStates as { Containers: Record<string, object> };
        expect(Object.values(Containers)).toEqual([
          {
            Name: 'web',
            Id: await bed.docker('inspect', '--format', '{{.Id}}', 'web'),
            OFPort: 1,
            MacAddress: '02:42:0a:09:00:02',
            HostIP: '10.9.0.2',
            Labels: {},
            IfName: 'eth0',
          },
        ]);
      },
      { what: 'the container with its interface' },
    );
    await bed.docker('exec', 'web', 'ping', '-c1', '10.9.0.1');
    await eventually(
      async () => {
        const metrics = await get('/metrics');
        expect(metrics).toMatch(
          /^linecard_port_rx_packets_total\{network="mynet",container="web",.*ofport="1".*\} [1-9]/m,
        );
        expect(metrics).toContain('linecard_plugin_requests_total{method="Plugin.Activate",outcome="ok"}');
        expect(metrics).toMatch(/^linecard_endpoints 1$/m);
      },
      { what: 'Open vSwitch to have counted the packets' },
    );
    expect(JSON.parse(await get('/healthz'))).toEqual({ healthy: true, reasons: [] });
    const refused = await bed.exec(['curl', '-sS', '-X', 'POST', 'http://127.0.0.1:9401/networks']);
    expect(refused.stdout).toContain('LC_NOT_FOUND');
  });

  it('finds nothing wrong but what this machine lacks', async () => {
    const findings = await json<Finding[]>(theBed(), 'doctor');
    expect(findings.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        'node',
        'root',
        'ovs.database',
        'ovs.vswitchd',
        'docker',
        'plugin',
        'net.forward-policy',
      ]),
    );
    const tso = findings.find(({ check }) => check === 'ovs.tso');
    expect(tso).toMatchObject({ verdict: 'warn', remedy: expect.stringContaining('userspace-tso-enable=true') });
  });

  it('refuses a second daemon, and leaves the first alone', async () => {
    const bed = theBed();
    const second = await cli(bed, 'up');
    expect(second).toMatchObject({ status: 1 });
    expect(second.stderr).toContain('linecard: another process listens on /run/linecard/linecard.sock');
    expect(await json(bed, 'status')).toMatchObject({ ovs: { connected: true } });
  });

  it('opens its sockets to root only', async () => {
    const sockets = [
      '/run/linecard/linecard.sock',
      '/run/docker/plugins/ovs.sock',
      '/run/docker/plugins/dovesnap.sock',
    ];
    const { stdout } = await theBed().exec(['stat', '-c', '%a %F', ...sockets]);
    expect(stdout).toBe('600 socket\n'.repeat(3));
  });

  it('logs one line of JSON for each call of Docker', async () => {
    const bed = theBed();
    await bed.docker('network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.mode=sideways', 'bad').catch(() => undefined);
    const read = async () => {
      const log = (await bed.exec(['cat', '/run/linecard.log'])).stdout.trim().split('\n');
      return log.map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    const isTold = async () => expect((await read()).at(-1)).toMatchObject({ level: 'error' });
    await eventually(isTold, { what: 'the line of the last call to be written' });
    const lines = await read();
    expect(lines.find(({ method }) => method === 'NetworkDriver.Join')).toMatchObject({
      level: 'info',
      outcome: 'ok',
      ms: expect.any(Number),
      endpoint: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
    expect(lines.at(-1)).toMatchObject({
      level: 'error',
      method: 'NetworkDriver.CreateNetwork',
      outcome: 'error',
      code: 'LC_INVALID',
      error: expect.stringContaining('ovs.bridge.mode'),
    });
  });

  it('behaves in a shell: exit statuses, closed pipes, colours', async () => {
    const bed = theBed();
    for (const args of [['nosuch'], ['ports', '--nosuch'], ['port'], ['attach', 'b', 'c', '--vlan', '5000'], []]) {
      const { status, stdout } = await cli(bed, ...args);
      expect({ status, stdout }, args.join(' ')).toEqual({ status: 2, stdout: '' });
    }
    for (const args of [
      ['port', 'nobody'],
      ['ports', 'nowhere'],
    ])
      expect(await cli(bed, ...args)).toMatchObject({ status: 1 });
    const command = `node ${linecardMain} ports --json`;
    const piped = await bed.exec(['bash', '-c', `${command} | exec 0<&-; echo "\${PIPESTATUS[0]}"`]);
    expect(piped).toMatchObject({ stdout: '0\n', stderr: '' });
    const onTerminal = async (env: Record<string, string>) =>
      (
        await bed.exec(['script', '-qec', `node ${linecardMain} ports`, '/dev/null'], {
          env: { TERM: 'xterm', ...env },
        })
      ).stdout;
    expect(await onTerminal({})).toContain('\x1b[32mup\x1b[0m');
    expect(await onTerminal({ NO_COLOR: '1' })).not.toContain('\x1b[');
    expect(await bed.linecard('ports')).not.toContain('\x1b[');
  });

  it('completes itself in bash', async () => {
    const bed = theBed();
    const complete = async (...words: string[]) => {
      const script = `source <(node ${linecardMain} completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _linecard; echo "\${COMPREPLY[*]}"`;
      return (await bed.exec(['bash', '-c', script, 'bash', ...words])).stdout.trim();
    };
    expect(await complete('linecard', 'at')).toBe('attach');
    expect(await complete('linecard', 'ports', '--w')).toBe('--watch');
    expect(await complete('linecard', 'up', '--log', '')).toBe('json text auto');
    expect(await complete('linecard', 'ports', 'my')).toBe('mynet');
    expect(await complete('linecard', 'attach', 'kiwi', 'qu')).toBe('quiet');
  });
});

describeSystem('the command without a daemon', () => {
  const theBed = useBed({ ovs: true, docker: true }, async (bed) => {
    await bed.daemon();
    await bed.docker('network', 'create', ...created, 'mynet');
    await guest(bed, 'web', '--net', 'mynet');
    await guest(bed, 'quiet', '--net', 'none');
    await bed.killDaemon('SIGTERM');
  });

  it('looks, and changes nothing by looking', async () => {
    const bed = theBed();
    // Something that a daemon would put right.
    await bed.vsctl('set', 'Port', (await veths(bed))[0]!, 'tag=99');
    const before = await bed.snapshot();
    expect(await bed.linecard('ports')).toMatch(/^mynet +web +eth0 +1 .* 99 /m);
    expect(await bed.linecard('networks')).toMatch(/^mynet +nat /m);
    expect(await bed.linecard('port', 'web')).toMatch(/^eth0,1,/);
    const doctor = await cli(bed, 'doctor');
    expect(doctor.status).toBe(1);
    expect(doctor.stdout).toMatch(
      /^fail +plugin +the driver ovs does not answer .*\n +-> start the daemon: linecard up$/m,
    );
    expect(await bed.snapshot()).toEqual(before);
  });

  it('says what only a daemon can do', async () => {
    const bed = theBed();
    for (const args of [['status'], ['ports', '--watch']]) {
      const { status, stderr } = await cli(bed, ...args);
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: 'linecard: no daemon listens on /run/linecard/linecard.sock\nhint: start it: linecard up\n',
      });
    }
  });

  it('attaches and detaches by itself, with a warning, and leaves nothing', async () => {
    const bed = theBed();
    const before = await bed.snapshot();
    const { status, stdout, stderr } = await cli(bed, 'attach', 'kiwi', 'quiet', '172.31.1.1/24');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: 'attached quiet: bridge kiwi, interface eth0, OpenFlow port 1\n',
    });
    expect(stderr).toContain('attached again only while the daemon runs');
    expect((await cli(bed, 'attach', 'kiwi', 'quiet', '172.31.1.1/24')).stdout).toContain('nothing changed');
    await bed.linecard('detach', 'kiwi', 'quiet');
    expect(await bed.docker('exec', 'quiet', 'ls', '/sys/class/net')).toBe('lo');
    await bed.vsctl('del-br', 'kiwi');
    expect((await bed.snapshot()).links).toEqual(before.links);
  });

  it('hands an attachment over to the daemon that starts later', async () => {
    const bed = theBed();
    await cli(bed, 'attach', 'kiwi', 'quiet', '172.31.1.1/24', '--of-port', '9');
    await bed.docker('restart', '-t', '0', 'quiet');
    await bed.daemon();
    await eventually(async () => expect(await bed.linecard('port', 'quiet', 'kiwi')).toMatch(/^eth0,9,/), {
      what: 'the daemon to attach the restarted container',
    });
  });
});

describeSystem('the daemon alone on the machine', () => {
  const theBed = useBed({}, async (bed) => {
    await bed.daemon();
  });

  it('answers Docker, and says what it waits for', async () => {
    const bed = theBed();
    const post = ['curl', '-sS', '-X', 'POST', '--unix-socket', '/run/docker/plugins/dovesnap.sock'];
    const activated = await bed.exec([...post, 'http://d/Plugin.Activate']);
    expect(JSON.parse(activated.stdout)).toMatchObject({ Implements: ['NetworkDriver'] });
    const capable = await bed.exec([...post, '-d', '{}', 'http://d/NetworkDriver.GetCapabilities']);
    expect(JSON.parse(capable.stdout)).toEqual({ Scope: 'local', ConnectivityScope: 'local' });
    const health = await bed.exec(['curl', '-sS', '-w', '%{http_code}', 'http://127.0.0.1:9401/healthz']);
    expect(health.stdout).toMatch(/"healthy":false.*db\.sock.*503$/s);
    expect(await json(bed, 'status')).toMatchObject({ ovs: { connected: false }, docker: { connected: false } });
    const ports = await cli(bed, 'ports');
    expect(ports).toMatchObject({ status: 1 });
    expect(ports.stderr).toContain('linecard: Open vSwitch did not answer on unix:/run/openvswitch/db.sock');
    const doctor = JSON.parse((await cli(bed, 'doctor', '--json')).stdout) as Finding[];
    const failed = doctor.filter(({ verdict }) => verdict === 'fail').map(({ check }) => check);
    expect(failed).toEqual(['ovs.database', 'ovs.vswitchd', 'docker']);
  });

  it('works as soon as the others come, and tells when they go', async () => {
    const bed = theBed();
    await Promise.all([bed.startOvs(), bed.startDocker()]);
    await eventually(
      async () =>
        expect(await json(bed, 'status')).toMatchObject({ ovs: { connected: true }, docker: { connected: true } }),
      { what: 'both to be connected' },
    );
    await bed.docker('network', 'create', ...created, 'mynet');
    expect(await bed.linecard('networks')).toMatch(/^mynet +nat /m);
    await bed.stopOvsdb('KILL');
    await eventually(async () => expect((await cli(bed, 'status')).stdout).toMatch(/^Open vSwitch {2}away/m), {
      what: 'the daemon to notice',
    });
    expect((await bed.exec(['cat', '/run/linecard.log'])).stdout).toContain('Open vSwitch is away');
  });

  it('dies where a test tells it to', async () => {
    const bed = theBed();
    await bed.startOvsdb();
    await bed.killDaemon('SIGTERM');
    const daemon = await bed.daemon({ env: { LINECARD_TEST_CRASH: 'bridge-committed:1' } });
    const creating = bed.docker('network', 'create', '-d', 'ovs', 'doomed');
    expect(await daemon.exited).toEqual({ status: null, signal: 'SIGKILL' });
    await bed.daemon();
    // Docker repeats the call that was cut.
    await creating.catch(() => undefined);
    expect(await bed.linecard('networks')).toMatch(/^mynet +nat /m);
  });

  it('ends with status 1 and a stack in its log when it fails itself', async () => {
    const bed = theBed();
    await bed.killDaemon('SIGTERM');
    const script = `
      import { createLogger, readConfig, runDaemon } from ${JSON.stringify(daemonIndex)};
      setTimeout(() => { throw new TypeError('boom'); }, 300);
      await runDaemon(readConfig({}, process.env), createLogger('json', 'info'));
    `;
    const { status, stdout } = await bed.exec(['node', '--input-type=module', '-e', script], { allowFail: true });
    expect(status).toBe(1);
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({
      level: 'fatal',
      error: 'boom',
      stack: expect.stringMatching(/^TypeError: boom\n +at /),
    });
  });
});
