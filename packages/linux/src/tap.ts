import { readFileSync } from 'node:fs';
import { checkInterfaceName } from './names.js';

// linux/if_tun.h: frames carry a header that says which offloads are still to be done.
const IFF_VNET_HDR = 0x4000;

/**
 * Whether a tap device passes frames together with their pending offloads. Of the local port of a userspace bridge
 * this tells whether ovs-vswitchd really runs with `userspace-tso-enable`, which the database cannot: it is read only
 * when ovs-vswitchd starts. False for a device that is missing or no tap.
 */
export function tapHasOffloads(name: string): boolean {
  try {
    // Read at once: on the way through the thread pool these few bytes take ten times as long.
    const flags = readFileSync(`/sys/class/net/${checkInterfaceName(name)}/tun_flags`, 'utf8');
    return (Number.parseInt(flags, 16) & IFF_VNET_HDR) !== 0;
  } catch {
    return false;
  }
}
