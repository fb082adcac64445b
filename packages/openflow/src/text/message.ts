import { encode } from '../codec.js';
import { versionsOf } from '../messages/hello.js';
import type { Message, MessageOf, MultipartReply, MultipartRequest } from '../messages/types.js';
import { hexDump, plainFields } from './plain.js';
import { formatAsync } from './print-async.js';
import {
  formatConfig,
  formatNxRole,
  formatPortMod,
  formatRole,
  formatRoleStatus,
  formatTableMod,
  formatTableStatus,
} from './print-config.js';
import { formatFeatures } from './print-features.js';
import { formatFlowMod, formatFlowRemoved } from './print-flows.js';
import { formatGroupMod, formatMeterMod } from './print-groups.js';
import { formatReply, formatRequest } from './print-multipart.js';
import { formatCtFlush, formatTlvTableMod, formatTlvTableReply } from './print-nicira.js';
import { formatPacketIn, formatPacketIn2, formatPacketOut, type PacketPrinter } from './print-packets.js';
import { formatPortDescription } from './print-ports.js';
import { formatQueueConfig } from './print-queues.js';
import { formatBundleAdd, formatBundleControl, formatError, formatForwarded } from './print-wrapped.js';
import { messageTitle, multipartTitle } from './titles.js';
import { formatPort } from './values.js';

/** What a text of messages may be made with. */
export interface MessageTextOptions {
  /** Says in a line what a packet in a packet-in or packet-out is; without it, that line is left out. */
  readonly packet?: PacketPrinter;
}

type Of<T extends Message['type']> = Extract<Message, { readonly type: T }>;
type Printers = { readonly [T in Message['type']]?: (message: Of<T>, options: MessageTextOptions) => string };

const nothing = (): string => '';

function echo(m: MessageOf<'echo_request'> | MessageOf<'echo_reply'>): string {
  return ` ${m.data.length} bytes of payload\n${hexDump(m.data)}`;
}

function hello(m: MessageOf<'hello'>): string {
  const understood = m.elements.every((one) => one.type === 'version_bitmap' && one.bitmaps.some((word) => word !== 0));
  const versions = versionsOf(understood ? m : { version: m.version, elements: [] });
  const bitmap = versions.map((version) => `0x${version.toString(16).padStart(2, '0')}`).join(', ');
  return `\n version bitmap: ${bitmap}${understood ? '' : `\n unknown data in hello:\n${hexDump(encode(m))}`}`;
}

const portReasons: Readonly<Record<string, string>> = { add: ' ADD:', delete: ' DEL:', modify: ' MOD:' };

function portStatus(m: MessageOf<'port_status'>): string {
  return `${portReasons[m.reason] ?? ''} ${formatPortDescription(m.desc, { version: m.version })}`;
}

const inner =
  (options: MessageTextOptions) =>
  (message: Message): string =>
    formatMessage(message, options);

/** What stands behind the title of each type of message. */
const printers: Printers = {
  hello,
  error: (m, options) => formatError(m, inner(options)),
  echo_request: echo,
  echo_reply: echo,
  features_request: nothing,
  features_reply: formatFeatures,
  get_config_request: nothing,
  get_config_reply: formatConfig,
  set_config: formatConfig,
  packet_in: (m, { packet }) => formatPacketIn(m, packet),
  nx_packet_in: (m, { packet }) => formatPacketIn(m, packet),
  nx_packet_in2: (m, { packet }) => formatPacketIn2(m, packet),
  nx_resume: (m, { packet }) => formatPacketIn2(m, packet),
  packet_out: (m, { packet }) => formatPacketOut(m, packet),
  flow_mod: (m) => ` ${formatFlowMod(m)}`,
  nx_flow_mod: (m) => ` ${formatFlowMod(m)}`,
  flow_removed: (m) => ` ${formatFlowRemoved(m)}`,
  nx_flow_removed: (m) => ` ${formatFlowRemoved(m)}`,
  port_status: portStatus,
  port_mod: formatPortMod,
  table_mod: formatTableMod,
  table_status: formatTableStatus,
  group_mod: (m) => `\n ${formatGroupMod(m)}`,
  nx_group_mod: (m) => `\n ${formatGroupMod(m)}`,
  meter_mod: formatMeterMod,
  role_request: formatRole,
  role_reply: formatRole,
  nx_role_request: formatNxRole,
  nx_role_reply: formatNxRole,
  role_status: formatRoleStatus,
  onf_role_status: formatRoleStatus,
  barrier_request: nothing,
  barrier_reply: nothing,
  queue_get_config_request: (m) => ` port=${formatPort(m.port)}`,
  queue_get_config_reply: formatQueueConfig,
  get_async_request: nothing,
  get_async_reply: formatAsync,
  set_async: formatAsync,
  nx_set_async_config: formatAsync,
  nx_set_async_config2: formatAsync,
  bundle_control: formatBundleControl,
  onf_bundle_control: formatBundleControl,
  bundle_add_message: (m, options) => formatBundleAdd(m, inner(options)),
  onf_bundle_add_message: (m, options) => formatBundleAdd(m, inner(options)),
  requestforward: (m, options) => formatForwarded(m.request, inner(options)),
  nx_requestforward: (m, options) => formatForwarded(m.request, inner(options)),
  onf_requestforward: (m, options) => formatForwarded(m.request, inner(options)),
  nx_set_flow_format: (m) => ` format=${m.format}`,
  nx_flow_mod_table_id: (m) => ` ${m.set === 0 ? 'disable' : 'enable'}`,
  nx_set_packet_in_format: (m) => ` format=${m.format}`,
  nx_set_controller_id: (m) => ` id=${m.controller_id}`,
  nx_flow_age: nothing,
  nx_flow_monitor_cancel: (m) => ` id=${m.id}`,
  nx_flow_monitor_paused: nothing,
  nx_flow_monitor_resumed: nothing,
  onf_flow_monitor_cancel: (m) => ` id=${m.id}`,
  onf_flow_monitor_paused: nothing,
  onf_flow_monitor_resumed: nothing,
  nx_tlv_table_mod: formatTlvTableMod,
  nx_tlv_table_request: nothing,
  nx_tlv_table_reply: formatTlvTableReply,
  nx_ct_flush_zone: (m) => ` zone_id=${m.zone_id}`,
  nx_ct_flush: formatCtFlush,
};

/** What Open vSwitch has no words for: its fields by name. */
function plain(message: Message): string {
  const {
    type: _type,
    version: _version,
    xid: _xid,
    slack: _slack,
    ...fields
  } = message as Message & { slack?: unknown };
  return ` ${plainFields(fields)}`;
}

function multipartText(m: MultipartRequest | MultipartReply): string {
  const isRequest = m.type === 'multipart_request';
  // Requests of 1.0 come in one piece.
  const more = m.more && !(isRequest && m.version === 1) ? ' flags=[more]' : '';
  return multipartTitle(m.kind, isRequest, m) + more + (isRequest ? formatRequest(m) : formatReply(m));
}

/**
 * A message as `ovs-ofctl ofp-print` writes it: type, version, xid, and what it says, in lines without an end. Messages
 * that Open vSwitch does not know show their fields as `key=value`.
 */
export function formatMessage(message: Message, options: MessageTextOptions = {}): string {
  const isMultipart = message.type === 'multipart_request' || message.type === 'multipart_reply';
  const print = isMultipart
    ? undefined
    : (printers[message.type] as ((m: Message, o: MessageTextOptions) => string) | undefined);
  const text = isMultipart
    ? multipartText(message)
    : messageTitle(message.type, message) + (print === undefined ? plain(message) : print(message, options));
  return text.trimEnd();
}
