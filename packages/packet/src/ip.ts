import { ByteWriter, formatIp, LinecardError, parseIp } from '@linecard/wire';
import { checksum } from './checksum.js';
import { cut, u16 } from './layout.js';

/** Protocol numbers (IANA) that the views of this room know. */
export const IpProtocol = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58 } as const;

/** An IPv4 packet (RFC 791): a view. */
export class Ipv4 {
  readonly bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The view, or undefined when the header is cut short or contradicts itself. */
  static view(bytes: Uint8Array): Ipv4 | undefined {
    if (bytes.length < 20 || bytes[0]! >> 4 !== 4) return undefined;
    const header = (bytes[0]! & 15) * 4;
    return header < 20 || header > bytes.length || u16(bytes, 2) < header ? undefined : new Ipv4(bytes);
  }

  /** In bytes, 20 to 60. */
  get headerLength(): number {
    return (this.bytes[0]! & 15) * 4;
  }

  get dscp(): number {
    return this.bytes[1]! >> 2;
  }

  get ecn(): number {
    return this.bytes[1]! & 3;
  }

  /** Header and payload in bytes, as the packet says. */
  get totalLength(): number {
    return u16(this.bytes, 2);
  }

  get identification(): number {
    return u16(this.bytes, 4);
  }

  get dontFragment(): boolean {
    return (this.bytes[6]! & 0x40) !== 0;
  }

  get moreFragments(): boolean {
    return (this.bytes[6]! & 0x20) !== 0;
  }

  /** In bytes; only the fragment at 0 starts with a transport header. */
  get fragmentOffset(): number {
    return (u16(this.bytes, 6) & 0x1fff) * 8;
  }

  get ttl(): number {
    return this.bytes[8]!;
  }

  get protocol(): number {
    return this.bytes[9]!;
  }

  get source(): string {
    return formatIp(this.sourceBytes);
  }

  get destination(): string {
    return formatIp(this.destinationBytes);
  }

  get sourceBytes(): Uint8Array {
    return this.bytes.subarray(12, 16);
  }

  get destinationBytes(): Uint8Array {
    return this.bytes.subarray(16, 20);
  }

  /** Whether the header's checksum is right. */
  get checksumOk(): boolean {
    return checksum(this.bytes.subarray(0, this.headerLength)) === 0;
  }

  /** Without Ethernet padding; shorter than the packet says when the capture was cut. */
  get payload(): Uint8Array {
    return cut(this.bytes, this.headerLength, this.totalLength);
  }
}

/** Header kinds of IPv6 that are followed by a next header and their own length (RFC 8200 section 4). */
const extensions = new Set([0, 43, 44, 51, 60, 135, 139, 140]);

/** A longer chain of extension headers is not followed. */
const maxExtensions = 8;

/** An IPv6 packet (RFC 8200) with its extension headers: a view. */
export class Ipv6 {
  readonly bytes: Uint8Array;
  /** The protocol after the extension headers; of a later fragment, that of the fragmented packet. */
  readonly protocol: number;
  /** Where the payload after the extension headers starts in {@link bytes}. */
  readonly payloadOffset: number;
  /** In bytes; only the fragment at 0 starts with a transport header. */
  readonly fragmentOffset: number;
  readonly moreFragments: boolean;

  private constructor(bytes: Uint8Array, protocol: number, payloadOffset: number, fragment: number) {
    this.bytes = bytes;
    this.protocol = protocol;
    this.payloadOffset = payloadOffset;
    this.fragmentOffset = fragment & 0xfff8;
    this.moreFragments = (fragment & 1) !== 0;
  }

  /** The view, or undefined when a header is cut short or the chain of headers has no end in sight. */
  static view(bytes: Uint8Array): Ipv6 | undefined {
    if (bytes.length < 40 || bytes[0]! >> 4 !== 6) return undefined;
    let next = bytes[6]!;
    let at = 40;
    let fragment = 0;
    for (let count = 0; extensions.has(next); count++) {
      if (count === maxExtensions || at + 8 > bytes.length) return undefined;
      if (next === 44) fragment = u16(bytes, at + 2);
      const length = extensionLength(next, bytes[at + 1]!);
      next = bytes[at]!;
      at += length;
      if (at > bytes.length) return undefined;
      if (fragment >= 8) break;
    }
    return new Ipv6(bytes, next, at, fragment);
  }

  get trafficClass(): number {
    return (u16(this.bytes, 0) >> 4) & 0xff;
  }

  get flowLabel(): number {
    return ((this.bytes[1]! & 15) << 16) | u16(this.bytes, 2);
  }

  /** Extension headers and payload in bytes, as the packet says. */
  get payloadLength(): number {
    return u16(this.bytes, 4);
  }

  get hopLimit(): number {
    return this.bytes[7]!;
  }

  get source(): string {
    return formatIp(this.sourceBytes);
  }

  get destination(): string {
    return formatIp(this.destinationBytes);
  }

  get sourceBytes(): Uint8Array {
    return this.bytes.subarray(8, 24);
  }

  get destinationBytes(): Uint8Array {
    return this.bytes.subarray(24, 40);
  }

  /** After the extension headers, without Ethernet padding; shorter than the packet says when the capture was cut. */
  get payload(): Uint8Array {
    return cut(this.bytes, this.payloadOffset, 40 + this.payloadLength);
  }
}

// The authentication header counts in units of four bytes (RFC 4302), the fragment header has no length at all.
function extensionLength(kind: number, field: number): number {
  if (kind === 44) return 8;
  return kind === 51 ? (field + 2) * 4 : (field + 1) * 8;
}

/** What {@link buildIpv4} needs. */
export interface Ipv4Fields {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** 64 when absent. */
  readonly ttl?: number;
  readonly identification?: number;
  readonly payload: Uint8Array;
}

/** An IPv4 packet without options, with its header checksum. Throws `LC_INVALID`. */
export function buildIpv4(fields: Ipv4Fields): Uint8Array {
  const source = parseIp(fields.source);
  const destination = parseIp(fields.destination);
  const total = 20 + fields.payload.length;
  if (source.length !== 4 || destination.length !== 4 || total > 0xffff) {
    throw new LinecardError(
      'LC_INVALID',
      `no IPv4 packet of ${total} bytes from ${fields.source} to ${fields.destination}`,
      { hint: 'both addresses must be IPv4, and a packet has at most 65535 bytes' },
    );
  }
  const out = new ByteWriter(total).u8(0x45).u8(0).u16(total);
  out
    .u16(fields.identification ?? 0)
    .u16(0)
    .u8(fields.ttl ?? 64)
    .u8(fields.protocol);
  out.u16(0).bytes(source).bytes(destination);
  out.patchU16(10, checksum(out.view()));
  return out.bytes(fields.payload).finish();
}
