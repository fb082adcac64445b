import { existsSync } from 'node:fs';
import type { Bed } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { lab, labsFolder, mustLab, topology, traces, useLabs } from './support/lab.js';
import { describeSystem } from './support/system.js';

describeSystem('the lab of the article', () => {
  const theBed = useLabs(['openswitch']);
  const file = `${labsFolder}/openswitch-ebgp/openswitch-ebgp.clab.yml`;
  const ops1 = 'clab-openswitch-ebgp-ops1';

  it('comes up with one command, proves itself, and is gone with one command', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const shown = await mustLab(bed, 'deploy', '-t', file);
    expect(shown).toMatch(
      /clab-openswitch-ebgp-ops1 +openswitch linecard\/openswitch:latest +running +172\.20\.20\.\d+/,
    );
    await mustLab(bed, 'check', '-t', file);
    expect(await bed.docker('exec', ops1, 'vtysh', '-c', 'show ip bgp')).toMatch(
      /192\.168\.102\.0\/24 +192\.168\.101\.2 .* 65002 65003 i$/m,
    );
    const ping = ['nsenter', '--net=/run/netns/swns', 'ping', '-c', '1', '192.168.102.2'];
    expect(await bed.docker('exec', ops1, ...ping)).toContain('0% packet loss');

    // The management port stays outside of the namespace that the front panel is in.
    expect(await bed.docker('exec', ops1, 'ls', '/sys/class/net')).toMatch(/eth0/);
    expect(await bed.docker('exec', ops1, 'ls', '/run/netns')).toBe('swns');
    const inside = await bed.docker('exec', ops1, 'ip', '-br', '-n', 'swns', 'link');
    expect(inside.match(/^\w+/gm)?.sort()).toEqual(['1', 'lo']);

    // Doing it again changes nothing; the names are known to the host.
    const again = await lab(bed, 'deploy', '-t', file);
    expect(again.stderr.match(/(kept|running)$/gm)).toEqual(['kept', 'kept', 'kept']);
    expect((await traces(bed)).hosts).toMatch(/^172\.20\.20\.\d+\tclab-openswitch-ebgp-ops1\t# Kind: openswitch$/m);
    expect(await mustLab(bed, 'save', '-t', file)).toContain('ops1: ');
    const saved = bed.path(`${labsFolder}/openswitch-ebgp/clab-openswitch-ebgp/ops1/running-config.cfg`);
    expect(existsSync(saved)).toBe(true);
    expect(
      (
        await bed.exec([
          'grep',
          '-c',
          'router bgp 65001',
          `${labsFolder}/openswitch-ebgp/clab-openswitch-ebgp/ops1/running-config.cfg`,
        ])
      ).stdout,
    ).toBe('1\n');
    expect(await mustLab(bed, 'exec', '-t', file, '--cmd', 'hostname')).toBe('ops1:\nops1\nops2:\nops2\nops3:\nops3\n');

    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await traces(bed)).toEqual(before);
    expect(existsSync(bed.path(`${labsFolder}/openswitch-ebgp/clab-openswitch-ebgp`))).toBe(false);
  });
}, ['vtysh']);

