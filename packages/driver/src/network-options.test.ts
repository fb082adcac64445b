import { describe, expect, it } from 'vitest';
import {
  endpointOptionTable,
  networkOptionTable,
  parseEndpointOptions,
  parseNetworkOptions,
} from './network-options.js';

/** Each option with values that are allowed, what they mean, and values that are not allowed. */
const network: Record<keyof typeof networkOptionTable, { good: [string, unknown][]; bad: string[] }> = {
  'ovs.bridge.name': {
    good: [
      ['br0', 'br0'],
      ['ovs-lan.7_x', 'ovs-lan.7_x'],
    ],
    bad: ['', '.', '-a', 'a/b', 'a b', 'sixteen-letters-', 'ä'],
  },
  'ovs.bridge.mode': {
    good: [
      ['flat', 'flat'],
      [' nat ', 'nat'],
      ['routed', 'routed'],
    ],
    bad: ['', 'NAT', 'bridge'],
  },
  'ovs.bridge.dpid': {
    good: [
      ['0x1', '0000000000000001'],
      ['0xFEDCBA9876543210', 'fedcba9876543210'],
    ],
    bad: ['', '0x', '0x0', '0x10000000000000000', 'one'],
  },
  'ovs.bridge.controller': {
    good: [
      ['tcp:127.0.0.1:6653', ['tcp:127.0.0.1:6653']],
      ['ssl:[2001:db8::1]:6653,unix:/run/c.sock', ['ssl:[2001:db8::1]:6653', 'unix:/run/c.sock']],
      ['ptcp:,punix:/run/x,pssl:6654:127.0.0.1', ['ptcp:', 'punix:/run/x', 'pssl:6654:127.0.0.1']],
      ['tcp:10.0.0.1', ['tcp:10.0.0.1']],
    ],
    bad: [
      '',
      'tcp:',
      'tcp:host:1',
      'tcp:1.2.3.4:0',
      'tcp:1.2.3.4:65536',
      'unix:x',
      'unix:/a/../b',
      'udp:1.2.3.4:1',
      ',',
    ],
  },
  'ovs.bridge.fail_mode': { good: [['secure', 'secure']], bad: ['', 'open'] },
  'ovs.bridge.protocols': {
    good: [['OpenFlow13, OpenFlow10', ['OpenFlow13', 'OpenFlow10']]],
    bad: ['', 'OpenFlow16', 'OpenFlow13,OpenFlow13', 'openflow13'],
  },
  'ovs.bridge.vlan': {
    good: [
      ['1', 1],
      ['4094', 4094],
    ],
    bad: ['0', '4095', '-1', '1.5', '0x10', ''],
  },
  'ovs.bridge.mtu': { good: [['9000', 9000]], bad: ['67', '65536', 'jumbo'] },
  'com.docker.network.driver.mtu': { good: [['1450', 1450]], bad: ['0'] },
  'ovs.bridge.add_ports': {
    good: [
      ['eno2/8', [{ name: 'eno2', ofport: 8 }]],
      [
        'eno2/8/acl/7,eno3///9',
        [
          { name: 'eno2', ofport: 8, acl: 'acl', vlan: 7 },
          { name: 'eno3', vlan: 9 },
        ],
      ],
    ],
    bad: ['', '/8', 'eno2/0', 'eno2/65280', 'eno2/x', 'eno2/1/a b', 'eno2/1/a/0', 'eno2/1/a/1/x', 'eno2,eno2'],
  },
  'ovs.bridge.bind_interface': { good: [['eno2', 'eno2']], bad: ['eno2,eno3', 'a/b'] },
  'ovs.bridge.tunnels': {
    good: [
      ['vxlan:192.0.2.1', [{ type: 'vxlan', remote: '192.0.2.1', key: 0 }]],
      ['geneve:192.0.2.1:16777215', [{ type: 'geneve', remote: '192.0.2.1', key: 16777215 }]],
      ['gre:[2001:db8::1]:4294967295', [{ type: 'gre', remote: '2001:db8::1', key: 4294967295 }]],
      ['vxlan:2001:db8::1', [{ type: 'vxlan', remote: '2001:db8::1', key: 0 }]],
    ],
    bad: ['', 'vxlan:', 'vxlan:host', 'vxlan:192.0.2.1:16777216', 'stt:192.0.2.1', 'gre:192.0.2.1:4294967296'],
  },
  'ovs.bridge.userspace': {
    good: [
      ['true', true],
      ['0', false],
      ['Yes', true],
    ],
    bad: ['', 'maybe'],
  },
  'ovs.bridge.ovs_local_mac': {
    good: [['0E:00:00:00:00:01', '0e:00:00:00:00:01']],
    bad: ['', '0e:00:00:00:00', '01:00:5e:00:00:01'],
  },
  'ovs.bridge.dhcp': { good: [['true', true]], bad: ['dhcp'] },
  'ovs.bridge.lbport': { good: [['65279', 65279]], bad: ['0', '65280'] },
  'ovs.bridge.mirror_tunnel_vid': { good: [['300', 300]], bad: ['0', '4095'] },
  'ovs.bridge.nat_acl': { good: [['protect-me.1', 'protect-me.1']], bad: ['', 'a b', 'x'.repeat(65)] },
  'ovs.bridge.default_acl': { good: [['deny', 'deny']], bad: ['a/b'] },
  'ovs.bridge.vlan_out_acl': { good: [['out', 'out']], bad: ['a,b'] },
  'ovs.bridge.add_copro_ports': { good: [['eno2', [{ name: 'eno2' }]]], bad: ['eno2/x'] },
  'ovs.bridge.preallocate_ports': { good: [['0', 0]], bad: ['-1', '1025'] },
};

