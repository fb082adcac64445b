import { join } from 'node:path';
import { frrDaemons, type LabNode } from '../model/types.js';
import type { ContainerKind } from './kind.js';
import { linuxKind } from './linux.js';

function daemonsFile({ frr }: LabNode): string {
  const lines = frrDaemons.map((name) => `${name}=${frr.daemons.includes(name) ? 'yes' : 'no'}`);
  return `${['# Written by Linecard from the topology file.', ...lines, 'vtysh_enable=yes', 'zebra_options="-A 127.0.0.1 -s 90000000"', ...frrDaemons.map((name) => `${name}_options="-A 127.0.0.1"`)].join('\n')}\n`;
}

/** A router of FRRouting: its daemons and their configuration come from the topology file. */
export const frrKind: ContainerKind = {
  ...linuxKind,
  name: 'frr',
  parts: (node) => ({
    binds: [{ source: join(node.folder, 'frr'), target: '/etc/frr', mode: '' }],
    sysctls: {
      'net.ipv6.conf.all.disable_ipv6': '0',
      'net.ipv4.ip_forward': '1',
      'net.ipv6.conf.all.forwarding': '1',
      // Several links to one neighbour share the load by ports too.
      'net.ipv4.fib_multipath_hash_policy': '1',
    },
  }),
  files: (node, config) => [
    { path: 'frr/daemons', text: daemonsFile(node) },
    { path: 'frr/vtysh.conf', text: 'service integrated-vtysh-config\n' },
    { path: 'frr/frr.conf', text: `hostname ${node.name}\n${node.frr.config ?? config ?? ''}\n` },
  ],
  running: () => ['vtysh', '-c', 'show running-config'],
};
