import { ByteWriter, formatIp, formatMac, LinecardError, parseIp, parseMac } from '@linecard/wire';
import { buildEthernet, EtherType } from './ethernet.js';
import { u16 } from './layout.js';

/** Operations of ARP (RFC 826). */
export const ArpOperation = { REQUEST: 1, REPLY: 2 } as const;

/** An ARP packet for IPv4 over Ethernet (RFC 826): a view. */
export class Arp {
  readonly bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The view, or undefined when it is cut short or not about IPv4 over Ethernet. */
  static view(bytes: Uint8Array): Arp | undefined {
    if (bytes.length < 28) return undefined;
    const ours = u16(bytes, 0) === 1 && u16(bytes, 2) === EtherType.IPV4 && bytes[4] === 6 && bytes[5] === 4;
    return ours ? new Arp(bytes) : undefined;
  }

  /** 1 for a request, 2 for a reply. */
  get operation(): number {
    return u16(this.bytes, 6);
  }

  get senderMac(): string {
    return formatMac(this.bytes.subarray(8, 14));
  }

  get senderIp(): string {
    return formatIp(this.bytes.subarray(14, 18));
  }

  get targetMac(): string {
    return formatMac(this.bytes.subarray(18, 24));
  }

  get targetIp(): string {
    return formatIp(this.bytes.subarray(24, 28));
  }
}

/** What {@link buildArp} needs. */
export interface ArpFields {
  readonly operation: number;
  readonly senderMac: string;
  readonly senderIp: string;
  /** All zero when it is not known yet. */
  readonly targetMac?: string;
  readonly targetIp: string;
}

/** An Ethernet frame with an ARP packet: a request is broadcast, a reply goes to its target. */
export function buildArp(fields: ArpFields): Uint8Array {
  const target = fields.targetMac ?? '00:00:00:00:00:00';
  const out = new ByteWriter(28).u16(1).u16(EtherType.IPV4).u8(6).u8(4).u16(fields.operation);
  out.bytes(parseMac(fields.senderMac)).bytes(ip4(fields.senderIp));
  out.bytes(parseMac(target)).bytes(ip4(fields.targetIp));
  return buildEthernet({
    destination: fields.operation === ArpOperation.REQUEST ? 'ff:ff:ff:ff:ff:ff' : target,
    source: fields.senderMac,
    etherType: EtherType.ARP,
    payload: out.finish(),
  });
}

function ip4(text: string): Uint8Array {
  const bytes = parseIp(text);
  if (bytes.length !== 4) throw new LinecardError('LC_INVALID', `ARP speaks of IPv4 addresses, not "${text}"`);
  return bytes;
}
