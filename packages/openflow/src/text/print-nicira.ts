import { formatIp } from '@linecard/wire';
import type { CtTuple } from '../messages/ct-flush.js';
import type { MessageOf, ReplyBody } from '../messages/types.js';

const hexOrZero = (value: number): string => (value === 0 ? '0' : `0x${value.toString(16)}`);

type TlvMap = MessageOf<'nx_tlv_table_mod'>['maps'][number];

function mappingTable(maps: readonly TlvMap[]): string {
  const line = ({ option_class, option_type, option_len, index }: TlvMap): string =>
    ` ${hexOrZero(option_class).padStart(6)}  ${hexOrZero(option_type).padStart(4)}  ${String(option_len).padStart(6)}  tun_metadata${index}`;
  const head = [' mapping table:', '  class  type  length  match field', ' ------  ----  ------  --------------'];
  return [...head, ...maps.map(line)].join('\n');
}

const tlvCommands: Readonly<Record<string, string>> = { add: 'ADD', delete: 'DEL', clear: 'CLEAR' };

/** A change of the mapping of tunnel options to fields, behind the header. */
export function formatTlvTableMod(m: MessageOf<'nx_tlv_table_mod'>): string {
  const command = tlvCommands[m.command] ?? m.command;
  return m.command === 'clear' ? `\n ${command}` : `\n ${command}${mappingTable(m.maps)}`;
}

/** The mapping of tunnel options to fields, behind the header. */
export function formatTlvTableReply(m: MessageOf<'nx_tlv_table_reply'>): string {
  const allocated = m.maps.reduce((sum, map) => sum + map.option_len, 0);
  return `\n max option space=${m.max_option_space} max fields=${m.max_fields}\n allocated option space=${allocated}\n\n${mappingTable(m.maps)}`;
}

const ICMP = 1;
const ICMPV6 = 58;
const anyAddress = new Uint8Array(16);

type TupleEntry = CtTuple[number];

function entry<T extends TupleEntry['type']>(tuple: CtTuple, type: T) {
  return tuple.find((one): one is Extract<TupleEntry, { readonly type: T }> => one.type === type);
}

function isMapped(address: Uint8Array): boolean {
  return address.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 0xff));
}

function addressText(address: Uint8Array): string {
  return isMapped(address) ? formatIp(address.subarray(12)) : formatIp(address);
}

function protocolText(tuple: CtTuple, protocol: number): string {
  if (protocol !== ICMP && protocol !== ICMPV6) {
    const [source, destination] = [entry(tuple, 'source_port'), entry(tuple, 'destination_port')];
    return `ct_tp_src=${source?.port ?? 0},ct_tp_dst=${destination?.port ?? 0}`;
  }
  const [id, type, code] = [entry(tuple, 'icmp_id'), entry(tuple, 'icmp_type'), entry(tuple, 'icmp_code')];
  return `icmp_id=${id?.id ?? 0},icmp_type=${type?.code ?? 0},icmp_code=${code?.code ?? 0}`;
}

const addressesOf = (tuple: CtTuple): Uint8Array[] =>
  [entry(tuple, 'source')?.address, entry(tuple, 'destination')?.address].map((address) =>
    address?.length === 16 ? address : anyAddress,
  );

function tupleText(tuple: CtTuple, protocol: number, family: string): string {
  const [source, destination] = addressesOf(tuple);
  return `ct_${family}_src=${addressText(source!)},ct_${family}_dst=${addressText(destination!)},${protocolText(tuple, protocol)}`;
}

/** Which tracked connections are to be forgotten, behind the header. */
export function formatCtFlush({ ip_proto, properties }: MessageOf<'nx_ct_flush'>): string {
  const original = properties.find((one) => one.type === 'original')?.tuple ?? [];
  const reply = properties.find((one) => one.type === 'reply')?.tuple ?? [];
  const family = [...addressesOf(original), ...addressesOf(reply)].some(isMapped) ? 'nw' : 'ipv6';
  const zone = properties.find((one) => one.type === 'zone')?.zone_id ?? 0;
  return ` zone=${zone} '${tupleText(original, ip_proto, family)},ct_nw_proto=${ip_proto}' '${tupleText(reply, ip_proto, family)}'`;
}

type Ipfix = ReplyBody<'nx_ipfix_bridge'>;

function ipfixLines(title: string, indent: number, stats: Ipfix): string {
  const packets = `flows=${stats.total_flows}, current flows=${stats.current_flows}, sampled pkts=${stats.packets}, ipv4 ok=${stats.ipv4_packets}, ipv6 ok=${stats.ipv6_packets}, tx pkts=${stats.tx_packets}`;
  const errors = `pkts errs=${stats.error_packets}, ipv4 errs=${stats.ipv4_error_packets}, ipv6 errs=${stats.ipv6_error_packets}, tx errs=${stats.tx_errors}`;
  return `\n  ${title}: ${packets}\n${' '.repeat(indent)}${errors}`;
}

/** Counters of a bridge's IPFIX exporter. */
export function formatIpfixBridge(stats: Ipfix): string {
  return ipfixLines('bridge ipfix', 16, stats);
}

/** Counters of IPFIX exporters by the collector set of their flows. */
export function formatIpfixFlows(all: readonly Ipfix[]): string {
  const lines = all.map((stats) => ipfixLines(`id ${String(stats.collector_set_id).padStart(3)}`, 10, stats));
  return ` ${all.length} ids${lines.join('')}`;
}
