import { formatIp, formatMac } from '@linecard/wire';
import { u16, u32 } from './layout.js';

/** Message types of DHCP (RFC 2132 section 9.6). */
export const DhcpType = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

const magicCookie = 0x63825363;
const optionsAt = 240;

/** A DHCP message for IPv4 (RFC 2131), the payload of UDP 67/68: a view. */
export class Dhcp {
  readonly bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The view, or undefined when it is cut short, has no magic cookie, or an option runs over its end. */
  static view(bytes: Uint8Array): Dhcp | undefined {
    if (bytes.length < optionsAt || u32(bytes, 236) !== magicCookie || bytes[2]! > 16) return undefined;
    for (let at = optionsAt; at < bytes.length && bytes[at] !== 255; ) {
      at = bytes[at] === 0 ? at + 1 : at + 2 + (bytes[at + 1] ?? 255);
      if (at > bytes.length) return undefined;
    }
    return new Dhcp(bytes);
  }

  /** 1 for a request of a client, 2 for a reply of a server. */
  get operation(): number {
    return this.bytes[0]!;
  }

  get transactionId(): number {
    return u32(this.bytes, 4);
  }

  /** Seconds since the client began. */
  get seconds(): number {
    return u16(this.bytes, 8);
  }

  /** The address that the client has already. */
  get clientIp(): string {
    return formatIp(this.bytes.subarray(12, 16));
  }

  /** The address that the server gives. */
  get yourIp(): string {
    return formatIp(this.bytes.subarray(16, 20));
  }

  get relayIp(): string {
    return formatIp(this.bytes.subarray(24, 28));
  }

  get clientMac(): string {
    return formatMac(this.bytes.subarray(28, 28 + this.bytes[2]!));
  }

  /** One of {@link DhcpType}; undefined for plain BOOTP. */
  get type(): number | undefined {
    return this.option(53)?.[0];
  }

  get hostname(): string | undefined {
    const value = this.option(12);
    return value && Buffer.from(value).toString('latin1');
  }

  get requestedIp(): string | undefined {
    return ip(this.option(50));
  }

  get serverId(): string | undefined {
    return ip(this.option(54));
  }

  /** The value of an option (RFC 2132); one that was split is put together (RFC 3396). */
  option(code: number): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    for (let at = optionsAt; at < this.bytes.length && this.bytes[at] !== 255; ) {
      if (this.bytes[at] === 0) {
        at++;
        continue;
      }
      const end = at + 2 + this.bytes[at + 1]!;
      if (this.bytes[at] === code) parts.push(this.bytes.subarray(at + 2, end));
      at = end;
    }
    return parts.length > 1 ? Buffer.concat(parts) : parts[0];
  }
}

function ip(value: Uint8Array | undefined): string | undefined {
  return value?.length === 4 ? formatIp(value) : undefined;
}
