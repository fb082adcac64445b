import { formatIp, formatMac, parseIp, parseMac } from '@linecard/wire';
import { widenPort } from '../core/kinds.js';
import type { FieldName, FieldRow } from '../fields.js';
import { ports } from '../messages/shared.js';
import type { FieldValue } from '../oxm.js';
import { badText } from './names.js';

/** A value with its mask, both as numbers of any size. */
export interface Masked {
  readonly value: bigint;
  readonly mask: bigint | undefined;
}

/** The number that bytes are, most significant first. */
export function toBigInt(value: FieldValue): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value);
  let number = 0n;
  for (const byte of value) number = (number << 8n) | BigInt(byte);
  return number;
}

/** `size` bytes of a number. */
export function toBytes(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn));
}

/** A number in the form that values of a field have. */
export function toFieldValue(row: FieldRow<FieldName>, value: bigint): FieldValue {
  if (value < 0n || value >> BigInt(row.size * 8) !== 0n) throw badText(`${value} does not fit in ${row.name}`);
  if (row.size <= 6) return Number(value);
  return row.size === 8 ? value : toBytes(value, row.size);
}

/** All bits of a field that may be set. */
export function allBits(row: FieldRow<FieldName>): bigint {
  return (1n << BigInt(row.size * 8)) - 1n;
}

const portNames = new Map<number, string>(
  Object.entries(ports)
    .filter(([name]) => name !== 'max')
    .map(([name, port]) => [port, name.toUpperCase()]),
);

/** A port as ovs-ofctl writes it: a number, that of 16 bits for reserved ones, or the name of a reserved port. */
export function formatPort(port: number): string {
  return portNames.get(port) ?? String(port >= ports.max ? port - widenedBy : port);
}

/** What the reserved ports of 32 bits are above those of 16. */
const widenedBy = 0xffff_0000;

/** A port by number (reserved ones in 16 or 32 bits) or name in any case. */
export function parsePort(text: string): number {
  const name = text.toLowerCase();
  if (name in ports && name !== 'max') return ports[name as keyof typeof ports];
  if (name === 'none') return ports.any;
  const port = Number(parseNumber(text));
  if (port > 0xffff_ffff) throw badText(`"${text}" is not a port`);
  return port <= 0xffff ? widenPort(port) : port;
}

const unknownCounter = 0xffff_ffff_ffff_ffffn;

/** A counter, or `?` where the switch does not count. */
export function formatCounter(value: bigint | undefined): string {
  return value === undefined || value === unknownCounter ? '?' : String(value);
}

/** A decimal or `0x` number. */
export function parseNumber(text: string): bigint {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw badText(`"${text}" is not a number`);
  return BigInt(text);
}

/** A number that must be below `limit`. */
export function parseInteger(text: string, limit = 0x1_0000_0000): number {
  const value = parseNumber(text);
  if (value >= BigInt(limit)) throw badText(`"${text}" is not a number below ${limit}`);
  return Number(value);
}

export const tcpFlagNames = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns'];
export const ctStateNames = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'];
const tunFlagNames = ['oam'];

function flagNames(format: string): readonly string[] {
  return format === 'tcpFlags' ? tcpFlagNames : format === 'ctState' ? ctStateNames : tunFlagNames;
}

