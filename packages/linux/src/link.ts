import { LinecardError, parseMac } from '@linecard/wire';
import { checkInteger, checkInterfaceName, checkMtu } from './names.js';
import { IFF, link as linkMessage, RTEXT_FILTER_SKIP_STATS, vethInfo } from './netlink/rtnetlink.js';

/** Flags of a link that matter here (netdevice(7)). */
export interface LinkFlags {
  /** Administratively up. */
  readonly up: boolean;
  /** Operational: up and with a carrier. */
  readonly running: boolean;
  /** The driver signals a carrier. */
  readonly lowerUp: boolean;
  readonly loopback: boolean;
}

/** A network interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  /** Empty for links without a hardware address. */
  readonly mac: string;
  readonly flags: LinkFlags;
  /** ARPHRD_* number: 1 is Ethernet. */
  readonly arpType: number;
  /** `veth`, `tun`, `bridge`...; undefined for physical interfaces and lo. */
  readonly kind: string | undefined;
  readonly alias: string | undefined;
  /** The interface group; 0 is the default one. */
  readonly group: number;
  /** IFLA_LINK: the other end of a veth, the parent of a VLAN. */
  readonly peerIndex: number | undefined;
  /** Which namespace `peerIndex` counts in; undefined: the namespace of this link. */
  readonly peerNetnsid: number | undefined;
  /** The index of the bridge, bond or datapath that the link is a port of. */
  readonly master: number | undefined;
}

/** What a new veth pair is to be. */
export interface VethOptions {
  readonly name: string;
  readonly peer: string;
  readonly mtu?: number;
  readonly mac?: string;
  readonly peerMac?: string;
  /** A text that `ip link` shows, up to 255 characters. */
  readonly alias?: string;
  /** The interface group of the end `name`. */
  readonly group?: number;
  /** Sets the end `name` up. The peer stays down: the kernel refuses to set it up before the pair is whole. */
  readonly up?: boolean;
  /** The index of the bridge that the end `name` becomes a port of. */
  readonly master?: number;
}

/** Open files of the namespaces that the ends of a new pair are to appear in; absent: this one. */
export interface VethNamespaces {
  readonly own?: number | undefined;
  readonly peer?: number | undefined;
}

/** What may be changed of a link. */
export interface LinkChange {
  readonly up?: boolean;
  readonly mtu?: number;
  readonly mac?: string;
  readonly name?: string;
  readonly alias?: string;
  readonly group?: number;
  /** The index of the new master; 0 takes the link out of its master. */
  readonly master?: number;
}

/** A link by name or by index. */
export type LinkSelector = string | number;

/** Reads a RTM_NEWLINK or RTM_DELLINK payload. */
export function decodeLink(bytes: Uint8Array): Link {
  const { head, attrs } = linkMessage.decode(bytes);
  const has = (flag: number) => (head.flags & flag) !== 0;
  return {
    index: head.index,
    name: attrs.name ?? '',
    mtu: attrs.mtu ?? 0,
    mac: attrs.mac ?? '',
    flags: { up: has(IFF.UP), running: has(IFF.RUNNING), lowerUp: has(IFF.LOWER_UP), loopback: has(IFF.LOOPBACK) },
    arpType: head.arpType,
    kind: attrs.info?.kind,
    alias: attrs.alias,
    group: attrs.group ?? 0,
    peerIndex: attrs.link === 0 ? undefined : attrs.link,
    peerNetnsid: attrs.linkNetnsid,
    master: attrs.master,
  };
}

/** The head and the attribute that say which link is meant. */
export function selectLink(selector: LinkSelector): { index: number; name?: string } {
  if (typeof selector === 'string') return { index: 0, name: checkInterfaceName(selector) };
  return { index: checkInteger('an interface index', selector, 1, 0x7fff_ffff) };
}

/** The payload of RTM_GETLINK for one link, or for all when there is no selector. */
export function encodeGetLink(selector: LinkSelector | undefined, netnsid: number | undefined): Uint8Array {
  const { index, name } = selector === undefined ? { index: 0 } : { name: undefined, ...selectLink(selector) };
  return linkMessage.encode(
    { index },
    {
      ...(name === undefined ? {} : { name }),
      extMask: RTEXT_FILTER_SKIP_STATS,
      ...(netnsid === undefined ? {} : { targetNetnsid: netnsid }),
    },
  );
}

