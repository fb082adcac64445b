import { type FieldName, fieldRows, type PrerequisiteName } from '../fields.js';
import type { KnownField, Match } from '../oxm.js';
import { badText, rowOf } from './names.js';
import { protocols } from './protocols.js';
import { type Item, splitItems } from './split.js';
import { parseInteger, parseValue, toFieldValue } from './values.js';

/** How far a field stands from those that it needs: prerequisites go first. */
const stages: Readonly<Record<PrerequisiteName, number>> = {
  none: 0,
  vlan: 1,
  mpls: 1,
  ipv4: 1,
  ipv6: 1,
  ip: 1,
  arp: 1,
  nsh: 1,
  pbb: 1,
  ct: 1,
  tcp: 2,
  udp: 2,
  sctp: 2,
  icmpv4: 2,
  icmpv6: 2,
  nd: 3,
  ndSolicit: 3,
  ndAdvert: 3,
};

const stageOfField = new Map<string, number>(fieldRows.map((row) => [row.name, stages[row.needs]]));

/** Names whose meaning depends on the protocol: by IP protocol, or `arp`. */
const dependent: Readonly<Record<string, (type: number | undefined, proto: number | undefined) => FieldName>> = {
  nw_src: (type) => (isArp(type) ? 'arp_spa' : 'ipv4_src'),
  nw_dst: (type) => (isArp(type) ? 'arp_tpa' : 'ipv4_dst'),
  nw_proto: (type) => (isArp(type) ? 'arp_op' : 'ip_proto'),
  tp_src: (_, proto) => transport(proto, 'src'),
  tp_dst: (_, proto) => transport(proto, 'dst'),
  icmp_type: (_, proto) => (proto === 58 ? 'icmpv6_type' : 'icmpv4_type'),
  icmp_code: (_, proto) => (proto === 58 ? 'icmpv6_code' : 'icmpv4_code'),
};

function isArp(type: number | undefined): boolean {
  return type === 0x0806 || type === 0x8035;
}

function transport(proto: number | undefined, end: 'src' | 'dst'): FieldName {
  if (proto === 17) return `udp_${end}`;
  if (proto === 132) return `sctp_${end}`;
  if (proto === 1) return end === 'src' ? 'icmpv4_type' : 'icmpv4_code';
  if (proto === 58) return end === 'src' ? 'icmpv6_type' : 'icmpv6_code';
  return `tcp_${end}`;
}

function field(name: FieldName, value: number, mask?: number): KnownField {
  return mask === undefined ? { field: name, value } : { field: name, value, mask };
}

/** Names of OpenFlow 1.0 that later versions say otherwise. */
const special: Readonly<Record<string, (text: string) => KnownField>> = {
  dl_vlan: (text) => {
    const vlan = parseInteger(text, 0x1_0000);
    if (vlan > 0xfff && vlan !== 0xffff) throw badText(`"${text}" is not a VLAN`);
    return field('vlan_vid', vlan === 0xffff ? 0 : 0x1000 | vlan);
  },
  dl_vlan_pcp: (text) => field('vlan_pcp', parseInteger(text, 8)),
  vlan_tci: (text) => parseTci(text),
  nw_tos: (text) => field('ip_dscp', parseInteger(text, 256) >>> 2),
};

/** vlan_tci as the fields of OXM where they can say it. */
function parseTci(text: string): KnownField {
  const row = rowOf('vlan_tci')!;
  const { value, mask = 0xffffn } = parseValue(row, text);
  if (value === 0n && (mask === 0xffffn || mask === 0x1fffn)) return field('vlan_vid', 0);
  if ((mask & 0xe000n) === 0n && (mask & 0x1000n) !== 0n) {
    return mask === 0x1fffn ? field('vlan_vid', Number(value)) : field('vlan_vid', Number(value), Number(mask));
  }
  return field('vlan_tci', Number(value), mask === 0xffffn ? undefined : Number(mask));
}

function numberOf(fields: readonly KnownField[], name: FieldName): number | undefined {
  const value = fields.find((one) => one.field === name)?.value;
  return typeof value === 'number' ? value : undefined;
}

function parseField(name: string, text: string): KnownField {
  const row = rowOf(name);
  if (row === undefined) throw badText(`there is no field "${name}"`, 'ovs-fields(7) lists all');
  const { value, mask } = parseValue(row, text);
  if (mask !== undefined && !row.maskable) throw badText(`${name} cannot be matched with a mask`);
  const known = { field: row.name, value: toFieldValue(row, mask === undefined ? value : value & mask) };
  return mask === undefined ? known : { ...known, mask: toFieldValue(row, mask) };
}

/** The fields that items of a match mean, prerequisites first. */
export function matchOfItems(items: readonly Item[]): Match {
  const plain: KnownField[] = [];
  const later: Item[] = [];
  for (const item of items) {
    const protocol = item.value === undefined ? protocols[item.key] : undefined;
    if (protocol !== undefined) {
      plain.push(field('eth_type', protocol[0]));
      if (protocol[1] !== undefined) plain.push(field('ip_proto', protocol[1]));
    } else if (item.text === 'eth') plain.push(field('packet_type', 0));
    else if (item.value === undefined) throw badText(`"${item.key}" is neither a protocol nor a field with a value`);
    else if (item.key in dependent) later.push(item);
    else plain.push(special[item.key]?.(item.value) ?? parseField(item.key, item.value));
  }
  return finish([...plain, ...resolve(plain, later)]);
}

function resolve(plain: readonly KnownField[], later: readonly Item[]): KnownField[] {
  const type = numberOf(plain, 'eth_type');
  const ordered = [...later].sort((a, b) => Number(b.key === 'nw_proto') - Number(a.key === 'nw_proto'));
  const found: KnownField[] = [];
  for (const { key, value } of ordered) {
    const proto = numberOf([...plain, ...found], 'ip_proto');
    found.push(parseField(dependent[key]!(type, proto), value!));
  }
  return found;
}

function finish(fields: readonly KnownField[]): Match {
  const tagged = fields.some((one) => one.field === 'vlan_vid' || one.field === 'vlan_tci');
  const needsTag = !tagged && fields.some((one) => one.field === 'vlan_pcp');
  const all = needsTag ? [field('vlan_vid', 0x1000, 0x1000), ...fields] : fields;
  return [...all].sort((a, b) => stageOfField.get(a.field)! - stageOfField.get(b.field)!);
}

/**
 * The match that a text in the syntax of ovs-ofctl(8) means, as `tcp,nw_src=10.0.0.0/8,tp_dst=80`. Throws `LC_INVALID`.
 */
export function parseMatch(text: string): Match {
  return matchOfItems(splitItems(text));
}
