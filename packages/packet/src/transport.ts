import { ByteWriter, LinecardError, parseIp } from '@linecard/wire';
import { checksum, pseudoHeaderSum } from './checksum.js';
import { buildEthernet, EtherType, type VlanTag } from './ethernet.js';
import { buildIpv4, IpProtocol } from './ip.js';
import { cut, u16, u32 } from './layout.js';

/** Flag bits of TCP (RFC 9293 section 3.1). */
export const TcpFlag = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const;

/** A TCP segment (RFC 9293): a view. */
export class Tcp {
  readonly bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The view, or undefined when the header is cut short. */
  static view(bytes: Uint8Array): Tcp | undefined {
    if (bytes.length < 20) return undefined;
    const header = (bytes[12]! >> 4) * 4;
    return header < 20 || header > bytes.length ? undefined : new Tcp(bytes);
  }

  get sourcePort(): number {
    return u16(this.bytes, 0);
  }

  get destinationPort(): number {
    return u16(this.bytes, 2);
  }

  get sequence(): number {
    return u32(this.bytes, 4);
  }

  get acknowledgement(): number {
    return u32(this.bytes, 8);
  }

  /** A sum of {@link TcpFlag}. */
  get flags(): number {
    return this.bytes[13]!;
  }

  get window(): number {
    return u16(this.bytes, 14);
  }

  get options(): Uint8Array {
    return this.bytes.subarray(20, (this.bytes[12]! >> 4) * 4);
  }

  get payload(): Uint8Array {
    return this.bytes.subarray((this.bytes[12]! >> 4) * 4);
  }
}

/** A UDP datagram (RFC 768): a view. */
export class Udp {
  readonly bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The view, or undefined when the header is cut short or its length is less than a header. */
  static view(bytes: Uint8Array): Udp | undefined {
    return bytes.length < 8 || u16(bytes, 4) < 8 ? undefined : new Udp(bytes);
  }

  get sourcePort(): number {
    return u16(this.bytes, 0);
  }

  get destinationPort(): number {
    return u16(this.bytes, 2);
  }

  /** Header and payload in bytes, as the datagram says. */
  get length(): number {
    return u16(this.bytes, 4);
  }

  /** Shorter than the datagram says when the capture was cut. */
  get payload(): Uint8Array {
    return cut(this.bytes, 8, this.length);
  }
}

/** What {@link buildUdp} needs. */
export interface UdpFields {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly tags?: readonly Partial<VlanTag>[];
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly ttl?: number;
  readonly payload: Uint8Array;
}

/** An Ethernet frame with a UDP datagram over IPv4, with both checksums. Throws `LC_INVALID`. */
export function buildUdp(fields: UdpFields): Uint8Array {
  const length = 8 + fields.payload.length;
  if (length > 65_515) throw new LinecardError('LC_INVALID', `a datagram of ${length} bytes does not fit in IPv4`);
  const out = new ByteWriter(length).u16(fields.sourcePort).u16(fields.destinationPort).u16(length).u16(0);
  out.bytes(fields.payload);
  const pseudo = pseudoHeaderSum(parseIp(fields.source), parseIp(fields.destination), IpProtocol.UDP, length);
  // A sum of zero is sent as all ones: zero says that there is no checksum (RFC 768).
  out.patchU16(6, checksum(out.view(), pseudo) || 0xffff);
  const { source, destination, ttl = 64 } = fields;
  return buildEthernet({
    destination: fields.destinationMac,
    source: fields.sourceMac,
    tags: fields.tags ?? [],
    etherType: EtherType.IPV4,
    payload: buildIpv4({ source, destination, protocol: IpProtocol.UDP, ttl, payload: out.view() }),
  });
}
