import { uplink } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { traces, typeReadme, useLabs } from './support/lab.js';
import { describeSystem } from './support/system.js';

describeSystem('shipped labs of routers, typed as their README shows', () => {
  const theBed = useLabs([]);

  it('openswitch-ebgp: the route has the article’s path, ssh leads to the switches, and the article’s steps work', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const shown = await typeReadme(bed, 'openswitch-ebgp');
    expect(shown).toMatch(/192\.168\.102\.0\/24 +192\.168\.101\.2 .* 65002 65003 i$/m);
    expect(shown).toContain('3 packets transmitted, 3 received, 0% packet loss');
    // Over ssh: two neighbours of ops2, in the namespace of the front panel.
    expect(shown).toMatch(/^192\.168\.101\.1 +4 +65001 /m);
    expect(shown).toMatch(/^192\.168\.102\.2 +4 +65003 /m);
    expect(shown).toMatch(/^swns/m);
    expect(shown).toContain('lab openswitch-ebgp: 3 containers removed');
    expect(shown).toContain('1 packets transmitted, 1 received');
    expect(await traces(bed)).toEqual(before);
  });

  it('frr-ospf-triangle: a cut link reroutes', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const shown = await typeReadme(bed, 'frr-ospf-triangle');
    const [direct, around] = shown.split('ip link set eth1 down');
    expect(direct).toMatch(/^ 2 +10\.12\.0\.2 /m);
    expect(direct).not.toContain('10.31.0.3 ');
    expect(around).toContain('1 received');
    expect(around).toMatch(/^ 2 +10\.31\.0\.3 /m);
    expect(around).toMatch(/^ 4 +10\.2\.0\.10 /m);
    expect(around).toMatch(/10\.2\.0\.0\/24 .* via 10\.31\.0\.3, eth2/);
    expect(await traces(bed)).toEqual(before);
  });

  it('clos: every host reaches every other, over both spines', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const shown = await typeReadme(bed, 'clos');
    expect(shown).not.toContain('FAILED');
    expect(shown).toMatch(/^\s+nexthop via 10\.1\.1\.0 dev eth1/m);
    expect(shown).toMatch(/^\s+nexthop via 10\.2\.1\.0 dev eth2/m);
    expect((await bed.exec(['cat', '/run/newcomer/clos/clos.svg'])).stdout).toContain('>spine2<');
    expect(await traces(bed)).toEqual(before);
  });
}, ['vtysh', 'script', 'ssh', 'sshd']);

describeSystem('shipped labs of Open vSwitch, typed as their README shows', () => {
  const theBed = useLabs([], { ovs: true, uplink: true });

  it('ovs-controller: hosts on two bridges talk when the daemon lets them', async () => {
    const bed = theBed();
    await bed.daemon();
    const before = await traces(bed);
    const shown = await typeReadme(bed, 'ovs-controller');
    expect(shown).not.toContain('FAILED');
    expect(shown).toMatch(/ [1-3] packets received, /);
    expect(shown).toMatch(/^s1 +0{15}1 +embedded:learning-switch +connected +1\.3 /m);
    expect(shown).toMatch(/^s2 +0{15}2 +embedded:learning-switch +connected +1\.3 /m);
    // The learning switch has told s1 what leads to the other bridge: by the patch, which has the number of its name.
    expect(shown).toMatch(/ in_port=1\(h1\),.* output:9\(s1-eth9\) /m);
    expect(shown).toMatch(/^type +: patch$/m);
    expect(shown).toMatch(/^ofport +: 9$/m);
    expect(await traces(bed)).toEqual(before);
  });

  it('mixed: a container of a network and a host behind a lab router talk; the router reaches the world', async () => {
    const bed = theBed();
    const before = await traces(bed);
    const shown = await typeReadme(bed, 'mixed', { WORLD: uplink.outsideIp });
    expect(shown).not.toContain('FAILED');
    expect(shown).toMatch(/^200$/m);
    expect(shown.match(/ 1 (packets )?received/g)).toHaveLength(2);
    expect(await traces(bed)).toEqual(before);
  });
}, ['vtysh', 'script']);
