import { invalid } from './core/errors.js';
import type { Kind } from './core/kinds.js';
import { narrowPort, widenPort } from './core/kinds.js';
import type { Reader } from './core/reader.js';
import type { Writer } from './core/writer.js';
import type { FieldName } from './fields.js';
import type { KnownField, Match, MatchField } from './oxm.js';

// Bits of `wildcards` in struct ofp_match of OpenFlow 1.0 (section 5.2.3).
const anyInPort = 1 << 0;
const anyVlan = 1 << 1;
const anySource = 1 << 2;
const anyDestination = 1 << 3;
const anyType = 1 << 4;
const anyProtocol = 1 << 5;
const anyTransportSource = 1 << 6;
const anyTransportDestination = 1 << 7;
const networkSourceShift = 8;
const networkDestinationShift = 14;
const anyPriority = 1 << 20;
const anyTos = 1 << 21;

/** Offsets in the 40 bytes of struct ofp_match. */
const at = {
  inPort: 4,
  source: 6,
  destination: 12,
  vlan: 18,
  priority: 20,
  type: 22,
  tos: 24,
  protocol: 25,
  networkSource: 28,
  networkDestination: 32,
  transportSource: 36,
  transportDestination: 38,
} as const;
const size = 40;

const arpType = 0x0806;
/** dl_vlan of a packet without a VLAN tag. */
const noVlan = 0xffff;
/** OFPVID_PRESENT: how later versions say that there is a tag. */
const vlanPresent = 0x1000;

function transportNames(protocol: number | undefined): readonly [FieldName, FieldName] {
  switch (protocol) {
    case 1:
      return ['icmpv4_type', 'icmpv4_code'];
    case 17:
      return ['udp_src', 'udp_dst'];
    case 132:
      return ['sctp_src', 'sctp_dst'];
    default:
      return ['tcp_src', 'tcp_dst'];
  }
}

/** Reads fields of the struct in its order; what the list cannot express becomes slack. */
class Match10Reader {
  readonly fields: MatchField[] = [];
  readonly #r: Reader;
  readonly #base: number;
  readonly #wildcards: number;
  /** The wildcards that writing the fields would give. */
  #written = 0;

  constructor(r: Reader) {
    this.#r = r;
    this.#base = r.at;
    this.#wildcards = r.u32();
    r.take(size - 4);
  }

