import { groups } from '../messages/shared.js';
import type { MultipartReply, MultipartRequest } from '../messages/types.js';
import type { Stat } from '../oxs.js';
import { plainFields } from './plain.js';
import { formatTableDescription } from './print-config.js';
import { formatGroupFeatures, formatMeterFeatures } from './print-features.js';
import { formatFlowRequest, formatFlowStats } from './print-flows.js';
import { formatGroup, formatGroupStats, formatMeter, formatMeterId, formatMeterStats } from './print-groups.js';
import { formatMonitorRequest, formatUpdate } from './print-monitors.js';
import { formatIpfixBridge, formatIpfixFlows } from './print-nicira.js';
import { formatPortStats } from './print-port-stats.js';
import { byNumber, formatPortDescription } from './print-ports.js';
import { formatQueueDescriptions, formatQueueStats } from './print-queues.js';
import { formatTableFeatures, formatTableStats } from './print-tables.js';
import { formatPort } from './values.js';

type Kind = Exclude<MultipartRequest['kind'], 'unknown'>;
type RequestOf<K extends Kind> = Extract<MultipartRequest, { readonly kind: K }>;
type ReplyOf<K extends Kind> = Extract<MultipartReply, { readonly kind: K }>;

const ALL_QUEUES = 0xffff_ffff;

const flows = (m: RequestOf<'flow' | 'aggregate' | 'nx_flow' | 'nx_aggregate'>): string =>
  formatFlowRequest(m.body, m.version);
const group = (m: { readonly body: { readonly group_id: number } | undefined }): string => {
  const id = m.body?.group_id ?? groups.all;
  return ` group_id=${id === groups.all ? 'ALL' : id}`;
};
const meter = (m: RequestOf<'meter' | 'meter_config'>): string => ` meter=${formatMeterId(m.body.meter_id)}`;
const queue = (m: RequestOf<'queue' | 'queue_desc'>): string => {
  const id = m.body.queue_id === ALL_QUEUES ? 'ALL' : m.body.queue_id;
  const isShort = m.kind === 'queue_desc' && id === 'ALL';
  return ` port=${formatPort(m.body.port_no)}${isShort ? '' : ` queue=${id}`}`;
};
const monitors = (m: RequestOf<'flow_monitor' | 'nx_flow_monitor' | 'onf_flow_monitor'>): string =>
  m.body.map((request) => formatMonitorRequest(request, m.version)).join('');

/** What stands behind the title of a request that says more than its kind. */
const requests: { readonly [K in Kind]?: (m: RequestOf<K>) => string } = {
  flow: flows,
  aggregate: flows,
  nx_flow: flows,
  nx_aggregate: flows,
  port_stats: (m) => ` port_no=${formatPort(m.body.port_no)}`,
  port_desc: (m) => ` port=${m.body === undefined ? 'ANY' : formatPort(m.body.port_no)}`,
  queue,
  queue_desc: queue,
  group,
  group_desc: group,
  nx_group: group,
  nx_group_desc: group,
  meter,
  meter_config: meter,
  flow_monitor: monitors,
  nx_flow_monitor: monitors,
  onf_flow_monitor: monitors,
  table_features: (m) => formatTableFeatures(m.body, m.version),
};

const flowLines = (m: ReplyOf<'flow' | 'nx_flow'>): string =>
  m.body.map((flow) => `\n ${formatFlowStats(flow, { version: m.version })}`).join('');
const groupLines = (m: ReplyOf<'group_desc' | 'nx_group_desc'>): string =>
  m.body.map((one) => `\n ${formatGroup(one, { version: m.version })}`).join('');
const groupStats = (m: ReplyOf<'group' | 'nx_group'>): string =>
  m.body.map((one) => `\n ${formatGroupStats(one)}`).join('');
const groupFeatures = (m: ReplyOf<'group_features' | 'nx_group_features'>): string =>
  formatGroupFeatures(m.body, m.version);
const updates = (m: ReplyOf<'flow_monitor' | 'nx_flow_monitor' | 'onf_flow_monitor'>): string =>
  m.body.map((update) => formatUpdate(update, m.version)).join('');

interface Aggregate {
  readonly stats?: readonly Stat[];
}

function aggregate(m: { readonly body: Aggregate & object }): string {
  const fields = m.body as Aggregate & Readonly<Record<string, unknown>>;
  const get = (name: string): unknown => fields[name] ?? fields.stats?.find((stat) => stat.field === name)?.value ?? 0;
  return ` packet_count=${get('packet_count')} byte_count=${get('byte_count')} flow_count=${get('flow_count')}`;
}

function description({ body }: ReplyOf<'desc'>): string {
  return `\nManufacturer: ${body.mfr_desc}\nHardware: ${body.hw_desc}\nSoftware: ${body.sw_desc}\nSerial Num: ${body.serial_num}\nDP Description: ${body.dp_desc}`;
}

/** What stands behind the title of a reply. */
const replies: { readonly [K in Kind]?: (m: ReplyOf<K>) => string } = {
  desc: description,
  flow: flowLines,
  nx_flow: flowLines,
  aggregate,
  nx_aggregate: aggregate,
  table: (m) => formatTableStats(m.body),
  table_features: (m) => formatTableFeatures(m.body, m.version),
  table_desc: (m) => m.body.map((table) => `\n${formatTableDescription(table)}\n`).join(''),
  port_stats: (m) => ` ${m.body.length} ports\n${m.body.map(formatPortStats).join('\n')}`,
  port_desc: (m) =>
    byNumber(m.body)
      .map((port) => `\n ${formatPortDescription(port, { version: m.version })}`)
      .join(''),
  queue: (m) => formatQueueStats(m.body),
  queue_desc: (m) => formatQueueDescriptions(m.body),
  group: groupStats,
  nx_group: groupStats,
  group_desc: groupLines,
  nx_group_desc: groupLines,
  group_features: groupFeatures,
  nx_group_features: groupFeatures,
  meter: (m) => m.body.map((one) => `\n${formatMeterStats(one)}`).join(''),
  meter_config: (m) => m.body.map((one) => `\n${formatMeter(one)}`).join(''),
  meter_features: (m) => formatMeterFeatures(m.body),
  flow_monitor: updates,
  nx_flow_monitor: updates,
  onf_flow_monitor: updates,
  nx_ipfix_bridge: (m) => formatIpfixBridge(m.body),
  nx_ipfix_flow: (m) => formatIpfixFlows(m.body),
};

/** The body of a multipart message that Open vSwitch has no words for. */
function plainBody(m: MultipartRequest | MultipartReply): string {
  if (m.body === undefined || (Array.isArray(m.body) && m.body.length === 0)) return '';
  const code = m.kind === 'unknown' ? { code: m.code } : {};
  const isStruct = !(m.body instanceof Uint8Array || Array.isArray(m.body));
  return ` ${plainFields({ ...code, ...(isStruct ? m.body : { body: m.body }) })}`;
}

/** What a multipart request says behind its title. */
export function formatRequest(m: MultipartRequest): string {
  const print = requests[m.kind as Kind] as ((m: MultipartRequest) => string) | undefined;
  return print === undefined ? plainBody(m) : print(m);
}

/** What a multipart reply says behind its title. */
export function formatReply(m: MultipartReply): string {
  const print = replies[m.kind as Kind] as ((m: MultipartReply) => string) | undefined;
  return print === undefined ? plainBody(m) : print(m);
}
