import { uplink } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { lab, labsFolder, linecard, mustLab, traces, useLabs } from './support/lab.js';
import { describeSystem } from './support/system.js';

const fileOf = (name: string) => `${labsFolder}/${name}/${name}.clab.yml`;

describeSystem('shipped labs of routers', () => {
  const theBed = useLabs(['frr']);

  it('frr-ospf-triangle: a cut link reroutes', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const file = fileOf('frr-ospf-triangle');
    await mustLab(bed, 'deploy', '-t', file);
    await mustLab(bed, 'check', '-t', file);
    const [r1, h1] = ['clab-frr-ospf-triangle-r1', 'clab-frr-ospf-triangle-h1'];
    const way = () => bed.docker('exec', r1, 'ip', 'route', 'get', '10.2.0.10');
    await eventually(async () => expect(await way()).toContain('dev eth1'), { what: 'the direct way' });
    await bed.docker('exec', r1, 'ip', 'link', 'set', 'eth1', 'down');
    await eventually(async () => expect(await way()).toContain('via 10.31.0.3 dev eth2'), { what: 'the way around' });
    const ping = async () =>
      (await bed.exec(['docker', 'exec', h1, 'ping', '-c', '1', '-W', '1', '10.2.0.10'], { allowFail: true })).status;
    await eventually(async () => expect(await ping()).toBe(0), { what: 'answers over the way around' });
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await traces(bed)).toEqual(before);
  });

  it('clos: every host reaches every other, over both spines', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const file = `${fileOf('clos')}.gotmpl`;
    await mustLab(bed, 'deploy', '-t', file);
    const { status, stdout } = await lab(bed, 'check', '-t', file);
    expect(stdout.match(/^FAILED.*/gm) ?? [], stdout).toEqual([]);
    expect(status).toBe(0);
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await traces(bed)).toEqual(before);
  });

  it('links can be limited and captured, and the drawing shows them', async () => {
    const bed = theBed();
    const file = fileOf('frr-ospf-triangle');
    await mustLab(bed, 'deploy', '-t', file, '--node-filter', 'r1,r2');
    await mustLab(bed, 'impair', 'r1:eth1', '-t', file, '--rate', '1000');
    const qdisc = () =>
      bed
        .docker('inspect', '--format', '{{.State.Pid}}', 'clab-frr-ospf-triangle-r1')
        .then((pid) => bed.exec(['nsenter', '-t', pid, '-n', 'tc', 'qdisc', 'show', 'dev', 'eth1']));
    expect((await qdisc()).stdout).toMatch(/rate 1Mbit/i);
    await mustLab(bed, 'impair', 'r1:eth1', '-t', file);
    expect((await qdisc()).stdout).not.toMatch(/rate 1Mbit/i);
    const delayed = await lab(bed, 'impair', 'r1:eth1', '-t', file, '--delay', '10');
    if (delayed.status !== 0) expect(delayed.stderr).toContain('it has no netem');
    // OSPF says hello every second.
    const dump = await lab(bed, 'capture', 'r1:eth1', '-t', file, '-w', '/run/dump.pcap', '--count', '1');
    expect(dump.status, dump.stderr).toBe(0);
    expect((await bed.exec(['tcpdump', '-n', '-r', '/run/dump.pcap'])).stdout).toMatch(/OSPFv2|IP/);
    const nearly = await lab(bed, 'capture', 'r1:eth11', '-t', file);
    expect(nearly.stderr).toContain('did you mean "r1:eth1"?');
    expect(await mustLab(bed, 'graph', '-t', file)).toContain('<svg');
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
  });
}, ['vtysh', 'tcpdump', 'tc']);

describeSystem('shipped labs of Open vSwitch', () => {
  const theBed = useLabs([], { ovs: true });

  it('ovs-controller: hosts on two bridges talk when the controller lets them', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const file = fileOf('ovs-controller');
    await mustLab(bed, 'deploy', '-t', file);
    expect(await bed.vsctl('get', 'Interface', 's1-eth9', 'type')).toBe('patch');
    expect(await bed.vsctl('get', 'Interface', 's2-eth2', 'ofport')).toBe('2');
    const pid = await bed.docker('inspect', '--format', '{{.State.Pid}}', 'clab-ovs-controller-h1');
    const ping = ['nsenter', '-t', pid, '-n', 'ping', '-c', '1', '-W', '1', '10.0.0.4'];
    expect((await bed.exec(ping, { allowFail: true })).status).toBe(1);
    const controller = bed.spawn(linecard('controller', 'run', 'learning-switch', '--listen', 'tcp:127.0.0.1:6653'));
    await mustLab(bed, 'check', '-t', file);
    // Until the first answer, at most five seconds: the first packets are what the controller learns from.
    expect((await bed.exec([...ping, '-w', '5'])).stdout).toMatch(/ 1 received/);
    await controller.kill('SIGTERM');
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await traces(bed)).toEqual(before);
  });
});

describeSystem('shipped labs with the daemon', () => {
  const theBed = useLabs(['frr'], { ovs: true, uplink: true });

  it('mixed: a container of a network and a host behind a lab router talk; the router reaches the world', async () => {
    const bed = theBed();
    await bed.daemon();
    const options = ['-o', 'ovs.bridge.name=mixed0', '-o', 'ovs.bridge.mode=nat'];
    const subnet = ['--subnet', '172.30.0.0/24', '--gateway', '172.30.0.1'];
    await bed.docker('network', 'create', '-d', 'ovs', ...options, ...subnet, 'mixed');
    const before = await traces(bed);
    const file = fileOf('mixed');
    await mustLab(bed, 'deploy', '-t', file);
    await mustLab(bed, 'check', '-t', file);
    expect(await bed.vsctl('get', 'Interface', 'mixed0-200', 'ofport')).toBe('200');
    const sleep = ['--cap-add', 'NET_ADMIN', 'busybox', 'sleep', '1000'];
    await bed.docker('run', '-d', '--name', 'web', '--network', 'mixed', ...sleep);
    await bed.docker('exec', 'web', 'ip', 'route', 'add', '10.30.0.0/24', 'via', '172.30.0.200');
    expect(await bed.docker('exec', 'web', 'ping', '-c', '1', '-W', '3', '10.30.0.10')).toContain(' 0% packet loss');
    const world = ['exec', 'clab-mixed-router', 'ping', '-c', '1', '-W', '3', uplink.outsideIp];
    expect(await bed.docker(...world)).toContain(' 0% packet loss');
    await bed.docker('rm', '-f', 'web');
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await traces(bed)).toEqual(before);
  });
}, ['vtysh']);
