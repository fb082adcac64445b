import { ByteWriter, formatMac, parseMac } from '@linecard/wire';
import { u16, u32 } from './layout.js';

/** EtherTypes that the views and builders of this room know (IEEE 802 numbers). */
export const EtherType = {
  IPV4: 0x0800,
  ARP: 0x0806,
  VLAN: 0x8100,
  IPV6: 0x86dd,
  SERVICE_VLAN: 0x88a8,
  LLDP: 0x88cc,
} as const;

/** One IEEE 802.1Q tag. */
export interface VlanTag {
  /** 0x8100, 0x88a8 or 0x9100. */
  readonly tpid: number;
  /** 0 to 7. */
  readonly priority: number;
  readonly dropEligible: boolean;
  /** 0 to 4095; 0 is a priority tag, not a VLAN. */
  readonly id: number;
}

/** Deeper stacks of tags are left in the payload: no switch of ours makes them. */
const maxTags = 4;

/** An Ethernet II frame with its IEEE 802.1Q tags: a view, nothing is copied. */
export class Ethernet {
  readonly bytes: Uint8Array;
  /** The EtherType after all tags (or an IEEE 802.3 length when it is below 0x600). */
  readonly etherType: number;
  /** Where the payload starts in {@link bytes}. */
  readonly payloadOffset: number;

  private constructor(bytes: Uint8Array, etherType: number, payloadOffset: number) {
    this.bytes = bytes;
    this.etherType = etherType;
    this.payloadOffset = payloadOffset;
  }

  /** The view of a frame, or undefined when its header or a tag is cut short. */
  static view(bytes: Uint8Array): Ethernet | undefined {
    let at = 12;
    for (let tags = 0; at + 2 <= bytes.length; tags++) {
      const etherType = u16(bytes, at);
      if (tags === maxTags || !isTag(etherType)) return new Ethernet(bytes, etherType, at + 2);
      at += 4;
    }
    return undefined;
  }

  /** `aa:bb:cc:dd:ee:ff` */
  get destination(): string {
    return formatMac(this.bytes.subarray(0, 6));
  }

  /** `aa:bb:cc:dd:ee:ff` */
  get source(): string {
    return formatMac(this.bytes.subarray(6, 12));
  }

  /** The destination as a 48-bit number: a key that costs no text. */
  get destinationKey(): number {
    return macKey(this.bytes, 0);
  }

  /** The source as a 48-bit number. */
  get sourceKey(): number {
    return macKey(this.bytes, 6);
  }

  /** Whether the frame goes to a group (broadcast or multicast). */
  get isMulticast(): boolean {
    return (this.bytes[0]! & 1) === 1;
  }

  /** The VLAN of the outermost tag; 0 for an untagged or priority-tagged frame. */
  get vlanId(): number {
    return this.payloadOffset === 14 ? 0 : u16(this.bytes, 14) & 0xfff;
  }

  /** All tags, outermost first. */
  get tags(): VlanTag[] {
    const tags: VlanTag[] = [];
    for (let at = 12; at < this.payloadOffset - 2; at += 4) {
      const control = u16(this.bytes, at + 2);
      tags.push({
        tpid: u16(this.bytes, at),
        priority: control >> 13,
        dropEligible: (control & 0x1000) !== 0,
        id: control & 0xfff,
      });
    }
    return tags;
  }

  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadOffset);
  }
}

/** What {@link buildEthernet} needs. */
export interface EthernetFields {
  readonly destination: string;
  readonly source: string;
  readonly tags?: readonly Partial<VlanTag>[];
  readonly etherType: number;
  readonly payload: Uint8Array;
}

/** A frame without checksum; it is not padded to 60 bytes, the switch does that. Throws `LC_INVALID` for a bad MAC. */
export function buildEthernet(fields: EthernetFields): Uint8Array {
  const out = new ByteWriter(14 + fields.payload.length);
  out.bytes(parseMac(fields.destination)).bytes(parseMac(fields.source));
  for (const tag of fields.tags ?? []) {
    const control = ((tag.priority ?? 0) << 13) | (tag.dropEligible ? 0x1000 : 0) | ((tag.id ?? 0) & 0xfff);
    out.u16(tag.tpid ?? EtherType.VLAN).u16(control);
  }
  return out.u16(fields.etherType).bytes(fields.payload).finish();
}

/** The six bytes at `at` as one number, for use as a map key; the caller has checked the bounds. */
export function macKey(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x1_0000_0000 + u32(bytes, at + 2);
}

/** The MAC address that a {@link macKey} stands for. */
export function macOfKey(key: number): string {
  return key
    .toString(16)
    .padStart(12, '0')
    .replace(/(..)(?!$)/g, '$1:');
}

function isTag(etherType: number): boolean {
  return etherType === EtherType.VLAN || etherType === EtherType.SERVICE_VLAN || etherType === 0x9100;
}
