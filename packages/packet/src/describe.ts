import { formatMac } from '@linecard/wire';
import { Arp } from './arp.js';
import { describeIpv4, describeIpv6 } from './describe-ip.js';
import { Ethernet, EtherType, type VlanTag } from './ethernet.js';
import { u16, u32 } from './layout.js';

/** EtherTypes that have a short name as protocols, beside those of IP. */
const names: Readonly<Record<number, string>> = {
  [EtherType.ARP]: 'arp',
  32821: 'rarp',
  34887: 'mpls',
  34888: 'mplsm',
};

/** The EtherType that stands for frames of IEEE 802.3 with a length instead of one. */
const NO_ETHER_TYPE = 0x05ff;
const firstEtherType = 0x600;
const snapHeader = [0xaa, 0xaa, 3, 0, 0, 0];

/** The tags that Open vSwitch looks at. */
const maxTags = 2;

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

function tagsText(tags: readonly VlanTag[]): string {
  if (tags.length === 0) return 'vlan_tci=0x0000';
  const words = tags.map(({ id, priority }, i) => `dl_vlan${i || ''}=${id},dl_vlan_pcp${i || ''}=${priority}`);
  return tags.length === maxTags ? words.join(',') : `${words[0]},vlan_tci1=0x0000`;
}

interface Network {
  readonly etherType: number;
  readonly payload: Uint8Array;
}

const nothing = new Uint8Array(0);

/** What is inside of the frame: behind the tags, and behind a SNAP header. */
function networkOf(ethernet: Ethernet, tags: readonly VlanTag[], all: readonly VlanTag[]): Network {
  if (tags.length < all.length) return { etherType: all[tags.length]!.tpid, payload: nothing };
  const { etherType, payload } = ethernet;
  if (etherType >= firstEtherType) return { etherType, payload };
  const isSnap = payload.length >= 8 && snapHeader.every((byte, i) => payload[i] === byte);
  const type = isSnap ? u16(payload, 6) : 0;
  if (type < firstEtherType) return { etherType: NO_ETHER_TYPE, payload: nothing };
  return { etherType: type, payload: payload.subarray(8) };
}

function arpText(payload: Uint8Array): string {
  const arp = Arp.view(payload);
  const none = '00:00:00:00:00:00';
  // Open vSwitch knows operations of one byte.
  const operation = arp === undefined || arp.operation > 0xff ? 0 : arp.operation;
  return [
    `arp_spa=${arp?.senderIp ?? '0.0.0.0'}`,
    `arp_tpa=${arp?.targetIp ?? '0.0.0.0'}`,
    `arp_op=${operation}`,
    `arp_sha=${arp?.senderMac ?? none}`,
    `arp_tha=${arp?.targetMac ?? none}`,
  ].join(',');
}

const maxLabels = 3;
const BOTTOM_OF_STACK = 0x100;

function mplsText(payload: Uint8Array): string {
  const entries: number[] = [];
  for (let at = 0; entries.length < maxLabels; at += 4) {
    entries.push(at + 4 <= payload.length ? u32(payload, at) : 0);
    if ((entries.at(-1)! & BOTTOM_OF_STACK) !== 0) break;
  }
  const [top = 0, ...deeper] = entries;
  return [
    `mpls_label=${top >>> 12}`,
    `mpls_tc=${(top >>> 9) & 7}`,
    `mpls_ttl=${top & 0xff}`,
    `mpls_bos=${(top >>> 8) & 1}`,
    ...deeper.map((entry, i) => `mpls_lse${i + 1}=${entry}`),
  ].join(',');
}

/** The protocol's name in front, what it says behind the addresses. */
function networkText({ etherType, payload }: Network): readonly [name: string, text: string, checksum: string] {
  if (etherType === EtherType.IPV4) return describeIpv4(payload);
  if (etherType === EtherType.IPV6) return describeIpv6(payload);
  const name = names[etherType];
  if (name === undefined) return ['', `dl_type=${hex(etherType, 4)}`, ''];
  return [name, name.startsWith('mpls') ? mplsText(payload) : arpText(payload), ''];
}

function line(tags: string, source: string, destination: string, network: Network): string {
  const [name, text, checksum] = networkText(network);
  const start = name === '' ? '' : `${name},`;
  return `${start}${tags},dl_src=${source},dl_dst=${destination},${text}${checksum}`;
}

/**
 * A frame in one line, as `ovs-ofctl ofp-print` shows the packet of a packet-in: the fields that a flow can match, and
 * the checksum of the transport. A header that is cut short counts as zeros, as it does there.
 */
export function describePacket(frame: Uint8Array): string {
  const none = '00:00:00:00:00:00';
  if (frame.length < 14) return line(tagsText([]), none, none, { etherType: 0, payload: nothing });
  const ethernet = Ethernet.view(frame);
  const [destination, source] = [formatMac(frame.subarray(0, 6)), formatMac(frame.subarray(6, 12))];
  if (ethernet === undefined) {
    return line(tagsText([]), source, destination, { etherType: u16(frame, 12), payload: nothing });
  }
  const all = ethernet.tags;
  const foreign = all.findIndex(({ tpid }) => tpid !== EtherType.VLAN && tpid !== EtherType.SERVICE_VLAN);
  const tags = all.slice(0, Math.min(foreign < 0 ? all.length : foreign, maxTags));
  return line(tagsText(tags), source, destination, networkOf(ethernet, tags, all));
}
