import { ALL_TABLES, DEFAULT_PRIORITY, NO_BUFFER, ports } from '../messages/shared.js';
import type { MessageOf, ReplyBody } from '../messages/types.js';
import type { Match } from '../oxm.js';
import type { Stat } from '../oxs.js';
import { formatDuration } from './duration.js';
import { type Flow, formatFlowActions, formatFlowFlags } from './flow.js';
import { formatMatch } from './match-format.js';
import { formatCounter, formatPort } from './values.js';

const commands: Readonly<Record<string, string>> = {
  add: 'ADD',
  modify: 'MOD',
  modify_strict: 'MOD_STRICT',
  delete: 'DEL',
  delete_strict: 'DEL_STRICT',
};

const hex = (value: number | bigint, digits = 1): string => `0x${value.toString(16).padStart(digits, '0')}`;

const noCookie = 0xffff_ffff_ffff_ffffn;

/** The cookie that a flow gets, or the one that flows must have. Changes of later versions give none. */
function cookieText(message: MessageOf<'flow_mod'> | MessageOf<'nx_flow_mod'>): string[] {
  const { cookie, command, type, version } = message;
  const mask = type === 'flow_mod' ? (message.cookie_mask ?? 0n) : 0n;
  // A new flow has a cookie, it looks for none.
  if (mask !== 0n && command !== 'add') return [`cookie:${hex(cookie)}/${hex(mask)}`];
  const isShown = command === 'add' || version === 1;
  return cookie === 0n || cookie === noCookie || !isShown ? [] : [`cookie:${hex(cookie)}`];
}

/** A flow-mod as `ovs-ofctl ofp-print` writes it behind the header. */
export function formatFlowMod(message: MessageOf<'flow_mod'> | MessageOf<'nx_flow_mod'>): string {
  const { command, version, priority } = message;
  const full: Partial<MessageOf<'flow_mod'>> = message as MessageOf<'flow_mod'>;
  const match = formatMatch(message.match, { version, priority });
  return [
    commands[command] ?? String(command),
    ...(message.table_id === 0 ? [] : [`table:${message.table_id}`]),
    ...(match === '' ? [] : [match]),
    ...cookieText(message),
    ...(message.idle_timeout === 0 ? [] : [`idle:${message.idle_timeout}`]),
    ...(message.hard_timeout === 0 ? [] : [`hard:${message.hard_timeout}`]),
    ...((full.importance ?? 0) === 0 || command !== 'add' ? [] : [`importance:${full.importance}`]),
    ...(message.buffer_id === NO_BUFFER ? [] : [`buf:${hex(message.buffer_id)}`]),
    ...(message.out_port === ports.any ? [] : [`out_port:${formatPort(message.out_port)}`]),
    ...formatFlowFlags(message.flags),
    `actions=${formatFlowActions(message as Flow)}`,
  ].join(' ');
}

type FlowStats = ReplyBody<'flow'>[number] | ReplyBody<'nx_flow'>[number];

/** The counters of a flow, wherever its version keeps them. */
export interface FlowCounters {
  readonly duration_sec: number;
  readonly duration_nsec: number;
  readonly packet_count: bigint;
  readonly byte_count: bigint;
}

interface HasCounters extends Partial<FlowCounters> {
  readonly stats?: readonly Stat[];
}

type DurationStat = Extract<Stat, { readonly field: 'duration' | 'idle_time' }>;

/** The counters of a flow: fields of their own up to 1.4, a list of statistics in 1.5. */
export function flowCounters(flow: HasCounters): FlowCounters {
  const duration = flow.stats?.find((stat): stat is DurationStat => stat.field === 'duration')?.value;
  const counter = (name: 'packet_count' | 'byte_count'): bigint =>
    flow[name] ?? (flow.stats?.find((stat) => stat.field === name)?.value as bigint | undefined) ?? 0n;
  return {
    duration_sec: flow.duration_sec ?? duration?.sec ?? 0,
    duration_nsec: flow.duration_nsec ?? duration?.nsec ?? 0,
    packet_count: counter('packet_count'),
    byte_count: counter('byte_count'),
  };
}

/** A counter of a flow that may not be counted. */
function counter(flow: HasCounters, name: 'packet_count' | 'byte_count'): string {
  const isCounted = flow.stats === undefined || flow.stats.some(({ field }) => field === name);
  return formatCounter(isCounted ? flowCounters(flow)[name] : undefined);
}

