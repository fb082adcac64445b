import { formatMac } from '@linecard/wire';
import { Icmpv6, Icmpv6Type } from './icmp.js';
import { IpProtocol, Ipv4, Ipv6 } from './ip.js';
import { u16, u32 } from './layout.js';

/** The protocol's name, what it says, and the checksum of its transport. */
export type Description = readonly [name: string, text: string, checksum: string];

const SCTP = 132;
const IGMP = 2;
const FRAGMENT = 44;

/** A transport over IP: the least bytes of its header, what it says, and where its checksum stands. */
interface Transport {
  readonly name: string;
  readonly header: number;
  readonly checksumName: string;
  readonly checksumAt: number;
  readonly checksumSize: 2 | 4;
  readonly text: (bytes: Uint8Array) => string;
}

function portsText(bytes: Uint8Array): string {
  return bytes.length < 4 ? 'tp_src=0,tp_dst=0' : `tp_src=${u16(bytes, 0)},tp_dst=${u16(bytes, 2)}`;
}

const whole =
  (size: number, text: (bytes: Uint8Array) => string) =>
  (bytes: Uint8Array): string =>
    text(bytes.length < size ? noBytes : bytes);
const noBytes = new Uint8Array(0);

const tcpFlags = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns'];

function flagsText(bits: number): string {
  const set = Array.from({ length: 12 }, (_, bit) => bit).filter((bit) => ((bits >>> bit) & 1) === 1);
  return set.length === 0 ? '0' : set.map((bit) => tcpFlags[bit] ?? `[${(1 << bit).toString(16)}]`).join('|');
}

function tcpText(bytes: Uint8Array): string {
  const length = bytes.length < 20 ? 0 : (bytes[12]! >> 4) * 4;
  const isWhole = length >= 20 && length <= bytes.length;
  const flags = isWhole ? u16(bytes, 12) & 0xfff : 0;
  return `${portsText(isWhole ? bytes : noBytes)},tcp_flags=${flagsText(flags)}`;
}

const icmpText = (bytes: Uint8Array): string => `icmp_type=${bytes[0] ?? 0},icmp_code=${bytes[1] ?? 0}`;

/** The link-layer address that an option of a neighbour message brings. */
function linkAddress(bytes: Uint8Array, wanted: number): string | undefined {
  for (let at = 24; at + 8 <= bytes.length; ) {
    const size = bytes[at + 1]! * 8;
    if (size === 0 || at + size > bytes.length) return undefined;
    if (bytes[at] === wanted && size === 8) return formatMac(bytes.subarray(at + 2, at + 8));
    at += size;
  }
  return undefined;
}

function icmpv6Text(bytes: Uint8Array): string {
  const text = icmpText(bytes);
  const isSolicit = bytes[0] === Icmpv6Type.NEIGHBOR_SOLICIT;
  const discovers = isSolicit || bytes[0] === Icmpv6Type.NEIGHBOR_ADVERT;
  if (!discovers || bytes[1] !== 0) return text;
  const target = Icmpv6.view(bytes)?.target ?? '::';
  const none = '00:00:00:00:00:00';
  const source = (isSolicit ? linkAddress(bytes, 1) : undefined) ?? none;
  const address = (isSolicit ? undefined : linkAddress(bytes, 2)) ?? none;
  return `${text},nd_target=${target},nd_sll=${source},nd_tll=${address}`;
}

function transport(name: string, header: number, at: number, text: Transport['text'], size: 2 | 4 = 2): Transport {
  const checksumName = name === 'icmp6' ? 'icmp6_csum' : `${name}_csum`;
  return { name, header, checksumName, checksumAt: at, checksumSize: size, text };
}

