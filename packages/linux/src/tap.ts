import { readFile } from 'node:fs/promises';
import { checkInterfaceName } from './names.js';

// linux/if_tun.h: frames carry a header that says which offloads are still to be done.
const IFF_VNET_HDR = 0x4000;

/**
 * Whether a tap device passes frames together with their pending offloads. Of the local port of a userspace bridge
 * this tells whether ovs-vswitchd really runs with `userspace-tso-enable`, which the database cannot: it is read only
 * when ovs-vswitchd starts. False for a device that is missing or no tap.
 */
export async function tapHasOffloads(name: string): Promise<boolean> {
  try {
    const flags = await readFile(`/sys/class/net/${checkInterfaceName(name)}/tun_flags`, 'utf8');
    return (Number.parseInt(flags, 16) & IFF_VNET_HDR) !== 0;
  } catch {
    return false;
  }
}
