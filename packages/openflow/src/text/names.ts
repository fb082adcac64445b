import { LinecardError } from '@linecard/wire';
import { type FieldName, type FieldRow, fieldRows } from '../fields.js';
import { type Encoding, encodingByName, encodingOf, encodings } from '../oxm.js';

/** Text that is no match, action or flow. */
export function badText(what: string, hint?: string): LinecardError {
  return new LinecardError('LC_INVALID', what, hint === undefined ? {} : { hint });
}

/** Names of fields in ovs-fields(7), where they differ from ours. */
const ovsNames: Readonly<Partial<Record<FieldName, string>>> = {
  tunnel_id: 'tun_id',
  ipv4_src: 'ip_src',
  ipv4_dst: 'ip_dst',
  ipv6_flabel: 'ipv6_label',
  ip_proto: 'nw_proto',
  ip_ecn: 'nw_ecn',
  icmpv4_type: 'icmp_type',
  icmpv4_code: 'icmp_code',
  ipv6_nd_target: 'nd_target',
  ipv6_nd_sll: 'nd_sll',
  ipv6_nd_tll: 'nd_tll',
};

/** Names that ovs-ofctl prints in matches, where they differ from those of ovs-fields(7). */
const matchNames: Readonly<Partial<Record<FieldName, string>>> = {
  eth_src: 'dl_src',
  eth_dst: 'dl_dst',
  eth_type: 'dl_type',
  ipv4_src: 'nw_src',
  ipv4_dst: 'nw_dst',
  ip_frag: 'nw_frag',
  tcp_src: 'tp_src',
  tcp_dst: 'tp_dst',
  udp_src: 'tp_src',
  udp_dst: 'tp_dst',
  sctp_src: 'tp_src',
  sctp_dst: 'tp_dst',
  icmpv6_type: 'icmp_type',
  icmpv6_code: 'icmp_code',
  tun_gtpu_flags: 'gtpu_flags',
  tun_gtpu_msgtype: 'gtpu_msgtype',
};

/** The name of a field in set-field and learn actions. */
export function ovsName(field: FieldName): string {
  return ovsNames[field] ?? field;
}

/** The name of a field in a match. */
export function matchName(field: FieldName): string {
  return matchNames[field] ?? ovsName(field);
}

const rows: ReadonlyMap<string, FieldRow<FieldName>> = new Map([
  ...fieldRows.flatMap((row) => row.aliases.map((alias): [string, FieldRow<FieldName>] => [alias, row])),
  ...fieldRows.map((row): [string, FieldRow<FieldName>] => [row.name, row]),
  ...(['flags', 'msgtype'] as const).map((name): [string, FieldRow<FieldName>] => [
    `gtpu_${name}`,
    fieldRows.find((row) => row.name === `tun_gtpu_${name}`)!,
  ]),
]);

/** The row of a field by any of its names. */
export function rowOf(name: string): FieldRow<FieldName> | undefined {
  return rows.get(name);
}

/** The row of a field of the table. */
export function rowOfField(field: FieldName): FieldRow<FieldName> {
  return rows.get(field)!;
}

const nxmNames: ReadonlyMap<FieldName, string> = new Map(
  [...encodings].reverse().map((encoding): [FieldName, string] => [encoding.row.name, encoding.name]),
);
const preferredNames: ReadonlyMap<FieldName, string> = new Map([
  ...nxmNames,
  ...encodings.filter((e) => e.name.startsWith('NXM')).map((e): [FieldName, string] => [e.row.name, e.name]),
]);

/** The name of a field where actions name bits of it: its NXM name if it has one. */
export function bitsName(encoding: Encoding): string {
  return encoding.row.name === 'in_port' ? encoding.name : preferredNames.get(encoding.row.name)!;
}

/** How many bits an encoding holds. */
export function bitsOf(encoding: Encoding): number {
  return Math.min(encoding.row.bits, encoding.size * 8);
}

/** The encoding that a name means, as `reg0`, `eth_src` or `NXM_OF_ETH_SRC`. */
export function encodingNamed(name: string, version: number): Encoding {
  const byName = encodingByName.get(name);
  if (byName !== undefined) return byName;
  const row = rowOf(name);
  if (row === undefined) throw badText(`there is no field "${name}"`, 'ovs-fields(7) lists all');
  if (name === 'in_port') return encodingByName.get('NXM_OF_IN_PORT')!;
  return encodingOf(row.name, version);
}
