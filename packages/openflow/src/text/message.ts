import { toHex } from '@linecard/wire';
import { errorName } from '../error-names.js';
import { versionsOf } from '../messages/hello.js';
import type { Message, MultipartReply, MultipartRequest } from '../messages/types.js';
import type { Stat } from '../oxs.js';
import {
  formatFlowMod,
  formatFlowRemoved,
  formatFlowRequest,
  formatFlowStats,
  formatPacketIn,
  formatPacketOut,
} from './print-flows.js';
import {
  formatGroup,
  formatGroupMod,
  formatGroupStats,
  formatMeter,
  formatMeterId,
  formatMeterStats,
} from './print-groups.js';
import { formatBitNames, formatDuration, formatPortDescription, formatPortStats } from './print-ports.js';
import { formatPort } from './values.js';

type Of<T extends Message['type']> = Extract<Message, { readonly type: T }>;
type Printers = { readonly [T in Message['type']]?: (message: Of<T>) => string };

const versionNames: Readonly<Record<number, string>> = { 1: '', 4: ' (OF1.3)', 5: ' (OF1.4)', 6: ' (OF1.5)' };
const fragmentModes = ['normal', 'drop', 'reassemble', 'nx-match'];
const capabilities = [
  'FLOW_STATS',
  'TABLE_STATS',
  'PORT_STATS',
  '',
  '',
  'IP_REASM',
  'QUEUE_STATS',
  'ARP_MATCH_IP',
  'PORT_BLOCKED',
];
/** OpenFlow 1.0's actions by bit, in the order in which ovs-ofctl names them. */
const actionBits: readonly (readonly [number, string])[] = [
  [0, 'output'],
  [11, 'enqueue'],
  [1, 'set_vlan_vid'],
  [2, 'set_vlan_pcp'],
  [3, 'strip_vlan'],
  [4, 'mod_dl_src'],
  [5, 'mod_dl_dst'],
  [6, 'mod_nw_src'],
  [7, 'mod_nw_dst'],
  [8, 'mod_nw_tos'],
  [9, 'mod_tp_src'],
  [10, 'mod_tp_dst'],
];

function actionNames(bits: number): string {
  return actionBits
    .filter(([bit]) => ((bits >>> bit) & 1) === 1)
    .map(([, name]) => name)
    .join(' ');
}

const roles: Readonly<Record<string, string>> = { master: 'primary', slave: 'secondary', other: 'equal' };

function generation(id: bigint | undefined): string {
  return id === undefined || id === 0xffff_ffff_ffff_ffffn ? '' : ` generation_id=${id}`;
}

/** The message that an error is about, as far as it came. */
function culprit(data: Uint8Array): string {
  return data.length === 0 ? '' : ` (about ${toHex(data.subarray(0, 64))})`;
}

const config = (m: { readonly flags: number; readonly miss_send_len: number }): string =>
  ` frags=${fragmentModes[m.flags & 3]} miss_send_len=${m.miss_send_len}`;
const role = (m: { readonly role: string | number; readonly generation_id: bigint }): string =>
  ` role=${roles[m.role] ?? m.role}${generation(m.generation_id)}`;
const nxRole = (m: { readonly role: string | number }): string => ` role=${roles[m.role] ?? m.role}`;
const echo = (m: { readonly data: Uint8Array }): string => ` ${m.data.length} bytes of payload`;
const portReasons: Readonly<Record<string, string>> = { add: 'ADD', delete: 'DEL', modify: 'MOD' };

function featuresReply(m: Of<'features_reply'>): string {
  const group = m.version === 1 ? 'STP' : 'GROUP_STATS';
  const names = capabilities.map((name, bit) => (bit === 3 ? group : name));
  const auxiliary = m.auxiliary_id ? `, auxiliary_id:${m.auxiliary_id}` : '';
  const ports = (m.ports ?? []).map((port) => `\n ${formatPortDescription(port, { version: m.version })}`);
  const actions = m.actions === undefined ? '' : `\nactions: ${actionNames(m.actions)}`;
  return ` dpid:${m.datapath_id.toString(16).padStart(16, '0')}\nn_tables:${m.n_tables}, n_buffers:${m.n_buffers}${auxiliary}\ncapabilities: ${formatBitNames(m.capabilities, names)}${actions}${ports.join('')}`;
}

