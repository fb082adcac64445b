import { attributes } from './netlink/attributes.js';
import { flag, listOf, text, u32 } from './netlink/codecs.js';
import { type GenericNetlink, genlmsghdr } from './netlink/genl.js';
import { KernelError } from './netlink/kernel-error.js';
import { payload } from './netlink/message.js';

/** The offload features of an interface, by the names that `ethtool -k` shows for single features. */
export interface Features {
  /** What can be changed. */
  readonly changeable: ReadonlySet<string>;
  /** What was asked for. */
  readonly wanted: ReadonlySet<string>;
  /** What is on. */
  readonly active: ReadonlySet<string>;
}

// linux/ethtool_netlink.h; Documentation/networking/ethtool-netlink.rst, "FEATURES_GET" and "Bit sets".
const bit = attributes({ index: [1, u32], name: [2, text], value: [3, flag] });
const bitset = attributes({ noMask: [1, flag], size: [2, u32], bits: [3, listOf(1, bit)] });
const header = attributes({ index: [1, u32], name: [2, text], flags: [3, u32] });
const features = payload(
  genlmsghdr,
  attributes({ header: [1, header], hardware: [2, bitset], wanted: [3, bitset], active: [4, bitset] }),
);
const FEATURES_GET = 11;
const FEATURES_SET = 12;
const OMIT_REPLY = 2;

/** The features behind `ethtool -K X tx off`; the kernel itself switches off the segmentation that depends on them. */
const TX_CHECKSUM = ['tx-checksum-ipv4', 'tx-checksum-ip-generic', 'tx-checksum-ipv6', 'tx-checksum-sctp'];

async function ethtoolFamily(generic: GenericNetlink): Promise<number> {
  const family = await generic.family('ethtool');
  if (family === undefined) throw new KernelError('ethtool over netlink (Linux 5.6 or newer)', 'EOPNOTSUPP');
  return family;
}

/** Reads the features of the interface `name`. Throws `LC_KERNEL` (ENODEV) when it does not exist. */
export async function readFeatures(generic: GenericNetlink, name: string): Promise<Features> {
  const family = await ethtoolFamily(generic);
  const request = features.encode({ command: FEATURES_GET, version: 1 }, { header: { name } });
  const frames = await generic.request(`read the features of ${name}`, family, request);
  const attrs = frames[0] === undefined ? {} : features.decode(frames[0].payload).attrs;
  const names = (set: (typeof attrs)['active']) => new Set((set?.bits ?? []).flatMap((one) => one.name ?? []));
  return { changeable: names(attrs.hardware), wanted: names(attrs.wanted), active: names(attrs.active) };
}

/**
 * Makes the interface compute checksums in software, as `ethtool -K NAME tx off`. A packet that a userspace switch
 * receives over a veth otherwise carries a partial checksum that nobody completes. Set it before the link is moved.
 */
export async function disableTxChecksum(generic: GenericNetlink, name: string): Promise<void> {
  const family = await ethtoolFamily(generic);
  const request = features.encode(
    { command: FEATURES_SET, version: 1 },
    { header: { name, flags: OMIT_REPLY }, wanted: { bits: TX_CHECKSUM.map((one) => ({ name: one })) } },
  );
  await generic.request(`switch off the transmit checksums of ${name}`, family, request);
}