  #u8(offset: number): number {
    return this.#r.bytes[this.#base + offset]!;
  }

  #u16(offset: number): number {
    return (this.#u8(offset) << 8) | this.#u8(offset + 1);
  }

  #u32(offset: number): number {
    return this.#u16(offset) * 0x1_0000 + this.#u16(offset + 2);
  }

  #unused(offset: number, count: number): void {
    for (let i = offset; i < offset + count; i++) {
      if (this.#u8(i) !== 0) this.#r.keep(this.#base + i);
    }
  }

  /** Whether the field at `offset` counts; if not, its bytes should be zero. */
  #has(bit: number, offset: number, count: number): boolean {
    if ((this.#wildcards & bit) === 0) return true;
    this.#written |= bit;
    this.#unused(offset, count);
    return false;
  }

  #add(field: FieldName, value: number): void {
    this.fields.push({ field, value });
  }

  link(): void {
    if (this.#has(anyInPort, at.inPort, 2)) this.#add('in_port', widenPort(this.#u16(at.inPort)));
    if (this.#has(anySource, at.source, 6))
      this.#add('eth_src', this.#u16(at.source) * 0x1_0000_0000 + this.#u32(at.source + 2));
    if (this.#has(anyDestination, at.destination, 6)) {
      this.#add('eth_dst', this.#u16(at.destination) * 0x1_0000_0000 + this.#u32(at.destination + 2));
    }
    if (this.#has(anyVlan, at.vlan, 2)) this.#vlan(this.#u16(at.vlan));
    if (this.#has(anyPriority, at.priority, 1)) this.#add('vlan_pcp', this.#u8(at.priority));
    this.#unused(21, 1);
  }

  #vlan(vlan: number): void {
    if (vlan === noVlan) this.#add('vlan_vid', 0);
    else {
      this.#add('vlan_vid', vlanPresent | (vlan & 0xfff));
      if (vlan > 0xfff) this.#r.keep(this.#base + at.vlan);
    }
  }

  network(): void {
    const type = this.#has(anyType, at.type, 2) ? this.#u16(at.type) : undefined;
    if (type !== undefined) this.#add('eth_type', type);
    const arp = type === arpType;
    if (this.#has(anyTos, at.tos, 1)) this.#tos(this.#u8(at.tos));
    const protocol = this.#has(anyProtocol, at.protocol, 1) ? this.#u8(at.protocol) : undefined;
    if (protocol !== undefined) this.#add(arp ? 'arp_op' : 'ip_proto', protocol);
    this.#unused(26, 2);
    this.#address(arp ? 'arp_spa' : 'ipv4_src', networkSourceShift, at.networkSource);
    this.#address(arp ? 'arp_tpa' : 'ipv4_dst', networkDestinationShift, at.networkDestination);
    this.#transport(arp ? undefined : protocol);
    this.#checkWildcards();
  }

  #tos(tos: number): void {
    this.#add('ip_dscp', tos >>> 2);
    if ((tos & 3) !== 0) this.#r.keep(this.#base + at.tos);
  }

  #address(field: FieldName, shift: number, offset: number): void {
    const ignored = Math.min((this.#wildcards >>> shift) & 0x3f, 32);
    this.#written |= ignored << shift;
    if (ignored === 32) {
      this.#unused(offset, 4);
      return;
    }
    const value = this.#u32(offset);
    const mask = (0xffff_ffff << ignored) >>> 0;
    this.fields.push(ignored === 0 ? { field, value } : { field, value, mask });
  }

  #transport(protocol: number | undefined): void {
    const [source, destination] = transportNames(protocol);
    const narrow = protocol === 1;
    const one = (bit: number, field: FieldName, offset: number): void => {
      if (!this.#has(bit, offset, 2)) return;
      this.#add(field, narrow ? this.#u8(offset + 1) : this.#u16(offset));
      if (narrow) this.#unused(offset, 1);
    };
    one(anyTransportSource, source, at.transportSource);
    one(anyTransportDestination, destination, at.transportDestination);
  }

  #checkWildcards(): void {
    if (this.#written >>> 0 !== this.#wildcards) this.#r.keepAll(this.#base, 4);
  }
}

function prefixWildcards(field: KnownField): number {
  if (field.mask === undefined) return 0;
  const ignored = 32 - Math.clz32(~Number(field.mask));
  const prefixMask = ignored === 32 ? 0 : (0xffff_ffff << ignored) >>> 0;
  if (prefixMask !== field.mask) {
    throw invalid(`OpenFlow 1.0 cannot match ${field.field} with mask ${field.mask}`, 'only prefixes can be matched');
  }
  return ignored;
}

/** Stores a field and returns the wildcards without (or with fewer of) its own. */
type Store = (w: Writer, base: number, field: KnownField, wildcards: number) => number;

function put16(w: Writer, offset: number, value: number): void {
  if ((value & 0xffff) !== value) throw invalid(`${value} is not an unsigned 16-bit number`);
  w.bytes[offset] = value >>> 8;
  w.bytes[offset + 1] = value;
}

function put8(w: Writer, offset: number, value: number): void {
  if ((value & 0xff) !== value) throw invalid(`${value} is not an unsigned 8-bit number`);
  w.bytes[offset] = value;
}

function put32(w: Writer, offset: number, value: number): void {
  put16(w, offset, value >>> 16);
  put16(w, offset + 2, value & 0xffff);
}

/** A field that is matched whole: the bit of `wildcards` that it clears, and how its value is stored. */
function exact(bit: number, store: (w: Writer, base: number, value: number) => void): Store {
  return (w, base, field, wildcards) => {
    if (field.mask !== undefined) throw invalid(`OpenFlow 1.0 cannot match ${field.field} with a mask`);
    store(w, base, Number(field.value));
    return wildcards & ~bit;
  };
}

function macAt(offset: number) {
  return (w: Writer, base: number, value: number): void => {
    put16(w, base + offset, Math.floor(value / 0x1_0000_0000));
    put32(w, base + offset + 2, value >>> 0);
  };
}

const at16 = (offset: number) => (w: Writer, base: number, value: number) => put16(w, base + offset, value);
const at8 = (offset: number) => (w: Writer, base: number, value: number) => put8(w, base + offset, value);

function prefix(shift: number, offset: number): Store {
  return (w, base, field, wildcards) => {
    put32(w, base + offset, Number(field.value));
    return (wildcards & ~(0x3f << shift)) | (prefixWildcards(field) << shift);
  };
}

const storeProtocol = exact(anyProtocol, at8(at.protocol));
const storeSource = prefix(networkSourceShift, at.networkSource);
const storeDestination = prefix(networkDestinationShift, at.networkDestination);
const storeTransportSource = exact(anyTransportSource, at16(at.transportSource));
const storeTransportDestination = exact(anyTransportDestination, at16(at.transportDestination));

const stores: Readonly<Partial<Record<FieldName, Store>>> = {
  in_port: exact(anyInPort, (w, base, value) => put16(w, base + at.inPort, narrowPort(value))),
  eth_src: exact(anySource, macAt(at.source)),
  eth_dst: exact(anyDestination, macAt(at.destination)),
  vlan_vid: exact(anyVlan, (w, base, value) => put16(w, base + at.vlan, value === 0 ? noVlan : value & 0xfff)),
  vlan_pcp: exact(anyPriority, at8(at.priority)),
  eth_type: exact(anyType, at16(at.type)),
  ip_dscp: exact(anyTos, (w, base, value) => put8(w, base + at.tos, value << 2)),
  nw_tos: exact(anyTos, at8(at.tos)),
  ip_proto: storeProtocol,
  arp_op: storeProtocol,
  ipv4_src: storeSource,
  arp_spa: storeSource,
  ipv4_dst: storeDestination,
  arp_tpa: storeDestination,
  tcp_src: storeTransportSource,
  udp_src: storeTransportSource,
  sctp_src: storeTransportSource,
  icmpv4_type: storeTransportSource,
  tcp_dst: storeTransportDestination,
  udp_dst: storeTransportDestination,
  sctp_dst: storeTransportDestination,
  icmpv4_code: storeTransportDestination,
};

/** All wildcards, with 32 ignored bits for either address. */
const anything = 0x3820ff;

/**
 * `struct ofp_match` of OpenFlow 1.0 (section 5.2.3), as the fields of later versions: dl_vlan is `vlan_vid` with
 * OFPVID_PRESENT, nw_proto of ARP is `arp_op`, tp_src of UDP is `udp_src`, and so on.
 */
export const match10: Kind<Match> = {
  read: (r) => {
    const reader = new Match10Reader(r);
    reader.link();
    reader.network();
    return reader.fields;
  },
  write: (w, fields) => {
    const base = w.at;
    w.zero(size);
    let wildcards = anything;
    for (const field of fields) {
      const store = field.field === 'unknown' ? undefined : stores[field.field];
      if (store === undefined) throw invalid(`OpenFlow 1.0 cannot match "${field.field}"`);
      wildcards = store(w, base, field as KnownField, wildcards);
    }
    put32(w, base, wildcards >>> 0);
  },
};
