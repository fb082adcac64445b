import { isIP } from 'node:net';
import { fromHex, toHex } from './bytes.js';
import { LinecardError } from './errors.js';

/** An IP address with its prefix length, as `192.0.2.1/24` or `2001:db8::1/64`. */
export interface Cidr {
  readonly family: 4 | 6;
  /** The address in its canonical text form. */
  readonly address: string;
  /** 0 to 32 or 0 to 128. */
  readonly prefix: number;
}

/** Six bytes of a MAC address as `aa:bb:cc:dd:ee:ff`. Throws `LC_INVALID`. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw new LinecardError('LC_INVALID', `"${text}" is not a MAC address`, { hint: 'write it as 02:42:ac:11:00:02' });
  }
  return fromHex(text.replaceAll(':', ''));
}

/** `aa:bb:cc:dd:ee:ff` of six bytes. */
export function formatMac(bytes: Uint8Array): string {
  return toHex(bytes, ':');
}

/** 4 or 16 bytes of an IP address. Throws `LC_INVALID`. */
export function parseIp(text: string): Uint8Array {
  const family = isIP(text);
  if (family === 4) return Uint8Array.from(text.split('.').map(Number));
  if (family === 0 || text.includes('%')) throw new LinecardError('LC_INVALID', `"${text}" is not an IP address`);
  return parseIp6(text);
}

function parseIp6(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const groupsText = dotted ? `${dotted[1]}${toHex(parseIp(dotted[2]!)).replace(/^(.{4})(.{4})$/, '$1:$2')}` : text;
  const [head = '', tail] = groupsText.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [
    ...left,
    ...Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill('0'),
    ...right,
  ];
  return fromHex(groups.map((group) => group.padStart(4, '0')).join(''));
}

/** The canonical text (RFC 5952 for IPv6) of 4 or 16 bytes. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16)
    throw new LinecardError('LC_INVALID', `an IP address has 4 or 16 bytes, not ${bytes.length}`);
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  const runs = [...groups.join(':').matchAll(/(?<![^:])0(?::0)+(?![^:])/g)].map((match) => match[0]);
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return groups.join(':');
  const text = groups.join(':');
  const at = text.search(new RegExp(`(?<![^:])${longest}(?![^:])`));
  const before = text.slice(0, at).replace(/:$/, '');
  const after = text.slice(at + longest.length).replace(/^:/, '');
  return `${before}::${after}`;
}

/** An address with a prefix length. Throws `LC_INVALID`. */
export function parseCidr(text: string): Cidr {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const family = match ? isIP(match[1]!) : 0;
  const prefix = Number(match?.[2]);
  if (!match || family === 0 || match[1]!.includes('%') || prefix > (family === 4 ? 32 : 128)) {
    throw new LinecardError('LC_INVALID', `"${text}" is not an address with a prefix length`, {
      hint: 'write it as 172.31.1.1/24 or fd00::1/64',
    });
  }
  return { family: family === 4 ? 4 : 6, address: formatIp(parseIp(match[1]!)), prefix };
}

/** `address/prefix`. */
export function formatCidr(cidr: Cidr): string {
  return `${cidr.address}/${cidr.prefix}`;
}

/** The network that an address with prefix lies in: its host bits cleared. */
export function networkOf(cidr: Cidr): Cidr {
  const bytes = parseIp(cidr.address).slice();
  for (let bit = cidr.prefix; bit < bytes.length * 8; bit++) bytes[bit >> 3]! &= ~(0x80 >> (bit & 7));
  return { ...cidr, address: formatIp(bytes) };
}

/** Whether `address` lies in the network of `cidr`. */
export function contains(cidr: Cidr, address: string): boolean {
  const family = isIP(address) === 4 ? 4 : 6;
  return family === cidr.family && networkOf({ ...cidr, address }).address === networkOf(cidr).address;
}

/** A 64-bit datapath ID of decimal or `0x` digits. Zero is not a datapath ID. Throws `LC_INVALID`. */
export function parseDpid(text: string): bigint {
  const value = /^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text) ? BigInt(text) : 0n;
  if (value === 0n || value > 0xffff_ffff_ffff_ffffn) {
    throw new LinecardError('LC_INVALID', `"${text}" is not a datapath ID`, {
      hint: 'allowed are 0x1 to 0xffffffffffffffff',
    });
  }
  return value;
}

/** The 16 hex digits that ovs-vswitchd.conf.db(5) wants in `other_config:datapath-id`. */
export function formatDpid(dpid: bigint): string {
  return dpid.toString(16).padStart(16, '0');
}
