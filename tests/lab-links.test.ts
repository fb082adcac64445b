import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Bed } from '@linecard/testkit';
import { beforeAll, expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { lab, labsFolder, linecard, mustLab, startLab, topology, traces, useLabs } from './support/lab.js';
import { describeSystem } from './support/system.js';

/** Whether the kernel can delay packets; the machines of continuous integration often cannot. */
async function hasNetem(bed: Bed): Promise<boolean> {
  const probe = ['unshare', '--net', 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'];
  return (await bed.exec(probe, { allowFail: true })).status === 0;
}

/** The packets of a capture file (pcap-savefile(5)), and the type of link that it names. */
function readPcap(bytes: Buffer): { linkType: number; packets: Buffer[] } {
  expect(bytes.readUInt32LE(0)).toBe(0xa1b2c3d4);
  const packets: Buffer[] = [];
  for (let at = 24; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    packets.push(bytes.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return { linkType: bytes.readUInt32LE(20), packets };
}

const address = (bytes: Buffer) => [...bytes].join('.');

describeSystem('links of a lab', () => {
  const theBed = useLabs(['openswitch'], { ovs: true });
  let file = '';
  let before: Awaited<ReturnType<typeof traces>>;

  beforeAll(async () => {
    const bed = theBed();
    before = await traces(bed);
    // The other end of a tunnel, as a router somewhere would be: 192.0.2.2 with 10.0.3.9 inside the tunnel.
    const far = [
      'netns add far',
      'link add under type veth peer name under netns far',
      'addr add 192.0.2.1/24 dev under',
      'link set under up',
      '-n far addr add 192.0.2.2/24 dev under',
      '-n far link set under up',
      '-n far link add vx type vxlan id 42 remote 192.0.2.1 dstport 14789',
      '-n far addr add 10.0.3.9/24 dev vx',
      '-n far link set vx mtu 1450 up',
    ];
    for (const words of far) await bed.exec(['ip', ...words.split(' ')]);
    file = await topology(
      bed,
      'links',
      `topology:
  nodes:
    a: {kind: linux, image: busybox}
    b: {kind: linux, image: busybox}
    ops: {kind: openswitch, image: "linecard/openswitch:latest"}
    s1: {kind: ovs-bridge}
    s2: {kind: ovs-bridge}
  links:
    - {endpoints: ["a:eth1", "b:eth1"], ipv4: [10.0.1.1/24, 10.0.1.2/24]}
    - {endpoints: ["a:eth2", "s1:s1-p1"], ipv4: [10.0.2.1/24], mtu: 1500}
    - {endpoints: ["b:eth2", "s1:s1-p2"], ipv4: [10.0.2.2/24], mtu: 1500}
    - endpoints: ["s1:s1-p9", "s2:s2-p9"]
    - {endpoints: ["a:eth3", "ops:1"], ipv4: [10.0.4.1/24, 10.0.4.2/24]}
    - {type: vxlan-stitch, endpoint: {node: a, interface: eth4, ipv4: 10.0.3.1/24}, remote: 192.0.2.2, vni: 42, dst-port: 14789}
`,
    );
    await mustLab(bed, 'deploy', '-t', file);
  }, 60_000);

  /** Runs a program of the host in the namespace of a node. */
  async function inside(node: string, ...argv: readonly string[]): Promise<string> {
    const bed = theBed();
    const pid = await bed.docker('inspect', '--format', '{{.State.Pid}}', `clab-links-${node}`);
    return (await bed.exec(['nsenter', '-t', pid, '-n', ...argv], { allowFail: true })).stdout;
  }

  /** How many of `count` pings are answered. */
  async function answers(count: number, to: string): Promise<number> {
    const shown = await inside('a', 'ping', '-n', '-q', '-c', String(count), '-i', '0.002', '-W', '1', to);
    return Number(/(\d+) received/.exec(shown)?.[1]);
  }

  /** What TCP makes of a link in a second, in Mbit/s. */
  async function throughput(to: string): Promise<number> {
    const bed = theBed();
    const pid = await bed.docker('inspect', '--format', '{{.State.Pid}}', 'clab-links-b');
    const server = bed.spawn(['nsenter', '-t', pid, '-n', 'iperf3', '-s', '-1', '--forceflush']);
    await eventually(() => expect(server.log()).toContain('listening'), { what: 'iperf3' });
    const report = JSON.parse(await inside('a', 'iperf3', '-c', to, '-t', '1', '-J')) as {
      end: { sum_received: { bits_per_second: number } };
    };
    return report.end.sum_received.bits_per_second / 1e6;
  }

  const inForce = async (...args: readonly string[]) =>
    JSON.parse(await mustLab(theBed(), 'impair', ...args, '-t', file, '--json')) as unknown;

  it.each([
    ['in a container', 'a:eth1', '10.0.1.2'],
    ['on a bridge of Open vSwitch', 's1:s1-p2', '10.0.2.2'],
  ])('keep a rate %s until it is cleared', async (_, end, to) => {
    const bed = theBed();
    expect(await inForce(end, '--rate', '8mbit')).toEqual([{ endpoint: end, rateKbit: 8000 }]);
    const limited = await throughput(to);
    // A second deploy leaves the links, and what is in force on them.
    await mustLab(bed, 'deploy', '-t', file);
    expect(await inForce()).toEqual([{ endpoint: end, rateKbit: 8000 }]);
    expect(await inForce(end, '--clear')).toEqual([]);
    const free = await throughput(to);
    expect(limited).toBeLessThan(16);
    expect(free).toBeGreaterThan(limited * 3);
    expect(await bed.vsctl('list', 'QoS')).toBe('');
  });

  it.each([
    ['in a container', 'a:eth1', '10.0.1.2'],
    ['on a bridge of Open vSwitch', 's1:s1-p2', '10.0.2.2'],
  ])('lose packets %s', async (_, end, to) => {
    expect(await answers(20, to)).toBeGreaterThan(0);
    expect(await inForce(end, '--loss', '100')).toEqual([{ endpoint: end, loss: 100 }]);
    expect(await answers(20, to)).toBe(0);
    expect(await inForce(end, '--loss', '0.001')).toEqual([{ endpoint: end, loss: 0.001 }]);
    expect(await inForce(end, '--loss', '50%', '--rate', '100mbit')).toEqual([
      { endpoint: end, loss: 50, rateKbit: 100_000 },
    ]);
    const some = await answers(200, to);
    expect(some).toBeGreaterThan(20);
    expect(some).toBeLessThan(180);
    await inForce(end, '--clear');
    expect(await answers(20, to)).toBeGreaterThan(10);
  });

  it('delay packets, or say that the kernel cannot and change nothing', async () => {
    const bed = theBed();
    await inForce('a:eth1', '--loss', '1');
    const { status, stderr } = await lab(bed, 'impair', 'a:eth1', '-t', file, '--delay', '20', '--rate', '5000');
    if (await hasNetem(bed)) {
      expect(await inForce()).toEqual([{ endpoint: 'a:eth1', delayMs: 20, rateKbit: 5000 }]);
      expect(
        Number(/min\/avg\/max\/mdev = ([\d.]+)/.exec(await inside('a', 'ping', '-c', '3', '10.0.1.2'))?.[1]),
      ).toBeGreaterThan(19);
    } else {
      expect(status).toBe(1);
      expect(stderr).toBe(
        'linecard: the kernel of this host cannot delay packets: it has no netem\n' +
          'hint: modprobe sch_netem loads it where it is a module; --loss and --rate work without it\n',
      );
      expect(await inForce()).toEqual([{ endpoint: 'a:eth1', loss: 1 }]);
    }
    expect(await inForce('--clear')).toEqual([]);
  });

  it.each([
    [['s1:s1-p9', '--rate', '1000'], 's1:s1-p9 is a patch port: it lives inside Open vSwitch'],
    [['a:eth2', '--loss', '1'], 'the kernel of this host cannot lose these packets: it has no netem'],
    [['--rate', '1000'], 'which end of a link is to be impaired?'],
    [['a:eth11', '--rate', '1000'], 'did you mean "a:eth1"?'],
    [['a:eth1', '--rate', '10 parsec'], 'It must be a number, alone (kbit) or with kbit, mbit, gbit.'],
    [['a:eth1', '--jitter', '3'], 'a jitter varies a delay, and there is none'],
  ])('are not impaired by %j', async (args, reason) => {
    if (reason.endsWith('no netem') && (await hasNetem(theBed()))) return;
    const { status, stderr } = await lab(theBed(), 'impair', ...args, '-t', file);
    expect(status).not.toBe(0);
    expect(stderr).toContain(reason);
  });

  it('lead through a tunnel of the host', async () => {
    await eventually(async () => expect(await answers(1, '10.0.3.9')).toBe(1), { what: 'the far end of the tunnel' });
    const { stdout } = await lab(theBed(), 'check', '-t', file, '--json');
    expect((JSON.parse(stdout) as { ok: boolean }[]).filter(({ ok }) => !ok)).toEqual([]);
  });

  it.each([
    ['a container', 'a:eth1', '10.0.1.1', '10.0.1.2'],
    ['a front panel inside its namespace', 'ops:1', '10.0.4.1', '10.0.4.2'],
    ['a bridge of Open vSwitch', 's1:s1-p1', '10.0.2.1', '10.0.2.2'],
  ])('are captured at the port of %s, into a pipe', async (_, end, from, to) => {
    const bed = theBed();
    const words = linecard('lab', 'capture', end, '-t', file, '-w', '-', '--count', '8', 'icmp').join(' ');
    const capture = bed.spawn(['sh', '-c', `${words} | cat > /run/dump.pcap`], {
      env: { LINECARD_DOCKER: '/run/docker.sock' },
    });
    await eventually(() => expect(capture.log()).toContain('listening on'), { what: 'tcpdump' });
    // Of twelve packets any eight have both directions.
    await answers(6, to);
    await capture.exited;
    const { linkType, packets } = readPcap(readFileSync(bed.path('/run/dump.pcap')));
    expect(linkType).toBe(1); // Ethernet
    expect(packets).toHaveLength(8);
    for (const packet of packets) {
      expect(packet.readUInt16BE(12)).toBe(0x0800);
      expect(packet[23]).toBe(1); // ICMP
      expect([address(packet.subarray(26, 30)), address(packet.subarray(30, 34))].sort()).toEqual([from, to]);
    }
    expect(packets.map((packet) => packet[34])).toEqual(expect.arrayContaining([0, 8]));
  });

  it('a capture ends with its command', async () => {
    const capture = startLab(theBed(), 'capture', 'a:eth1', '-t', file, '-w', '/run/forever.pcap');
    await eventually(() => expect(capture.log()).toContain('listening on'), { what: 'tcpdump' });
    await capture.kill('SIGTERM');
    await eventually(async () => expect((await theBed().processes()).join('\n')).not.toContain('forever.pcap'), {
      what: 'tcpdump to end',
    });
  });

  it('are drawn in forms that other programs take', async () => {
    const bed = theBed();
    const wellFormed = ['python3', '-c', 'import sys, xml.dom.minidom as m; m.parse(sys.stdin)'];
    for (const [format, port] of [
      ['svg', '>s1-p9<'],
      ['drawio', 'value="s1-p9"'],
    ] as const) {
      const drawing = await mustLab(bed, 'graph', '-t', file, '-f', format);
      await bed.exec(wellFormed, { input: drawing });
      expect(drawing).toContain(port);
    }
  });

  it('show progress in place on a terminal, and keep standard output clean', async () => {
    const bed = theBed();
    const on = (command: string) =>
      bed.exec(['script', '--quiet', '--return', '--command', command, '/dev/null'], {
        env: { LINECARD_DOCKER: '/run/docker.sock', TERM: 'xterm', PATH: process.env.PATH ?? '' },
        timeoutMs: 100_000,
      });
    const command = (...args: string[]) => linecard('lab', ...args).join(' ');
    const redeployed = await on(`${command('rdep', '-t', file, '--json')} > /run/out.json`);
    expect(redeployed.stdout).toContain('\x1b[3A\x1b[2K');
    expect(redeployed.stdout).toMatch(/ops +removing/);
    expect(redeployed.stdout).toMatch(/ops +\S*running.* \d+\.\d s\r\n/);
    const nodes = JSON.parse(readFileSync(bed.path('/run/out.json'), 'utf8')) as { node: string; state: string }[];
    expect(nodes.map(({ node, state }) => `${node} ${state}`)).toEqual(['a running', 'b running', 'ops running']);
    // New links are good ones.
    expect(await inForce()).toEqual([]);
    await inForce('s1:s1-p1', '--rate', '1000', '--loss', '5');
    await inForce('a:eth1', '--loss', '5');
    const destroyed = await on(command('des', '-t', file, '--cleanup'));
    expect(destroyed.stdout).toMatch(/removed.* \d+\.\d s\r\n/);
    for (const words of ['link del under', 'netns del far']) await bed.exec(['ip', ...words.split(' ')]);
    expect(await traces(bed)).toEqual(before);
    expect(await bed.vsctl('list', 'QoS')).toBe('');
    expect(execFileSync('ls', [bed.path(labsFolder)], { encoding: 'utf8' })).not.toContain('clab-links');
  });
}, ['vtysh', 'tc', 'tcpdump', 'iperf3', 'script', 'python3']);
