import { describe, expect, it } from 'vitest';
import { gatewayAddresses, gatewaysFor, type NetworkRequest, planNetwork } from './network-plan.js';

const id = '0123456789ab'.padEnd(64, 'c');
const v4 = { pool: '172.12.0.0/24', gateway: '172.12.0.1/24' };
const v6 = { pool: 'fd00::/64', gateway: 'fd00::1/64' };
const plan = (options: Record<string, string> = {}, more: Partial<NetworkRequest> = {}) =>
  planNetwork({ id, internal: false, subnets: [v4, v6], options, ...more });
const nat = { 'ovs.bridge.mode': 'nat' };

describe('plan of a network', () => {
  it('fills in the defaults', () => {
    expect(plan()).toMatchObject({
      bridge: 'lc0123456789ab',
      mode: 'flat',
      controllers: [],
      failMode: 'standalone',
      protocols: ['OpenFlow10', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'],
      mtu: 1500,
      uplinks: [],
      tunnels: [],
      userspace: false,
      dhcp: false,
      localMac: expect.stringMatching(/^02:/),
    });
    expect(plan().localMac).toBe(plan(nat).localMac);
  });

  it('is secure with a controller, unless told otherwise', () => {
    const controller = { 'ovs.bridge.controller': 'tcp:127.0.0.1:6653' };
    expect(plan(controller).failMode).toBe('secure');
    expect(plan({ ...controller, 'ovs.bridge.fail_mode': 'standalone' }).failMode).toBe('standalone');
    expect(plan({ 'ovs.bridge.fail_mode': 'secure' }).failMode).toBe('secure');
  });

  it.each([
    ['vxlan:192.0.2.1', 1450],
    ['geneve:192.0.2.1', 1442],
    ['gre:192.0.2.1', 1458],
    ['gre:192.0.2.1,geneve:[2001:db8::1]', 1422],
  ])('leaves room for the headers of %s', (tunnels, mtu) => {
    expect(plan({ 'ovs.bridge.tunnels': tunnels }).mtu).toBe(mtu);
    expect(plan({ 'ovs.bridge.tunnels': tunnels, 'ovs.bridge.mtu': '9000' }).mtu).toBe(9000);
  });

  it("prefers our MTU to Docker's", () => {
    const docker = { 'com.docker.network.driver.mtu': '1400' };
    expect(plan(docker).mtu).toBe(1400);
    expect(plan({ ...docker, 'ovs.bridge.mtu': '1300' }).mtu).toBe(1300);
  });

  it('joins add_ports and bind_interface', () => {
    const both = { 'ovs.bridge.add_ports': 'eno1/4', 'ovs.bridge.bind_interface': 'eno2' };
    expect(plan(both).uplinks).toEqual([{ name: 'eno1', ofport: 4 }, { name: 'eno2' }]);
    expect(plan({ ...both, 'ovs.bridge.bind_interface': 'eno1' }).uplinks).toEqual([{ name: 'eno1', ofport: 4 }]);
  });

  it('has no subnets of the null IPAM driver', () => {
    expect(plan({}, { subnets: [{ pool: '0.0.0.0/0' }, { pool: '::/0' }] }).subnets).toEqual([]);
  });

  it.each([
    [nat, { subnets: [{ pool: '0.0.0.0/0' }] }, 'mode nat needs a gateway address'],
    [{ 'ovs.bridge.mode': 'routed' }, { subnets: [{ pool: '10.0.0.0/8' }] }, 'mode routed needs a gateway address'],
    [{ ...nat, 'ovs.bridge.dhcp': 'true' }, {}, 'option ovs.bridge.dhcp goes with mode flat, not nat'],
    [{ 'ovs.bridge.dhcp': 'true' }, {}, 'option ovs.bridge.dhcp needs a network without addresses of Docker'],
    [{ 'ovs.bridge.mtu': '1279' }, {}, 'option ovs.bridge.mtu: 1279 is too small for IPv6'],
    [{ 'ovs.bridge.add_ports': 'a0/1,b0/1' }, {}, 'names an interface or an OpenFlow port twice'],
    [{ 'ovs.bridge.add_ports': 'a0/1,a0/2' }, {}, 'names an interface or an OpenFlow port twice'],
  ] as [Record<string, string>, Partial<NetworkRequest>, string][])('refuses %j', (options, more, message) => {
    expect(() => plan(options, more)).toThrow(
      expect.objectContaining({ code: 'LC_INVALID', message: expect.stringContaining(message) }),
    );
  });
});

describe('gateways', () => {
  const addresses = ['172.12.0.9/24', 'fd00::9/64'];

  it('are on the bridge in every mode but flat', () => {
    expect(gatewayAddresses(plan())).toEqual([]);
    expect(gatewayAddresses(plan(nat)).map(({ address }) => address)).toEqual(['172.12.0.1', 'fd00::1']);
  });

  it('are told to containers of the families that they have', () => {
    expect(gatewaysFor(plan(nat), addresses)).toEqual({ v4: '172.12.0.1', v6: 'fd00::1' });
    expect(gatewaysFor(plan(nat), ['fd00::9/64'])).toEqual({ v6: 'fd00::1' });
    expect(gatewaysFor(plan(nat), ['10.0.0.1/8'])).toEqual({});
  });

  it('are not told on internal and flat networks, unless a router is plugged in', () => {
    expect(gatewaysFor(plan(nat, { internal: true }), addresses)).toEqual({});
    expect(gatewaysFor(plan(), addresses)).toEqual({});
    const wired = plan({ 'ovs.bridge.add_ports': 'eno1' });
    expect(gatewaysFor(wired, addresses)).toEqual({ v4: '172.12.0.1', v6: 'fd00::1' });
    expect(gatewaysFor(wired, ['172.12.0.1/24'])).toEqual({});
  });
});