const shared: readonly (readonly [number, Transport])[] = [
  [IpProtocol.TCP, transport('tcp', 20, 16, tcpText)],
  [IpProtocol.UDP, transport('udp', 8, 6, whole(8, portsText))],
  [SCTP, transport('sctp', 12, 8, whole(12, portsText), 4)],
];
const over4 = new Map([...shared, [IpProtocol.ICMP, transport('icmp', 8, 2, whole(8, icmpText))]]);
const over6 = new Map([...shared, [IpProtocol.ICMPV6, transport('icmp6', 8, 2, whole(8, icmpv6Text))]]);

function checksumText(known: Transport | undefined, payload: Uint8Array): string {
  if (known === undefined || payload.length < known.header) return '';
  const value = known.checksumSize === 2 ? u16(payload, known.checksumAt) : u32(payload, known.checksumAt);
  return ` ${known.checksumName}:${value.toString(16)}`;
}

interface Common {
  readonly trafficClass: number;
  readonly ttl: number;
  readonly fragment: 'no' | 'first' | 'later';
  readonly protocol: number;
  readonly payload: Uint8Array;
}

function fragmentOf(ip: { readonly fragmentOffset: number; readonly moreFragments: boolean }): Common['fragment'] {
  if (ip.fragmentOffset > 0) return 'later';
  return ip.moreFragments ? 'first' : 'no';
}

/** What both versions of IP say in the same words, behind their addresses. */
function describe(known: Transport | undefined, suffix: string, addresses: string, common: Common): Description {
  const { trafficClass, ttl, fragment, protocol, payload } = common;
  const rest = `nw_tos=${trafficClass & 0xfc},nw_ecn=${trafficClass & 3},nw_ttl=${ttl},nw_frag=${fragment}`;
  const start = known === undefined ? `${addresses},nw_proto=${protocol},${rest}` : `${addresses},${rest}`;
  const plain = known?.text ?? (protocol === IGMP && suffix === '' ? igmpText : undefined);
  const text = fragment === 'later' || plain === undefined ? start : `${start},${plain(payload)}`;
  const name =
    known === undefined ? (suffix === '' ? 'ip' : 'ipv6') : known.name + (known.name === 'icmp6' ? '' : suffix);
  return [name, text, checksumText(known, payload)];
}

/** Type and code stand where other protocols have their ports. */
const igmpText = (bytes: Uint8Array): string => `tp_src=${bytes[0] ?? 0},tp_dst=${bytes[1] ?? 0}`;

const noCommon: Common = { trafficClass: 0, ttl: 0, fragment: 'no', protocol: 0, payload: noBytes };

/** An IPv4 packet; one that is cut short counts as zeros. */
export function describeIpv4(bytes: Uint8Array): Description {
  const ip = Ipv4.view(bytes);
  if (ip === undefined || ip.totalLength > bytes.length) {
    return describe(undefined, '', 'nw_src=0.0.0.0,nw_dst=0.0.0.0', noCommon);
  }
  const { ttl, protocol, payload } = ip;
  const common = { trafficClass: bytes[1]!, ttl, protocol, payload, fragment: fragmentOf(ip) };
  return describe(over4.get(protocol), '', `nw_src=${ip.source},nw_dst=${ip.destination}`, common);
}

/** An IPv6 packet; one that is cut short counts as zeros. */
export function describeIpv6(bytes: Uint8Array): Description {
  const ip = Ipv6.view(bytes);
  if (ip === undefined || 40 + ip.payloadLength > bytes.length) {
    return describe(undefined, '6', 'ipv6_src=::,ipv6_dst=::,ipv6_label=0x00000', noCommon);
  }
  const { trafficClass, hopLimit: ttl, payload } = ip;
  const fragment = fragmentOf(ip);
  // What a later fragment holds is not said in it.
  const protocol = fragment === 'later' ? FRAGMENT : ip.protocol;
  const label = ip.flowLabel.toString(16).padStart(5, '0');
  const addresses = `ipv6_src=${ip.source},ipv6_dst=${ip.destination},ipv6_label=0x${label}`;
  return describe(over6.get(protocol), '6', addresses, { trafficClass, ttl, fragment, protocol, payload });
}
