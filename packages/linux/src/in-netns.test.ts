import { describe, expect, it } from 'vitest';
import { netnsCommands } from './in-netns.js';
import { netnsPath } from './netns.js';
import { sysctlPath } from './sysctl.js';

const base = { netnsPath: '/proc/1/ns/net', ifname: 'eth0' };

describe('commands for ip -batch', () => {
  it('sets the link before addresses, and addresses before gateways', () => {
    const commands = netnsCommands({
      ...base,
      addresses: ['172.31.1.1/24', { family: 6, address: 'fd00::1', prefix: 64 }],
      gateway: '172.31.1.254',
      gateway6: 'FD00:0::FE',
      mtu: 1400,
      up: true,
    });
    expect(commands.split('\n')).toEqual([
      'link set dev eth0 mtu 1400',
      'link set dev eth0 up',
      'addr replace 172.31.1.1/24 dev eth0',
      'addr replace fd00::1/64 dev eth0 nodad',
      'route replace 0.0.0.0/0 via 172.31.1.254 dev eth0',
      'route replace ::/0 via fd00::fe dev eth0',
      '',
    ]);
    expect(netnsCommands(base)).toBe('');
  });

  it.each([
    { ifname: 'eth0\nlink del lo' },
    { addresses: ['10.0.0.1'] },
    { addresses: [{ family: 4 as const, address: '10.0.0.1 dev lo\n', prefix: 8 }] },
    { gateway: 'fd00::1' },
    { gateway6: '10.0.0.1' },
    { gateway: '10.0.0.1 dev lo' },
    { mtu: 1e6 },
  ])('refuses %j', (bad) => {
    expect(() => netnsCommands({ ...base, ...bad })).toThrow(expect.objectContaining({ code: 'LC_INVALID' }));
  });
});

describe('names of namespaces and kernel parameters', () => {
  it('finds the file of a namespace', () => {
    expect(netnsPath({ pid: 42 })).toBe('/proc/42/ns/net');
    expect(netnsPath({ path: '/var/run/docker/netns/1-abc' })).toBe('/var/run/docker/netns/1-abc');
    for (const bad of [{ pid: 0 }, { pid: 1.5 }, { path: 'relative' }, { path: '/a\nb' }]) {
      expect(() => netnsPath(bad)).toThrow(expect.objectContaining({ code: 'LC_INVALID' }));
    }
  });

  it('finds the file of a parameter, also for interfaces with dots', () => {
    expect(sysctlPath('net.ipv4.ip_forward')).toBe('/proc/sys/net/ipv4/ip_forward');
    expect(sysctlPath('net/ipv6/conf/eth0.5/mtu')).toBe('/proc/sys/net/ipv6/conf/eth0.5/mtu');
    expect(sysctlPath(['net', 'ipv6', 'conf', 'eth0.5', 'mtu'])).toBe('/proc/sys/net/ipv6/conf/eth0.5/mtu');
    for (const bad of ['', 'net', 'net/../kernel', 'net..ipv4', ['net', 'a/b'], ['net', '..'], ['net', 'a b']]) {
      expect(() => sysctlPath(bad)).toThrow(expect.objectContaining({ code: 'LC_INVALID' }));
    }
  });
});