function formatFlags(names: readonly string[], { value, mask }: Masked, all: bigint): string {
  const name = (bit: number): string => names[bit] ?? `[${(1 << bit).toString(16)}]`;
  const bits = Array.from({ length: 16 }, (_, bit) => bit);
  if (mask === undefined || mask === all) {
    const set = bits.filter((bit) => ((value >> BigInt(bit)) & 1n) === 1n).map(name);
    return set.length === 0 ? '0' : set.join('|');
  }
  return bits
    .filter((bit) => ((mask >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => (((value >> BigInt(bit)) & 1n) === 1n ? '+' : '-') + name(bit))
    .join('');
}

/** The number of a flag by its name, or by its value as `[200]` where it has none. */
function flagBit(names: readonly string[], name: string): number {
  const value = /^\[([0-9a-f]{1,4})\]$/.exec(name)?.[1];
  if (value === undefined) return names.indexOf(name);
  const bit = Math.log2(Number.parseInt(value, 16));
  return Number.isInteger(bit) ? bit : -1;
}

function parseFlags(names: readonly string[], text: string): Masked {
  if (/^[0-9]/.test(text)) {
    const [value = '', mask] = text.split('/');
    return { value: parseNumber(value), mask: mask === undefined ? undefined : parseNumber(mask) };
  }
  let value = 0n;
  let mask = 0n;
  const signed = /^[+-]/.test(text);
  for (const [, sign, name] of text.matchAll(/([+-]?)([^+\-|]+)/g)) {
    const index = flagBit(names, name!);
    if (index < 0) throw badText(`"${name}" is not one of ${names.join(', ')}`);
    mask |= 1n << BigInt(index);
    if (sign !== '-') value |= 1n << BigInt(index);
  }
  return { value, mask: signed ? mask : undefined };
}

const fragments = { no: [0n, 3n], yes: [1n, 1n], first: [1n, 3n], later: [3n, 3n], not_later: [0n, 2n] } as const;

/** Masks that say the same as another: no fragment has its offset but not its flag. */
const sameFragments: Readonly<Record<string, string>> = { '0/1': 'no', '2/2': 'later' };

function formatFragment({ value, mask = 3n }: Masked): string {
  const found = Object.entries(fragments).find(([, [v, m]]) => v === value && m === mask);
  return found?.[0] ?? sameFragments[`${value}/${mask}`] ?? `${value}/${mask}`;
}

/** The length of a prefix mask of `bits` bits, or undefined. */
function prefixLength(mask: bigint, bits: number): number | undefined {
  const inverse = ~mask & ((1n << BigInt(bits)) - 1n);
  return (inverse & (inverse + 1n)) === 0n ? bits - inverse.toString(2).replace(/^0$/, '').length : undefined;
}

function formatAddress(value: bigint, mask: bigint | undefined, size: 4 | 16): string {
  const text = formatIp(toBytes(value, size));
  if (mask === undefined) return text;
  const length = prefixLength(mask, size * 8);
  if (length === size * 8) return text;
  return `${text}/${length ?? formatIp(toBytes(mask, size))}`;
}

function parseAddress(text: string, size: 4 | 16): Masked {
  const [address = '', mask] = text.split('/');
  const value = toBigInt(parseSized(address, size));
  if (mask === undefined) return { value, mask: undefined };
  const full = (1n << BigInt(size * 8)) - 1n;
  if (!/^\d{1,3}$/.test(mask)) return { value, mask: toBigInt(parseSized(mask, size)) };
  const length = Number(mask);
  if (length > size * 8) throw badText(`"${text}" has no prefix length of ${length}`);
  const bits = full ^ ((1n << BigInt(size * 8 - length)) - 1n);
  return { value: value & bits, mask: length === size * 8 ? undefined : bits };
}

function parseSized(text: string, size: number): Uint8Array {
  const bytes = parseIp(text);
  if (bytes.length !== size) throw badText(`"${text}" is not an IPv${size === 4 ? 4 : 6} address`);
  return bytes;
}

type NumberFormat = (number: bigint) => string;

const padded =
  (width: number): NumberFormat =>
  (number) =>
    `0x${number.toString(16).padStart(width, '0')}`;
const plainHex = padded(1);
/** `0x1f`, and plain `0`. */
const shortHex: NumberFormat = (number) => (number === 0n ? '0' : plainHex(number));

/** Numbers that Open vSwitch writes in a form of their own in matches. */
const hexForms: Readonly<Partial<Record<FieldName, NumberFormat>>> = {
  eth_type: padded(4),
  vlan_tci: padded(4),
  ipv6_flabel: padded(5),
  nsh_spi: plainHex,
  nsh_c1: plainHex,
  nsh_c2: plainHex,
  nsh_c3: plainHex,
  nsh_c4: plainHex,
  nsh_flags: padded(2),
};

/** Fields of tunnels whose mask it does not show. */
const maskless: ReadonlySet<FieldName> = new Set([
  'tun_gbp_flags',
  'tun_erspan_ver',
  'tun_erspan_idx',
  'tun_erspan_dir',
  'tun_erspan_hwid',
  'tun_gtpu_flags',
  'tun_gtpu_msgtype',
]);

function formatNumber({ value, mask }: Masked, isDecimal: boolean, hex: NumberFormat): string {
  if (mask !== undefined) return `${hex(value)}/${hex(mask)}`;
  return isDecimal ? String(value) : hex(value);
}

/** A value as ovs-ofctl writes it in a match. */
export function formatMatchValue(row: FieldRow<FieldName>, masked: Masked): string {
  if (row.format === 'tunFlags') return formatFlags(tunFlagNames, { ...masked, mask: masked.mask ?? 1n }, 0n);
  if (row.format !== 'hex' && row.format !== 'dec') return formatValue(row, masked);
  const shown = maskless.has(row.name) ? { ...masked, mask: undefined } : masked;
  const isDecimal = row.format === 'dec';
  return formatNumber(shown, isDecimal, hexForms[row.name] ?? (isDecimal ? plainHex : shortHex));
}

/** A value as ovs-ofctl writes it in a set-field or learn action. */
export function formatValue(row: FieldRow<FieldName>, masked: Masked): string {
  const { value, mask } = masked;
  switch (row.format) {
    case 'ipv4':
      return formatAddress(value, mask, 4);
    case 'ipv6':
      return formatAddress(value, mask, 16);
    case 'mac':
      return formatMac(toBytes(value, 6)) + (mask === undefined ? '' : `/${formatMac(toBytes(mask, 6))}`);
    case 'port':
      return formatPort(Number(value));
    case 'frag':
      return formatFragment(masked);
    case 'tcpFlags':
    case 'ctState':
    case 'tunFlags':
      return formatFlags(flagNames(row.format), masked, (1n << BigInt(row.bits)) - 1n);
    case 'packetType':
      return `(${value >> 16n},0x${(value & 0xffffn).toString(16)})`;
    default:
      return formatNumber(masked, row.format === 'dec', row.format === 'dec' ? plainHex : shortHex);
  }
}

/** A value with mask from text, in the syntax of its field. */
export function parseValue(row: FieldRow<FieldName>, text: string): Masked {
  switch (row.format) {
    case 'ipv4':
      return parseAddress(text, 4);
    case 'ipv6':
      return parseAddress(text, 16);
    case 'mac': {
      const [value = '', mask] = text.split('/');
      return { value: toBigInt(parseMac(value)), mask: mask === undefined ? undefined : toBigInt(parseMac(mask)) };
    }
    case 'port':
      return { value: BigInt(parsePort(text)), mask: undefined };
    case 'frag': {
      const found = fragments[text as keyof typeof fragments];
      if (found === undefined) throw badText(`"${text}" is not one of ${Object.keys(fragments).join(', ')}`);
      return { value: found[0], mask: found[1] === 3n ? undefined : found[1] };
    }
    case 'tcpFlags':
    case 'ctState':
    case 'tunFlags':
      return parseFlags(flagNames(row.format), text);
    case 'packetType': {
      const match = /^\((\d+),(0x[0-9a-f]+|\d+)\)$/i.exec(text);
      if (match === null) throw badText(`"${text}" is not a packet type`, 'write it as (1,0x800)');
      return { value: (BigInt(match[1]!) << 16n) | BigInt(match[2]!), mask: undefined };
    }
    default: {
      const [value = '', mask] = text.split('/');
      return { value: parseNumber(value), mask: mask === undefined ? undefined : parseNumber(mask) };
    }
  }
}