const endpoint: Record<keyof typeof endpointOptionTable, { good: [string, unknown][]; bad: string[] }> = {
  'ovs.port.number': { good: [['65279', 65279]], bad: ['0', '65280', 'one'] },
  'ovs.port.vlan': { good: [['4094', 4094]], bad: ['0', '4095'] },
  'ovs.port.trunk': { good: [['11, 12', [11, 12]]], bad: ['', '0', '11,11', '11;12'] },
  'ovs.port.rate': { good: [['400000000', 400000000]], bad: ['0', '400000001', '1M'] },
  'ovs.port.burst': { good: [['8000', 8000]], bad: ['0'] },
};

describe.each([
  ['network', network, parseNetworkOptions, networkOptionTable],
  ['endpoint', endpoint, parseEndpointOptions, endpointOptionTable],
] as const)('options of a %s', (_, table, parse, kinds) => {
  const read = parse as (raw: Record<string, string>) => Record<string, unknown>;
  describe.each(Object.entries(table))('%s', (name, { good, bad }) => {
    it.each(good)('takes "%s"', (text, value) => {
      expect(read({ [name]: text })).toEqual({ [name]: value });
    });

    it.each(bad)('refuses "%s", naming option, value and what is allowed', (text) => {
      const { allowed } = (kinds as Record<string, { allowed: string }>)[name]!;
      expect(allowed).not.toBe('');
      expect(() => read({ [name]: text })).toThrow(
        expect.objectContaining({
          code: 'LC_INVALID',
          message: `option ${name}: "${text}" is not allowed`,
          hint: `allowed is ${allowed}`,
        }),
      );
    });
  });

  it('names the nearest option for one that does not exist, or all of them', () => {
    const known = Object.keys(table);
    const [first = ''] = known;
    expect(() => read({ [first.slice(0, -1)]: '1' })).toThrow(
      expect.objectContaining({ code: 'LC_INVALID', hint: `did you mean ${first}?` }),
    );
    expect(() => read({ 'a-quite-different-thing-altogether': '1' })).toThrow(
      expect.objectContaining({ hint: `known are ${known.join(', ')}` }),
    );
    expect(() => read({ constructor: '1' })).toThrow('option constructor is not known');
  });
});

it('takes bind_interface without its prefix', () => {
  expect(parseNetworkOptions({ bind_interface: 'eno1' })).toEqual({ 'ovs.bridge.bind_interface': 'eno1' });
});

it('shows the beginning of a value that is very long', () => {
  expect(() => parseNetworkOptions({ 'ovs.bridge.name': 'x'.repeat(10_000) })).toThrow(/^option .{0,250}$/);
});
