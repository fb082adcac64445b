import { ByteWriter, formatIp } from '@linecard/wire';
import { checksum } from './checksum.js';
import { buildEthernet, EtherType } from './ethernet.js';
import { buildIpv4, IpProtocol } from './ip.js';
import { u16 } from './layout.js';

/** ICMP types (RFC 792) that an app meets most. */
export const IcmpType = { ECHO_REPLY: 0, UNREACHABLE: 3, ECHO_REQUEST: 8, TIME_EXCEEDED: 11 } as const;

/** ICMPv6 types (RFC 4443, RFC 4861) that an app meets most. */
export const Icmpv6Type = {
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
  ROUTER_SOLICIT: 133,
  ROUTER_ADVERT: 134,
  NEIGHBOR_SOLICIT: 135,
  NEIGHBOR_ADVERT: 136,
} as const;

class IcmpView {
  readonly bytes: Uint8Array;

  protected constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get type(): number {
    return this.bytes[0]!;
  }

  get code(): number {
    return this.bytes[1]!;
  }

  /** Of an echo request or reply. */
  get identifier(): number {
    return u16(this.bytes, 4);
  }

  /** Of an echo request or reply. */
  get sequence(): number {
    return u16(this.bytes, 6);
  }

  /** All after the first eight bytes. */
  get payload(): Uint8Array {
    return this.bytes.subarray(8);
  }
}

/** An ICMP message (RFC 792): a view. */
export class Icmp extends IcmpView {
  /** The view, or undefined when it is cut short. */
  static view(bytes: Uint8Array): Icmp | undefined {
    return bytes.length < 8 ? undefined : new Icmp(bytes);
  }

  get checksumOk(): boolean {
    return checksum(this.bytes) === 0;
  }
}

/** An ICMPv6 message (RFC 4443), also of neighbour discovery (RFC 4861): a view. */
export class Icmpv6 extends IcmpView {
  /** The view, or undefined when it is cut short. */
  static view(bytes: Uint8Array): Icmpv6 | undefined {
    return bytes.length < 8 ? undefined : new Icmpv6(bytes);
  }

  /** The address that a neighbour solicitation or advertisement is about. */
  get target(): string | undefined {
    const discovers = this.type === Icmpv6Type.NEIGHBOR_SOLICIT || this.type === Icmpv6Type.NEIGHBOR_ADVERT;
    return discovers && this.bytes.length >= 24 ? formatIp(this.bytes.subarray(8, 24)) : undefined;
  }
}

/** What {@link buildIcmpEcho} needs. */
export interface IcmpEchoFields {
  /** 8 for a request (when absent), 0 for a reply. */
  readonly type?: number;
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly source: string;
  readonly destination: string;
  readonly identifier: number;
  readonly sequence: number;
  readonly payload?: Uint8Array;
}

/** An Ethernet frame with an ICMP echo request or reply over IPv4. */
export function buildIcmpEcho(fields: IcmpEchoFields): Uint8Array {
  const out = new ByteWriter()
    .u8(fields.type ?? IcmpType.ECHO_REQUEST)
    .u8(0)
    .u16(0);
  out
    .u16(fields.identifier)
    .u16(fields.sequence)
    .bytes(fields.payload ?? new Uint8Array(0));
  out.patchU16(2, checksum(out.view()));
  const { source, destination } = fields;
  return buildEthernet({
    destination: fields.destinationMac,
    source: fields.sourceMac,
    etherType: EtherType.IPV4,
    payload: buildIpv4({ source, destination, protocol: IpProtocol.ICMP, payload: out.view() }),
  });
}
