import type { Netlink } from '@linecard/linux';
import type { HostSettings } from './central.js';

// What each tunnel adds to an Ethernet frame over IPv4: outer IP and Ethernet header, UDP or TCP, and its own header;
// OVN puts 8 bytes of options into geneve's.
const overheads: Readonly<Record<string, number>> = { geneve: 58, vxlan: 50, stt: 72 };
const extraOverheadOfIPv6 = 20;
const ethernetMtu = 1500;

/** The largest packet that a container may send so that its tunnelled form fits the underlay of this host. */
export async function largestMtu(net: Netlink, { encapIp, encapType }: HostSettings): Promise<number> {
  const addresses = encapIp === undefined ? [] : await net.addresses();
  const ifindex = addresses.find(({ cidr }) => cidr.address === encapIp)?.ifindex;
  const underlay = ifindex === undefined ? undefined : (await net.link(ifindex))?.mtu;
  const extra = encapIp?.includes(':') ? extraOverheadOfIPv6 : 0;
  return (underlay ?? ethernetMtu) - (overheads[encapType] ?? overheads.geneve!) - extra;
}
