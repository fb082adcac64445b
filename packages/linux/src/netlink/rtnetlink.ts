import { attributes } from './attributes.js';
import { hardwareAddress, i32, ip, opaque, text, u32 } from './codecs.js';
import { payload } from './message.js';

/** Message types of linux/rtnetlink.h. */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNSID: 88,
  GETNSID: 90,
} as const;

/** Multicast groups of linux/rtnetlink.h. */
export const RTNLGRP = { LINK: 1, IPV4_IFADDR: 5, IPV6_IFADDR: 9 } as const;

/** Interface flags of linux/if.h. */
export const IFF = { UP: 0x1, LOOPBACK: 0x8, RUNNING: 0x40, LOWER_UP: 0x1_0000 } as const;

/** IFLA_EXT_MASK: leave the counters out of a dump, which makes it a third smaller. */
export const RTEXT_FILTER_SKIP_STATS = 8;

const ifinfomsg = { family: 'u8', pad: 'u8', arpType: 'u16', index: 'i32', flags: 'u32', change: 'u32' } as const;
const ifaddrmsg = { family: 'u8', prefix: 'u8', flags: 'u8', scope: 'u8', index: 'u32' } as const;
const rtmsg = {
  family: 'u8',
  destinationPrefix: 'u8',
  sourcePrefix: 'u8',
  tos: 'u8',
  table: 'u8',
  protocol: 'u8',
  scope: 'u8',
  type: 'u8',
  flags: 'u32',
} as const;
const rtgenmsg = { family: 'u8' } as const;

/** IFLA_LINKINFO; `data` depends on the kind. */
const linkInfo = attributes({ kind: [1, text], data: [2, opaque] });

/** IFLA_* of linux/if_link.h. */
export const link = payload(
  ifinfomsg,
  attributes({
    mac: [1, hardwareAddress],
    name: [3, text],
    mtu: [4, u32],
    link: [5, i32],
    master: [10, u32],
    info: [18, linkInfo],
    netnsPid: [19, u32],
    alias: [20, text],
    group: [27, u32],
    netnsFd: [28, u32],
    extMask: [29, u32],
    linkNetnsid: [37, i32],
    targetNetnsid: [46, i32],
    permanentMac: [54, hardwareAddress],
  }),
);

/** VETH_INFO_PEER of linux/veth.h: the payload of a link message inside an attribute. */
export const vethInfo = attributes({ peer: [1, opaque] });

/** IFA_* of linux/if_addr.h. IFA_LOCAL is the own address where IFA_ADDRESS is the far end of a point-to-point link. */
export const address = payload(
  ifaddrmsg,
  attributes({ address: [1, ip], local: [2, ip], label: [3, text], broadcast: [4, ip], flags: [8, u32] }),
);

/** RTA_* of linux/rtnetlink.h. */
export const route = payload(
  rtmsg,
  attributes({
    destination: [1, ip],
    oif: [4, u32],
    gateway: [5, ip],
    metric: [6, u32],
    source: [7, ip],
    table: [15, u32],
    multipath: [9, opaque],
  }),
);

/** NETNSA_* of linux/net_namespace.h. */
export const netnsid = payload(rtgenmsg, attributes({ nsid: [1, i32], pid: [2, u32], fd: [3, u32] }));
