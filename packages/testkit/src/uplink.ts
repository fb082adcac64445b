import type { Sandbox } from './sandbox.js';

/** The network between a bed and its outside world: addresses of documentation ranges (RFC 5737, RFC 3849). */
export const uplink = {
  /** The interface in the bed. */
  name: 'uplink',
  ip: '198.51.100.1',
  ip6: '2001:db8:99::1',
  /** The interface in the outside world. */
  outsideName: 'eth0',
  outsideIp: '198.51.100.254',
  outsideIp6: '2001:db8:99::fe',
} as const;

const outsideNamespace = 'outside';

/** The argv that runs a program in the outside world, from within the bed. */
export function outsideArgv(argv: readonly string[]): string[] {
  return ['ip', 'netns', 'exec', outsideNamespace, ...argv];
}

/**
 * Makes the namespace `outside`, joined to the bed by a veth pair. The bed's default routes lead there; outside knows
 * only its own link, so whatever the bed sends must be translated to be answered.
 */
export async function addUplink(sandbox: Sandbox): Promise<void> {
  const { name, ip, ip6, outsideName, outsideIp, outsideIp6 } = uplink;
  const inside = [
    `netns add ${outsideNamespace}`,
    // Two ends with the same index, as the first in two namespaces have, are told of their carrier up to a second late.
    `link add ${name} index 100 type veth peer name ${outsideName} index 101 netns ${outsideNamespace}`,
    `address add ${ip}/24 dev ${name}`,
    `address add ${ip6}/64 dev ${name} nodad`,
    `link set ${name} up`,
  ];
  const outside = [
    'link set lo up',
    `address add ${outsideIp}/24 dev ${outsideName}`,
    `address add ${outsideIp6}/64 dev ${outsideName} nodad`,
    `link set ${outsideName} up`,
  ];
  const batch = (args: string[], lines: string[]) =>
    sandbox.exec(['ip', ...args, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  await batch([], inside);
  await batch(['-netns', outsideNamespace], outside);
  await sandbox.exec(['ip', 'route', 'add', 'default', 'via', outsideIp]);
  await sandbox.exec(['ip', '-6', 'route', 'add', 'default', 'via', outsideIp6]);
  // A userspace switch passes frames on as they are: nobody would fill in a checksum that was left to the hardware.
  await sandbox.exec(['ethtool', '-K', name, 'tx', 'off']);
  await sandbox.exec(outsideArgv(['ethtool', '-K', outsideName, 'tx', 'off']));
}