function ages(flow: FlowStats): string[] {
  const idleTime = (flow as HasCounters).stats?.find((stat): stat is DurationStat => stat.field === 'idle_time');
  if (idleTime !== undefined) return [`idle_age=${idleTime.value.sec}, `];
  if (!('idle_age' in flow)) return [];
  const { idle_age: idle, hard_age: hard, duration_sec: seconds } = flow as ReplyBody<'nx_flow'>[number];
  return [
    ...(idle === 0 ? [] : [`idle_age=${idle - 1}, `]),
    ...(hard === 0 || hard - 1 === seconds ? [] : [`hard_age=${hard - 1}, `]),
  ];
}

/** A flow as `ovs-ofctl dump-flows` prints it. */
export function formatFlowStats(flow: FlowStats, options: { readonly version?: number } = {}): string {
  const { version = 4 } = options;
  const counters = flowCounters(flow as HasCounters);
  const importance = (flow as { readonly importance?: number }).importance ?? 0;
  const flags = (flow as { readonly flags?: number }).flags ?? 0;
  const head = [
    `cookie=${hex(flow.cookie)}, duration=${formatDuration(counters.duration_sec, counters.duration_nsec)}, `,
    `table=${flow.table_id}, n_packets=${counter(flow as HasCounters, 'packet_count')}, n_bytes=${counter(flow as HasCounters, 'byte_count')}, `,
    ...(flow.idle_timeout === 0 ? [] : [`idle_timeout=${flow.idle_timeout}, `]),
    ...(flow.hard_timeout === 0 ? [] : [`hard_timeout=${flow.hard_timeout}, `]),
    ...formatFlowFlags(flags).map((name) => `${name} `),
    ...(importance === 0 ? [] : [`importance=${importance}, `]),
    ...ages(flow),
  ];
  const match = formatMatch(flow.match, { version, priority: flow.priority });
  const space = match === '' ? '' : ' ';
  return `${head.join('')}${match}${space}actions=${formatFlowActions({ ...(flow as Flow), version: version as 4 })}`;
}

const removedReasons = ['idle', 'hard', 'delete', 'group_delete', 'meter_delete', 'eviction'];
const removedNames: Readonly<Record<string, string>> = { idle_timeout: 'idle', hard_timeout: 'hard' };

/** Why a flow went away, by its name in the tables or by its number. */
export function removedReason(reason: string | number): string {
  return typeof reason === 'number' ? (removedReasons[reason] ?? String(reason)) : (removedNames[reason] ?? reason);
}

/** A flow-removed as `ovs-ofctl ofp-print` writes it behind the header. */
export function formatFlowRemoved(message: MessageOf<'flow_removed'> | MessageOf<'nx_flow_removed'>): string {
  const { version, priority, reason } = message;
  const counters = flowCounters(message as HasCounters);
  const full: Partial<MessageOf<'flow_removed'>> = message as MessageOf<'flow_removed'>;
  // In the message of 1.0 there is none, in Nicira's it is left open at times.
  const hasTable = full.table_id !== undefined && full.table_id !== ALL_TABLES;
  const duration = formatDuration(counters.duration_sec, counters.duration_nsec);
  return [
    `${formatMatch(message.match, { version, priority })} reason=${removedReason(reason)}`,
    ...(hasTable ? [`table_id=${full.table_id}`] : []),
    ...(message.cookie === 0n ? [] : [`cookie:${hex(message.cookie)}`]),
    `duration${duration}`,
    `idle${message.idle_timeout}`,
    ...(full.hard_timeout ? [`hard${full.hard_timeout}`] : []),
    `pkts${counters.packet_count}`,
    `bytes${counters.byte_count}`,
  ].join(' ');
}

interface FlowRequest {
  readonly table_id: number;
  readonly out_port: number;
  readonly match: Match;
}

/** What a request for flows asks for. */
export function formatFlowRequest(body: FlowRequest, version: number): string {
  const match = formatMatch(body.match, { version, priority: DEFAULT_PRIORITY });
  const parts = [
    ...(body.table_id === 0xff ? [] : [`table=${body.table_id}`]),
    ...(body.out_port === ports.any ? [] : [`out_port=${formatPort(body.out_port)}`]),
    ...(match === '' ? [] : [match]),
  ];
  return parts.length === 0 ? '' : ` ${parts.join(' ')}`;
}