describeSystem('labs', () => {
  const theBed = useLabs([], { ovs: true });
  const nodes = (...names: string[]) => names.map((name) => `    ${name}: {kind: linux, image: busybox}`).join('\n');

  it('wire containers, bridges and the host, and take it all away', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const file = await topology(
      bed,
      'kinds',
      `topology:
  nodes:
${nodes('a', 'b', 'c')}
    br1: {kind: bridge}
    s1: {kind: ovs-bridge, ovs: {dpid: 0x12, protocols: [OpenFlow13]}}
    s2: {kind: ovs-bridge}
    s3:
      kind: ovs-bridge
      ovs: {datapath: netdev, dpid: "17", protocols: [OpenFlow13, OpenFlow15], fail-mode: standalone,
            controllers: ["tcp:127.0.0.1:6653", "ssl:127.0.0.1:6654"]}
  links:
    - {endpoints: ["a:eth1", "b:eth1"], ipv4: [10.0.1.1/24, 10.0.1.2/24], ipv6: ["fd01::1/64", "fd01::2/64"]}
    - {endpoints: [{node: a, interface: eth2, ipv4: 10.0.2.1/24}, {node: br1, interface: br1-a}]}
    - {endpoints: [{node: b, interface: eth2, ipv4: 10.0.2.2/24}, {node: br1, interface: br1-b}]}
    - {endpoints: [{node: a, interface: eth3, ipv4: 10.0.3.1/24}, {node: s1, interface: s1-p7}]}
    - {endpoints: [{node: c, interface: eth3, ipv4: 10.0.3.3/24}, {node: s2, interface: s2-c, ofport: 9}]}
    - endpoints: ["s1:s1-p20", "s2:s2-p20"]
    - {endpoints: [{node: c, interface: eth1, ipv4: 10.0.4.1/24}, {node: host, interface: c-eth1, ipv4: 10.0.4.2/24}]}
    - {endpoints: ["c:eth2", "mgmt-net:c-mgmt"]}
check:
  timeout: 10
  pings:
    - {from: a, to: 10.0.1.2}
    - {from: a, to: "fd01::2"}
    - {from: a, to: 10.0.2.2}
    - {from: a, to: 10.0.3.3}
    - {from: c, to: 10.0.4.2}
`,
    );
    await mustLab(bed, 'deploy', '-t', file);
    const { stdout } = await lab(bed, 'check', '-t', file, '-f', 'json');
    const failed = (JSON.parse(stdout) as { ok: boolean }[]).filter(({ ok }) => !ok);
    expect(failed).toEqual([]);
    expect(await bed.vsctl('get', 'Interface', 's1-p7', 'ofport', 'ofport_request')).toBe('7\n7');
    expect(await bed.vsctl('get', 'Interface', 's2-c', 'ofport', 'ofport_request')).toBe('9\n9');
    expect(await bed.vsctl('get', 'Interface', 's2-p20', 'ofport', 'type')).toBe('20\npatch');
    const s3 = await bed.vsctl('get', 'Bridge', 's3', 'datapath_type', 'datapath_id', 'protocols', 'fail_mode');
    expect(s3).toBe('netdev\n"0000000000000011"\n[OpenFlow13, OpenFlow15]\nstandalone');
    expect((await bed.vsctl('get-controller', 's3')).split('\n').sort()).toEqual([
      'ssl:127.0.0.1:6654',
      'tcp:127.0.0.1:6653',
    ]);
    expect(await bed.vsctl('get', 'Bridge', 's1', 'datapath_id', 'protocols')).toBe('"0000000000000012"\n[OpenFlow13]');
    const tcp = 'nc -l -p 5000 -e echo over tcp';
    await bed.docker('exec', '-d', 'clab-kinds-c', 'sh', '-c', tcp);
    await eventually(
      async () =>
        expect(await bed.docker('exec', 'clab-kinds-a', 'nc', '-w', '1', '10.0.3.3', '5000')).toBe('over tcp'),
      {
        what: 'TCP through the userspace datapath',
      },
    );
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await traces(bed)).toEqual(before);
  });

  it('leave a bridge that was there before', async () => {
    const bed = theBed();
    await bed.vsctl('add-br', 'mine', '--', 'set', 'Bridge', 'mine', 'datapath_type=netdev');
    const before = await traces(bed);
    const file = await topology(
      bed,
      'guest',
      `topology:\n  nodes:\n${nodes('a')}\n    mine: {kind: ovs-bridge}\n  links: [{endpoints: ["a:eth1", "mine:mine-1"]}]\n`,
    );
    await mustLab(bed, 'deploy', '-t', file);
    expect(await bed.vsctl('list-ports', 'mine')).toBe('mine-1');
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
    expect(await traces(bed)).toEqual(before);
    await bed.vsctl('del-br', 'mine');
  });

  const stubs = [
    ['dummy', ''],
    ['vxlan', ', remote: 192.0.2.1, vni: 7'],
    ['macvlan', ', host-interface: docker0'],
  ] as const;
  /** Deploys one interface that leads out of the lab, after asking the kernel whether it has its type. */
  async function deployStub(bed: Bed, type: string, keys: string) {
    const words = { dummy: [], vxlan: ['id', '7', 'dstport', '4789'], macvlan: [] }[type] ?? [];
    const parent = type === 'macvlan' ? ['link', 'docker0'] : [];
    const probe = ['ip', 'link', 'add', ...parent, 'name', 'probe', 'type', type, ...words];
    const isThere = (await bed.exec(probe, { allowFail: true })).status === 0;
    if (isThere) await bed.exec(['ip', 'link', 'del', 'probe']);
    const link = `{type: ${type}, endpoint: {node: a, interface: x0}${keys}}`;
    const file = await topology(bed, type, `topology:\n  nodes:\n${nodes('a')}\n  links: [${link}]\n`);
    return { isThere, file };
  }

  it.for(stubs)('lead out through %s', async ([type, keys], context) => {
    const bed = theBed();
    const { isThere, file } = await deployStub(bed, type, keys);
    if (!isThere) context.skip(`this kernel has no ${type} interfaces`);
    await mustLab(bed, 'deploy', '-t', file);
    expect(await mustLab(bed, 'check', '-t', file)).toContain('ok      a:x0 is up');
    await mustLab(bed, 'destroy', '-t', file, '--cleanup');
  });

  it.for(stubs)('say when the kernel lacks %s', async ([type, keys], context) => {
    const bed = theBed();
    const { isThere, file } = await deployStub(bed, type, keys);
    if (isThere) context.skip(`this kernel has ${type} interfaces`);
    const before = await traces(bed);
    const refused = await lab(bed, 'deploy', '-t', file);
    expect(refused.stderr).toContain(`the kernel of this host has no ${type} interfaces\nhint: load the module`);
    expect(await traces(bed)).toEqual(before);
  });

  it('say which node failed and why, and leave nothing', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const image = await topology(
      bed,
      'noimage',
      `topology:\n  nodes:\n${nodes('a')}\n    bad: {kind: linux, image: "no/such:1", image-pull-policy: Never}\n`,
    );
    const missing = await lab(bed, 'deploy', '-t', image);
    expect(missing).toMatchObject({ status: 1 });
    expect(missing.stderr).toMatch(/node bad: there is no image no\/such:1 .*\nhint: see docker images/);
    const command = await topology(
      bed,
      'nocmd',
      `topology:\n  nodes:\n${nodes('a')}\n    bad: {kind: linux, image: busybox, cmd: /no/such/program}\n  links: [{endpoints: ["a:eth1", "bad:eth1"]}]\n`,
    );
    const own = `${labsFolder}/nocmd/clab-nocmd/a`;
    await bed.exec(['mkdir', '-p', own]);
    await bed.exec(['touch', `${own}/mine`]);
    const broken = await lab(bed, 'deploy', '-t', command);
    await bed.exec(['test', '-e', `${own}/mine`]);
    expect(broken.stderr).toMatch(/node bad: Docker refused .*\/no\/such\/program/);
    expect(await traces(bed)).toEqual(before);
    const kept = await lab(bed, 'deploy', '--keep', '-t', command);
    expect(kept.status).toBe(1);
    expect(await bed.docker('ps', '-q', '--filter', 'label=linecard.lab=nocmd')).not.toBe('');
    await mustLab(bed, 'destroy', '-t', command);
    expect(await traces(bed)).toEqual(before);

    // The new node of a lab that is there takes back nothing but itself.
    const switched = (bad: string) =>
      `topology:\n  nodes:\n${nodes('a')}\n    s9: {kind: ovs-bridge}\n${bad}  links:\n    - endpoints: ["a:eth1", "s9:s9-1"]\n`;
    const whole = await topology(bed, 'grown', switched(''));
    await mustLab(bed, 'deploy', '-t', whole);
    const standing = await traces(bed);
    const bad =
      '    bad: {kind: linux, image: busybox, stages: {configure: {exec: [{command: "false", target: host}]}}}\n';
    const grown = await topology(bed, 'grown', `${switched(bad)}    - endpoints: ["bad:eth1", "s9:s9-2"]\n`);
    const failing = await lab(bed, 'deploy', '-t', grown);
    expect(failing.status).toBe(1);
    expect(failing.stderr).toMatch(/node bad: .*false/);
    expect(await traces(bed)).toEqual(standing);
    await mustLab(bed, 'destroy', '-t', whole);
    expect(await traces(bed)).toEqual(before);
  });
});
