import { type Cidr, formatCidr, LinecardError, parseCidr } from '@linecard/wire';
import { checkInteger } from './names.js';
import { address as addressMessage, route as routeMessage } from './netlink/rtnetlink.js';

/** Address families of linux/socket.h. */
export const AF = { INET: 2, INET6: 10 } as const;

/** An IP address of an interface. */
export interface Address {
  readonly ifindex: number;
  readonly cidr: Cidr;
  /** The interface label of an IPv4 address. */
  readonly label: string | undefined;
  /** RT_SCOPE_*: 0 global, 253 link, 254 host. */
  readonly scope: number;
  /** Duplicate address detection is not done yet. */
  readonly tentative: boolean;
}

/** A unicast route; no destination family is mixed with another gateway family. */
export interface Route {
  readonly destination: Cidr;
  readonly gateway: string | undefined;
  readonly ifindex: number | undefined;
  readonly metric: number;
  /** 254 is the main table. */
  readonly table: number;
}

/** A route to be added or deleted. */
export interface RouteChange {
  /** `0.0.0.0/0` or `::/0` for the default route. Host bits must be zero. */
  readonly destination: Cidr | string;
  readonly gateway?: string;
  readonly ifindex?: number;
  readonly metric?: number;
  readonly table?: number;
}

const IFA_F_NODAD = 0x02;
const IFA_F_TENTATIVE = 0x40;
const MAIN_TABLE = 254;
const RTPROT_STATIC = 4;
const RTN_UNICAST = 1;

/** A value that is a CIDR or its text. */
export function asCidr(value: Cidr | string): Cidr {
  return parseCidr(typeof value === 'string' ? value : formatCidr(value));
}

function familyOf(cidr: Cidr): number {
  return cidr.family === 4 ? AF.INET : AF.INET6;
}

/** Reads a RTM_NEWADDR or RTM_DELADDR payload; undefined for families other than IPv4 and IPv6. */
export function decodeAddress(bytes: Uint8Array): Address | undefined {
  const { head, attrs } = addressMessage.decode(bytes);
  const own = attrs.local ?? attrs.address;
  if ((head.family !== AF.INET && head.family !== AF.INET6) || own === undefined) return undefined;
  return {
    ifindex: head.index,
    cidr: { family: head.family === AF.INET ? 4 : 6, address: own, prefix: head.prefix },
    label: attrs.label,
    scope: head.scope,
    tentative: ((attrs.flags ?? head.flags) & IFA_F_TENTATIVE) !== 0,
  };
}

/** The payload of RTM_NEWADDR and RTM_DELADDR. An IPv6 address is usable at once: no duplicate address detection. */
export function encodeAddress(ifindex: number, value: Cidr | string): Uint8Array {
  const cidr = asCidr(value);
  return addressMessage.encode(
    {
      family: familyOf(cidr),
      prefix: cidr.prefix,
      index: checkInteger('an interface index', ifindex, 1, 0x7fff_ffff),
      flags: cidr.family === 6 ? IFA_F_NODAD : 0,
    },
    { address: cidr.address, local: cidr.address },
  );
}

/** Reads a RTM_NEWROUTE payload; undefined for what is no unicast route over one hop. */
export function decodeRoute(bytes: Uint8Array): Route | undefined {
  const { head, attrs } = routeMessage.decode(bytes);
  const isIp = head.family === AF.INET || head.family === AF.INET6;
  if (!isIp || head.type !== RTN_UNICAST || attrs.multipath !== undefined) return undefined;
  const family = head.family === AF.INET ? 4 : 6;
  const any = family === 4 ? '0.0.0.0' : '::';
  return {
    destination: { family, address: attrs.destination ?? any, prefix: head.destinationPrefix },
    gateway: attrs.gateway,
    ifindex: attrs.oif,
    metric: attrs.metric ?? 0,
    table: attrs.table ?? head.table,
  };
}

/** The payload of RTM_NEWROUTE and RTM_DELROUTE. */
export function encodeRoute(change: RouteChange): Uint8Array {
  const cidr = asCidr(change.destination);
  if (change.gateway === undefined && change.ifindex === undefined) {
    throw new LinecardError('LC_INVALID', `the route to ${formatCidr(cidr)} needs a gateway or an interface`);
  }
  const linkScope = change.gateway === undefined && cidr.family === 4;
  return routeMessage.encode(
    {
      family: familyOf(cidr),
      destinationPrefix: cidr.prefix,
      table: 0,
      protocol: RTPROT_STATIC,
      scope: linkScope ? 253 : 0,
      type: RTN_UNICAST,
    },
    {
      ...(cidr.prefix === 0 ? {} : { destination: cidr.address }),
      ...(change.ifindex === undefined ? {} : { oif: change.ifindex }),
      ...(change.gateway === undefined ? {} : { gateway: change.gateway }),
      ...(change.metric === undefined ? {} : { metric: change.metric }),
      table: change.table ?? MAIN_TABLE,
    },
  );
}
