import { describe, expect, it } from 'vitest';
import { planNetwork } from './network-plan.js';
import type { Port } from './records.js';
import { Seats } from './seats.js';
import { containerPort, fixedPorts, networkBridge, seatOfInterface } from './switch-specs.js';

const id = 'a'.repeat(64);
const plan = (options: Record<string, string>) =>
  planNetwork({ id, internal: false, subnets: [{ pool: '10.0.0.0/8', gateway: '10.0.0.1/8' }], options });
const port = (options: Record<string, string> = {}): Port => ({
  kind: 'endpoint',
  id: 'b'.repeat(64),
  link: 'lcv1',
  bridge: 'br0',
  ofport: 5,
  mac: '0e:00:00:00:00:01',
  addresses: [],
  options,
  portMap: [],
});
const ruled = { 'ovs.bridge.controller': 'tcp:127.0.0.1:6653' };

describe('the port of a container', () => {
  it("is in the network's VLAN, unless a controller rules the bridge or it has one of its own", () => {
    const vlan = { 'ovs.bridge.vlan': '10' };
    expect(containerPort(port(), plan(vlan)).tag).toBe(10);
    expect(containerPort(port(), plan({ ...vlan, ...ruled }))).not.toHaveProperty('tag');
    expect(containerPort(port({ 'ovs.port.vlan': '7' }), plan({ ...vlan, ...ruled })).tag).toBe(7);
  });

  it('has trunks and a rate where its options say so', () => {
    const options = { 'ovs.port.trunk': '11,12', 'ovs.port.rate': '1000', 'ovs.port.burst': '50' };
    expect(containerPort(port(options), undefined)).toMatchObject({
      name: 'lcv1',
      ofport: 5,
      trunks: [11, 12],
      policing: { rate: 1000, burst: 50 },
    });
    expect(containerPort(port(), undefined)).not.toHaveProperty('policing');
  });
});

describe('the bridge of a network', () => {
  it('puts the local port into the VLAN where it carries the gateway', () => {
    const vlan = { 'ovs.bridge.vlan': '10' };
    expect(networkBridge({ plan: plan({ ...vlan, 'ovs.bridge.mode': 'nat' }), since: 0 }, 'netdev').local).toEqual({
      mtu: 1500,
      tag: 10,
    });
    expect(networkBridge({ plan: plan(vlan), since: 0 }, 'netdev').local).toEqual({ mtu: 1500 });
  });

  it('has interfaces and tunnels on the numbers of their seats', () => {
    const options = { 'ovs.bridge.add_ports': 'eno1/8,eno2///20', 'ovs.bridge.tunnels': 'vxlan:192.0.2.1:77' };
    const seats = new Seats();
    seats.takeForHost(seatOfInterface('eno1'), 8);
    const [first, second, tunnel] = fixedPorts({ plan: plan(options), since: 0, name: 'net' }, seats);
    expect(first).toMatchObject({ name: 'eno1', type: '', ofport: 8 });
    expect(second).toMatchObject({ name: 'eno2', tag: 20 });
    expect(second).not.toHaveProperty('ofport');
    expect(tunnel).toMatchObject({ type: 'vxlan', name: expect.stringMatching(/^lct[0-9a-f]{12}$/) });
    expect(Object.fromEntries(tunnel!.options!)).toEqual({ remote_ip: '192.0.2.1', key: '77' });
    expect(Object.fromEntries(tunnel!.externalIds)).toEqual({
      linecard: 'tunnel',
      'network-id': id,
      'network-name': 'net',
    });
  });
});
