import { toHex } from '@linecard/wire';
import type { FieldName } from '../fields.js';
import { DEFAULT_PRIORITY } from '../messages/shared.js';
import type { KnownField, Match, MatchField } from '../oxm.js';
import { matchName, rowOfField } from './names.js';
import { protocols } from './protocols.js';
import { formatMatchValue, type Masked, toBigInt } from './values.js';

function range(name: string, count: number): FieldName[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}` as FieldName);
}

/** The order in which ovs-ofctl prints; `''` is where the protocol's short name goes. */
const printOrder: readonly (FieldName | '' | 'vlan')[] = [
  'pkt_mark',
  'recirc_id',
  'dp_hash',
  'conj_id',
  'actset_output',
  'ct_state',
  'ct_zone',
  'ct_mark',
  'ct_label',
  'ct_nw_src',
  'ct_ipv6_src',
  'ct_nw_dst',
  'ct_ipv6_dst',
  'ct_nw_proto',
  'ct_tp_src',
  'ct_tp_dst',
  'packet_type',
  '',
  ...range('reg', 16),
  'tunnel_id',
  'tun_src',
  'tun_dst',
  'tun_ipv6_src',
  'tun_ipv6_dst',
  'tun_gbp_id',
  'tun_gbp_flags',
  'tun_erspan_ver',
  'tun_erspan_idx',
  'tun_erspan_dir',
  'tun_erspan_hwid',
  'tun_gtpu_flags',
  'tun_gtpu_msgtype',
  'tun_flags',
  ...range('tun_metadata', 64),
  'metadata',
  'in_port',
  'in_phy_port',
  'vlan',
  'eth_src',
  'eth_dst',
  'eth_type',
  'pbb_isid',
  'pbb_uca',
  'ipv4_src',
  'ipv4_dst',
  'ipv6_src',
  'ipv6_dst',
  'ipv6_flabel',
  'ipv6_exthdr',
  'arp_spa',
  'arp_tpa',
  'ip_proto',
  'arp_op',
  'arp_sha',
  'arp_tha',
  'nsh_flags',
  'nsh_ttl',
  'nsh_mdtype',
  'nsh_np',
  'nsh_spi',
  'nsh_si',
  'nsh_c1',
  'nsh_c2',
  'nsh_c3',
  'nsh_c4',
  'nw_tos',
  'ip_dscp',
  'ip_ecn',
  'nw_ttl',
  'mpls_label',
  'mpls_tc',
  'mpls_ttl',
  'mpls_bos',
  'ip_frag',
  'icmpv4_type',
  'icmpv4_code',
  'icmpv6_type',
  'icmpv6_code',
  'ipv6_nd_target',
  'ipv6_nd_sll',
  'ipv6_nd_tll',
  'nd_reserved',
  'nd_options_type',
  'tcp_src',
  'udp_src',
  'sctp_src',
  'tcp_dst',
  'udp_dst',
  'sctp_dst',
  'tcp_flags',
];

function maskedOf(field: KnownField): Masked {
  return { value: toBigInt(field.value), mask: field.mask === undefined ? undefined : toBigInt(field.mask) };
}

/** 64- and 128-bit registers as the 32-bit ones that they overlap, high bits in the lower number. */
function splitRegister(field: KnownField): KnownField[] {
  const parts = /^(x+)reg(\d+)$/.exec(field.field);
  if (parts === null) return [field];
  const count = parts[1]!.length * 2;
  const { value, mask } = maskedOf(field);
  return Array.from({ length: count }, (_, i): KnownField => {
    const shift = BigInt(32 * (count - 1 - i));
    const name = `reg${Number(parts[2]) * count + i}` as FieldName;
    const part = { field: name, value: Number((value >> shift) & 0xffff_ffffn) };
    const bits = mask === undefined ? 0xffff_ffff : Number((mask >> shift) & 0xffff_ffffn);
    return bits === 0xffff_ffff ? part : { ...part, mask: bits };
  }).filter((part) => part.mask !== 0);
}

/** The tag as one 16-bit value and mask, of vlan_vid, vlan_pcp and vlan_tci together. */
function vlanTag(fields: ReadonlyMap<string, KnownField>, version: number): readonly [number, number] | undefined {
  const tci = fields.get('vlan_tci');
  if (tci !== undefined) return [Number(tci.value), tci.mask === undefined ? 0xffff : Number(tci.mask)];
  const vid = fields.get('vlan_vid');
  const pcp = fields.get('vlan_pcp');
  if (vid === undefined && pcp === undefined) return undefined;
  if (version === 1 && vid?.value === 0) return [0, 0xffff];
  const vidMask = vid === undefined ? 0x1000 : vid.mask === undefined ? 0x1fff : Number(vid.mask);
  const value = Number(vid?.value ?? 0x1000) | (Number(pcp?.value ?? 0) << 13);
  return [value, vidMask | (pcp === undefined ? 0 : 0xe000)];
}

function formatVlan(fields: ReadonlyMap<string, KnownField>, version: number): string[] {
  const tag = vlanTag(fields, version);
  if (tag === undefined) return [];
  const [value, mask] = tag;
  const vid = mask & 0xfff;
  const pcp = mask & 0xe000;
  const whole = (vid === 0 || vid === 0xfff) && (pcp === 0 || pcp === 0xe000) && (mask & 0xefff) !== 0;
  if ((value & mask & 0x1000) !== 0 && whole) {
    const parts = vid === 0 ? [] : [`dl_vlan=${value & 0xfff}`];
    return pcp === 0 ? parts : [...parts, `dl_vlan_pcp=${value >>> 13}`];
  }
  const hex = (n: number): string => `0x${n.toString(16).padStart(4, '0')}`;
  return [`vlan_tci=${hex(value)}${mask === 0xffff ? '' : `/${hex(mask)}`}`];
}

function protocolName(fields: ReadonlyMap<string, KnownField>): readonly [name: string | undefined, used: FieldName[]] {
  const type = fields.get('eth_type')?.value;
  const proto = fields.get('ip_proto')?.value;
  const both = Object.entries(protocols).find(([, [t, p]]) => t === type && p !== undefined && p === proto);
  if (both !== undefined) return [both[0], ['eth_type', 'ip_proto']];
  const plain = Object.entries(protocols).find(([, [t, p]]) => t === type && p === undefined);
  return plain === undefined ? [undefined, []] : [plain[0], ['eth_type']];
}

/** Fields that Open vSwitch leaves out unless another has this value. */
const dependents: Readonly<Partial<Record<FieldName, readonly [on: FieldName, value: number]>>> = {
  tun_erspan_idx: ['tun_erspan_ver', 1],
  tun_erspan_dir: ['tun_erspan_ver', 2],
  tun_erspan_hwid: ['tun_erspan_ver', 2],
  nsh_c1: ['nsh_mdtype', 1],
  nsh_c2: ['nsh_mdtype', 1],
  nsh_c3: ['nsh_mdtype', 1],
  nsh_c4: ['nsh_mdtype', 1],
};

/** Fields whose zero it does not show. */
const zeroless: ReadonlySet<string> = new Set(['packet_type', 'tun_erspan_ver', 'tun_gtpu_flags', 'tun_gtpu_msgtype']);

/** The bits of the connection's state that have a name. */
const KNOWN_CT_STATE = 0xff;

function isShown({ field, value, mask }: KnownField, fields: ReadonlyMap<string, KnownField>): boolean {
  if (zeroless.has(field) && value === 0) return false;
  if (field === 'ct_state' && mask !== undefined) return (Number(mask) & KNOWN_CT_STATE) !== 0;
  if (field === 'ct_tp_src' || field === 'ct_tp_dst') return fields.has('ct_nw_proto');
  const needs = dependents[field];
  return needs === undefined || fields.get(needs[0])?.value === needs[1];
}

function formatField(field: KnownField): string {
  if (field.field === 'ct_state' && field.mask !== undefined) {
    return `ct_state=${formatMatchValue(rowOfField('ct_state'), { value: BigInt(Number(field.value)), mask: BigInt(Number(field.mask) & KNOWN_CT_STATE) })}`;
  }
  if (field.field === 'ip_dscp') return `nw_tos=${Number(field.value) << 2}`;
  return `${matchName(field.field)}=${formatMatchValue(rowOfField(field.field), maskedOf(field))}`;
}

function formatUnknown(field: MatchField): string {
  if (field.field !== 'unknown') return formatField(field);
  return `unknown(0x${field.header.toString(16).padStart(8, '0')},${toHex(field.value)})`;
}

/**
 * A match as ovs-ofctl prints it, fields in its order: `priority=10,tcp,in_port=1,tp_dst=80`. `priority` comes first
 * unless it is the default.
 */
export function formatMatch(
  match: Match,
  options: { readonly version?: number; readonly priority?: number } = {},
): string {
  const { version = 4, priority = DEFAULT_PRIORITY } = options;
  const known = match.filter((one): one is KnownField => one.field !== 'unknown').flatMap(splitRegister);
  const fields = new Map(known.map((field) => [field.field as string, field]));
  const [protocol, used] = protocolName(fields);
  const parts = priority === DEFAULT_PRIORITY ? [] : [`priority=${priority}`];
  for (const name of printOrder) {
    if (name === '') parts.push(...(protocol === undefined ? [] : [protocol]));
    else if (name === 'vlan') parts.push(...formatVlan(fields, version));
    else if (fields.has(name) && !used.includes(name) && isShown(fields.get(name)!, fields)) {
      parts.push(formatField(fields.get(name)!));
    }
  }
  return [...parts, ...match.filter((one) => one.field === 'unknown').map(formatUnknown)].join(',');
}