function meterMod(m: Of<'meter_mod'>): string {
  const command = { add: 'ADD', modify: 'MOD', delete: 'DEL' }[m.command as 'add'] ?? m.command;
  return ` ${command} ${formatMeter(m)}`.trimEnd();
}

const printers: Printers = {
  hello: (m) =>
    `\n version bitmap: ${versionsOf(m)
      .map((v) => `0x${v.toString(16).padStart(2, '0')}`)
      .join(', ')}`,
  error: (m) => ` ${errorName(m.version, m.error_type, m.error_code)}${culprit(m.data)}`,
  echo_request: echo,
  echo_reply: echo,
  features_reply: featuresReply,
  get_config_reply: config,
  set_config: config,
  packet_in: (m) => ` ${formatPacketIn(m)}`,
  nx_packet_in: (m) => ` ${formatPacketIn(m)}`,
  packet_out: (m) => ` ${formatPacketOut(m)}`,
  flow_mod: (m) => ` ${formatFlowMod(m)}`,
  nx_flow_mod: (m) => ` ${formatFlowMod(m)}`,
  flow_removed: (m) => ` ${formatFlowRemoved(m)}`,
  nx_flow_removed: (m) => ` ${formatFlowRemoved(m)}`,
  port_status: (m) => ` ${portReasons[m.reason] ?? m.reason}: ${formatPortDescription(m.desc, { version: m.version })}`,
  group_mod: (m) => `\n ${formatGroupMod(m)}`,
  meter_mod: meterMod,
  role_request: role,
  role_reply: role,
  nx_role_request: nxRole,
  nx_role_reply: nxRole,
  features_request: () => '',
  get_config_request: () => '',
  barrier_request: () => '',
  barrier_reply: () => '',
  get_async_request: () => '',
  nx_flow_age: () => '',
};

const prefixes: readonly (readonly [string, string])[] = [
  ['nx_', 'NXT_'],
  ['onf_', 'ONFT_'],
  ['', 'OFPT_'],
];

function typeName(type: string): string {
  const [ours, theirs] = prefixes.find(([prefix]) => type.startsWith(prefix))!;
  return theirs + type.slice(ours.length).toUpperCase();
}

/** The same value with byte strings as hex digits and bigints as text, which JSON can show. */
function readable(value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, readable(one)]));
}

/** What no printer knows: its fields, as JSON would show them. */
function plain(message: object): string {
  const {
    type: _type,
    version: _version,
    xid: _xid,
    kind: _kind,
    more: _more,
    ...fields
  } = message as Record<string, unknown>;
  const text = JSON.stringify(readable(fields));
  return text === '{}' ? '' : ` ${text}`;
}

const kindNames: Readonly<Record<string, string>> = { port_stats: 'PORT' };

function requestText(m: MultipartRequest): string {
  switch (m.kind) {
    case 'flow':
    case 'aggregate':
      return formatFlowRequest({ ...m.body, out_port: m.body.out_port }, m.version);
    case 'port_stats':
      return ` port_no=${formatPort(m.body.port_no)}`;
    case 'port_desc':
      return ` port=${m.body === undefined ? 'ANY' : formatPort(m.body.port_no)}`;
    case 'queue':
      return ` port=${formatPort(m.body.port_no)} queue=${m.body.queue_id === 0xffff_ffff ? 'ALL' : m.body.queue_id}`;
    case 'group':
      return ` group_id=${m.body.group_id === 0xffff_fffc ? 'ALL' : m.body.group_id}`;
    case 'group_desc':
      return ` group_id=${m.body === undefined || m.body.group_id === 0xffff_fffc ? 'ALL' : m.body.group_id}`;
    case 'meter':
    case 'meter_config':
      return ` meter=${formatMeterId(m.body.meter_id)}`;
    default:
      return m.body === undefined || (Array.isArray(m.body) && m.body.length === 0) ? '' : plain(m);
  }
}