/** The payload of RTM_NEWLINK that makes a veth pair (linux/veth.h). */
export function encodeVeth(options: VethOptions, netns: VethNamespaces = {}): Uint8Array {
  const mtu = options.mtu === undefined ? {} : { mtu: checkMtu(options.mtu) };
  const peer = linkMessage.encode(
    {},
    {
      ...(options.peerMac === undefined ? {} : { mac: checkMac(options.peerMac) }),
      name: checkInterfaceName(options.peer),
      ...mtu,
      ...(netns.peer === undefined ? {} : { netnsFd: netns.peer }),
    },
  );
  return linkMessage.encode(options.up === true ? { flags: IFF.UP, change: IFF.UP } : {}, {
    ...(options.mac === undefined ? {} : { mac: checkMac(options.mac) }),
    name: checkInterfaceName(options.name),
    ...mtu,
    info: { kind: 'veth', data: vethInfo.encode({ peer }) },
    ...(options.group === undefined ? {} : { group: checkGroup(options.group) }),
    ...(options.master === undefined ? {} : { master: checkInteger('a master index', options.master, 1, 0x7fff_ffff) }),
    ...(netns.own === undefined ? {} : { netnsFd: netns.own }),
  });
}

/** The payload of RTM_NEWLINK for a link of a kind that needs nothing but a name, as a bridge. */
export function encodeNewLink(kind: string, name: string, group?: number): Uint8Array {
  const info = { kind };
  const attrs = { name: checkInterfaceName(name), info, ...(group === undefined ? {} : { group: checkGroup(group) }) };
  return linkMessage.encode({ flags: IFF.UP, change: IFF.UP }, attrs);
}

/** The payload of RTM_SETLINK. With `netnsFd` the link moves first and is changed where it arrives. */
export function encodeSetLink(selector: LinkSelector, change: LinkChange, netnsFd: number | undefined): Uint8Array {
  const { index, name } = { name: undefined, ...selectLink(selector) };
  const flags = change.up === undefined ? {} : { flags: change.up ? IFF.UP : 0, change: IFF.UP };
  const newName = change.name === undefined ? name : checkInterfaceName(change.name);
  return linkMessage.encode(
    { index, ...flags },
    {
      ...(change.mac === undefined ? {} : { mac: checkMac(change.mac) }),
      ...(newName === undefined ? {} : { name: newName }),
      ...(change.mtu === undefined ? {} : { mtu: checkMtu(change.mtu) }),
      ...(change.master === undefined ? {} : { master: checkInteger('a master index', change.master, 0, 0x7fff_ffff) }),
      ...(change.alias === undefined ? {} : { alias: checkAlias(change.alias) }),
      ...(change.group === undefined ? {} : { group: checkGroup(change.group) }),
      ...(netnsFd === undefined ? {} : { netnsFd }),
    },
  );
}

/** The payload of RTM_DELLINK. */
export function encodeDeleteLink(selector: LinkSelector, netnsid?: number): Uint8Array {
  const { index, name } = { name: undefined, ...selectLink(selector) };
  return linkMessage.encode(
    { index },
    {
      ...(name === undefined ? {} : { name }),
      ...(netnsid === undefined ? {} : { targetNetnsid: netnsid }),
    },
  );
}

/** The payload of RTM_DELLINK that deletes all links of a group at once. */
export function encodeDeleteGroup(group: number): Uint8Array {
  return linkMessage.encode({}, { group: checkInteger('an interface group to delete', group, 1, 0xffff_ffff) });
}

function checkGroup(group: number): number {
  return checkInteger('an interface group', group, 0, 0xffff_ffff);
}

function checkMac(mac: string): string {
  if ((parseMac(mac)[0]! & 1) === 1) {
    throw new LinecardError('LC_INVALID', `${mac} is a multicast address and cannot be the address of an interface`, {
      hint: 'the second hex digit must be even',
    });
  }
  return mac;
}

function checkAlias(alias: string): string {
  if (Buffer.byteLength(alias) > 255 || alias.includes('\0')) {
    throw new LinecardError('LC_INVALID', 'an interface alias has at most 255 bytes');
  }
  return alias;
}
