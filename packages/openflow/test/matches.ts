import fc, { type Arbitrary } from 'fast-check';
import { type FieldRow, fieldRows } from '../src/fields.js';
import { type FieldName, type KnownField, type Match, missingPrerequisites, ports } from '../src/index.js';
import { toFieldValue } from '../src/text/values.js';

export const row = new Map<string, FieldRow<FieldName>>(fieldRows.map((one) => [one.name, one]));

/** Numbers of so many bits, with those that are printed in a way of their own more often. */
export function bitsArbitrary(bits: number): Arbitrary<bigint> {
  const all = (1n << BigInt(bits)) - 1n;
  return fc.oneof(fc.constant(0n), fc.constant(all), fc.bigInt(0n, all), fc.bigInt(0n, all & 0xffn));
}

export const number = (bits: number): Arbitrary<number> => bitsArbitrary(bits).map(Number);
export const bytes = (least: number, most: number): Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: least, maxLength: most });

function prefixMask(bits: number): Arbitrary<bigint> {
  return fc.integer({ min: 1, max: bits }).map((n) => ((1n << BigInt(n)) - 1n) << BigInt(bits - n));
}

const aPort = fc.constantFrom(1, 5, 100, ports.max, ports.local);
const fragments: readonly (readonly [number, number])[] = [
  [0, 3],
  [1, 3],
  [3, 3],
  [0, 1],
  [1, 1],
  [0, 2],
];

export function fieldArbitrary({ name, bits, format, maskable }: FieldRow<FieldName>): Arbitrary<KnownField> {
  if (format === 'port') return aPort.map((value) => ({ field: name, value }));
  if (format === 'frag') {
    return fc
      .constantFrom(...fragments)
      .map(([value, mask]) => ({ field: name, value, ...(mask === 3 ? {} : { mask }) }));
  }
  const full = (1n << BigInt(bits)) - 1n;
  const mask = maskable ? fc.oneof(fc.constant(full), prefixMask(bits), bitsArbitrary(bits)) : fc.constant(full);
  // A tag that is there has this bit above its VLAN.
  const above = name === 'vlan_vid' ? 0x1000n : 0n;
  return fc.tuple(bitsArbitrary(name === 'arp_op' ? 8 : bits), mask).map(([value, some]): KnownField => {
    const bitsMask = some === 0n ? full : some;
    const whole = { field: name, value: toFieldValue(row.get(name)!, (value & bitsMask) | above) };
    return bitsMask === full ? whole : { ...whole, mask: toFieldValue(row.get(name)!, bitsMask | above) };
  });
}

type Base = readonly (readonly [FieldName, number])[];
const [ipv4, ipv6] = [['eth_type', 0x0800] as const, ['eth_type', 0x86dd] as const];
const over = (ip: typeof ipv4 | typeof ipv6, protocol: number): Base => [ip, ['ip_proto', protocol]];
/** What flows are about, with what the fields of each need. */
const bases: readonly Base[] = [
  [],
  [ipv4],
  [ipv6],
  ...[6, 17, 132, 1, 50].map((protocol) => over(ipv4, protocol)),
  ...[6, 17, 132].map((protocol) => over(ipv6, protocol)),
  [...over(ipv6, 58)],
  [...over(ipv6, 58), ['icmpv6_type', 135], ['icmpv6_code', 0]],
  [...over(ipv6, 58), ['icmpv6_type', 136], ['icmpv6_code', 0]],
  ...[0x0806, 0x8035, 0x8847, 0x8848, 0x88cc].map((type): Base => [['eth_type', type]]),
  [['eth_type', 0x894f]],
  [
    ['eth_type', 0x894f],
    ['nsh_mdtype', 1],
  ],
];

/** What Open vSwitch has no words for, or takes under conditions of its own. */
const left =
  /^(pbb_.*|ipv6_exthdr|in_phy_port|nw_tos|eth_type|ip_proto|vlan_tci|packet_type|nd_.*|recirc_id|dp_hash|tun_metadata.*|nsh_mdtype|nsh_ttl|ct_(nw|ipv6|tp)_.*)$/;
const choices = fieldRows.filter(({ name }) => !left.test(name));

/** Registers lie over each other: one kind of them at a time. */
const overlaps = (match: Match, name: string): boolean =>
  match.some(({ field }) => field === name || (/reg/.test(field) && /reg/.test(name)));

export const matchArbitrary: Arbitrary<Match> = fc
  .tuple(fc.constantFrom(...bases), fc.array(fc.constantFrom(...choices).chain(fieldArbitrary), { maxLength: 12 }))
  .map(([base, fields]) => {
    const match: KnownField[] = base.map(([field, value]) => ({ field, value }));
    for (const field of fields) {
      const needs = field.field === 'vlan_pcp' ? [{ field: 'vlan_vid', value: 0x1000, mask: 0x1000 } as const] : [];
      const extended = [...match, ...needs.filter((one) => !overlaps(match, one.field)), field];
      if (!overlaps(match, field.field) && missingPrerequisites(extended).length === 0)
        match.splice(0, Infinity, ...extended);
    }
    return match;
  });