function tableText(table: Extract<MultipartReply, { readonly kind: 'table' }>['body'][number]): string {
  const name = table.name === undefined ? '' : ` ("${table.name}")`;
  return `\n  table ${table.table_id}${name}:\n    active=${table.active_count}, lookup=${table.lookup_count}, matched=${table.matched_count}`;
}

function replyText(m: MultipartReply): string {
  const { version } = m;
  switch (m.kind) {
    case 'desc':
      return `\nManufacturer: ${m.body.mfr_desc}\nHardware: ${m.body.hw_desc}\nSoftware: ${m.body.sw_desc}\nSerial Num: ${m.body.serial_num}\nDP Description: ${m.body.dp_desc}`;
    case 'flow':
      return m.body.map((flow) => `\n ${formatFlowStats(flow, { version })}`).join('');
    case 'nx_flow':
      return m.body.map((flow) => `\n ${formatFlowStats(flow, { version })}`).join('');
    case 'port_desc':
      return m.body.map((port) => `\n ${formatPortDescription(port, { version })}`).join('');
    case 'port_stats':
      return ` ${m.body.length} ports\n${m.body.map(formatPortStats).join('\n')}`;
    case 'table':
      return m.body.map(tableText).join('\n');
    case 'queue':
      return ` ${m.body.length} queues${m.body.map((one) => `\n  port ${formatPort(one.port_no)} queue ${one.queue_id}: bytes=${one.tx_bytes}, pkts=${one.tx_packets}, errors=${one.tx_errors}, duration=${one.duration_sec === undefined ? '?' : formatDuration(one.duration_sec, one.duration_nsec ?? 0)}`).join('')}`;
    case 'group':
      return m.body.map((group) => `\n ${formatGroupStats(group)}`).join('');
    case 'group_desc':
      return m.body.map((group) => `\n ${formatGroup(group, { version })}`).join('');
    case 'meter_config':
      return `\n${m.body.map(formatMeter).join('\n')}`.trimEnd();
    case 'meter':
      return `\n${m.body.map(formatMeterStats).join('\n')}`.trimEnd();
    default:
      return plain(m);
  }
}

function aggregate(m: MultipartReply): string | undefined {
  if (m.kind !== 'aggregate' && m.kind !== 'nx_aggregate') return undefined;
  const body = m.body as { readonly stats?: readonly Stat[] } & Readonly<Record<string, unknown>>;
  const get = (name: string): unknown => body[name] ?? body.stats?.find((stat) => stat.field === name)?.value ?? 0;
  return ` packet_count=${get('packet_count')} byte_count=${get('byte_count')} flow_count=${get('flow_count')}`;
}

function multipartText(m: MultipartRequest | MultipartReply): string {
  const nicira = m.kind.startsWith('nx_');
  const name = `${nicira ? 'NXST_' : 'OFPST_'}${kindNames[m.kind] ?? m.kind.slice(nicira ? 3 : 0).toUpperCase()}`;
  const direction = m.type === 'multipart_request' ? 'request' : 'reply';
  const head = `${name} ${direction}${versionNames[m.version] ?? ''} (xid=0x${m.xid.toString(16)}):`;
  const more = m.more ? ' flags=[more]' : '';
  if (m.type === 'multipart_request') return head + more + requestText(m);
  return head + more + (aggregate(m) ?? replyText(m));
}

/**
 * A message as `ovs-ofctl ofp-print` writes it: name, version, xid, and what it says. Messages that have no such form
 * here show their fields as JSON does.
 */
export function formatMessage(message: Message): string {
  if (message.type === 'multipart_request' || message.type === 'multipart_reply') return multipartText(message);
  const head = `${typeName(message.type)}${versionNames[message.version] ?? ` (OF 0x${Number(message.version).toString(16)})`} (xid=0x${message.xid.toString(16)}):`;
  const print = printers[message.type] as ((message: Message) => string) | undefined;
  return head + (print === undefined ? plain(message) : print(message));
}
