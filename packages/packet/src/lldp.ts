import { ByteWriter, formatMac, LinecardError, parseMac } from '@linecard/wire';
import { buildEthernet, EtherType } from './ethernet.js';
import { u16 } from './layout.js';

/** One TLV of LLDP (IEEE 802.1AB section 8.4); `value` is a view. */
export interface LldpTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

/** An LLDP data unit (IEEE 802.1AB): a view. */
export class Lldp {
  readonly tlvs: readonly LldpTlv[];

  private constructor(tlvs: readonly LldpTlv[]) {
    this.tlvs = tlvs;
  }

  /** The view, or undefined when a TLV is cut short or the three mandatory ones do not come first. */
  static view(bytes: Uint8Array): Lldp | undefined {
    const tlvs: LldpTlv[] = [];
    for (let at = 0; at + 2 <= bytes.length; ) {
      const header = u16(bytes, at);
      const end = at + 2 + (header & 0x1ff);
      if (header >> 9 === 0) break;
      if (end > bytes.length) return undefined;
      tlvs.push({ type: header >> 9, value: bytes.subarray(at + 2, end) });
      at = end;
    }
    const complete = tlvs[0]?.type === 1 && tlvs[1]?.type === 2 && tlvs[2]?.type === 3;
    return complete && tlvs[0]!.value.length > 1 && tlvs[1]!.value.length > 1 && tlvs[2]!.value.length >= 2
      ? new Lldp(tlvs)
      : undefined;
  }

  /** The chassis: a MAC address (subtype 4) or text. */
  get chassisId(): string {
    return idText(this.tlvs[0]!.value, 4);
  }

  /** The port: a MAC address (subtype 3) or text. */
  get portId(): string {
    return idText(this.tlvs[1]!.value, 3);
  }

  /** How long the neighbour may be believed, in seconds. */
  get ttl(): number {
    return u16(this.tlvs[2]!.value, 0);
  }

  get portDescription(): string | undefined {
    return this.#text(4);
  }

  get systemName(): string | undefined {
    return this.#text(5);
  }

  get systemDescription(): string | undefined {
    return this.#text(6);
  }

  #text(type: number): string | undefined {
    const tlv = this.tlvs.find((candidate) => candidate.type === type);
    return tlv && Buffer.from(tlv.value).toString('utf8');
  }
}

/** What {@link buildLldp} needs. */
export interface LldpFields {
  readonly sourceMac: string;
  /** A MAC address or any text of 1 to 255 bytes. */
  readonly chassisId: string;
  /** A MAC address or any text of 1 to 255 bytes. */
  readonly portId: string;
  /** Seconds, 0 to 65535. */
  readonly ttl: number;
  readonly portDescription?: string;
  readonly systemName?: string;
}

/** An Ethernet frame with an LLDP data unit to the nearest bridge. Throws `LC_INVALID` for a text that does not fit. */
export function buildLldp(fields: LldpFields): Uint8Array {
  const out = new ByteWriter();
  tlv(out, 1, id(fields.chassisId, 4, 7));
  tlv(out, 2, id(fields.portId, 3, 7));
  tlv(out, 3, Uint8Array.of(fields.ttl >> 8, fields.ttl & 0xff));
  if (fields.portDescription !== undefined) tlv(out, 4, Buffer.from(fields.portDescription));
  if (fields.systemName !== undefined) tlv(out, 5, Buffer.from(fields.systemName));
  return buildEthernet({
    destination: '01:80:c2:00:00:0e',
    source: fields.sourceMac,
    etherType: EtherType.LLDP,
    payload: out.u16(0).finish(),
  });
}

function tlv(out: ByteWriter, type: number, value: Uint8Array): void {
  if (value.length === 0 || value.length > (type <= 2 ? 256 : 255)) {
    throw new LinecardError('LC_INVALID', `a text of ${value.length} bytes does not fit in LLDP`, {
      hint: 'between 1 and 255 bytes are possible',
    });
  }
  out.u16((type << 9) | value.length).bytes(value);
}

function id(text: string, macSubtype: number, textSubtype: number): Uint8Array {
  const isMac = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text);
  const value = isMac ? parseMac(text) : Buffer.from(text);
  return Uint8Array.of(isMac ? macSubtype : textSubtype, ...value.subarray(0, 256));
}

function idText(value: Uint8Array, macSubtype: number): string {
  const body = value.subarray(1);
  return value[0] === macSubtype && body.length === 6 ? formatMac(body) : Buffer.from(body).toString('utf8');
}
