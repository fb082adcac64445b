import { type MeterBand, meterFlags } from '../messages/meters.js';
import { groups, meters, ports } from '../messages/shared.js';
import type { MessageOf, ReplyBody } from '../messages/types.js';
import type { KnownField, Match } from '../oxm.js';
import { formatActions } from './action-format.js';
import { formatDuration } from './duration.js';
import { ovsName, rowOfField } from './names.js';
import { allBits, formatPort, formatValue, toBigInt } from './values.js';

type GroupDescription = ReplyBody<'group_desc'>[number];
type Bucket = GroupDescription['buckets'][number];

function optionsOf(bucket: Bucket): string[] {
  if ('properties' in bucket) {
    return bucket.properties.flatMap((property): string[] => {
      switch (property.type) {
        case 'weight':
          return property.weight === 1 ? [] : [`weight:${property.weight}`];
        case 'watch_port':
          return property.watch === ports.any ? [] : [`watch_port:${formatPort(property.watch)}`];
        case 'watch_group':
          return property.watch === groups.any ? [] : [`watch_group:${property.watch}`];
        default:
          return [];
      }
    });
  }
  if (!('weight' in bucket)) return [];
  return [
    ...(bucket.weight === 1 ? [] : [`weight:${bucket.weight}`]),
    ...(bucket.watch_port === ports.any ? [] : [`watch_port:${formatPort(bucket.watch_port)}`]),
    ...(bucket.watch_group === groups.any ? [] : [`watch_group:${bucket.watch_group}`]),
  ];
}

function formatBucket(bucket: Bucket, version: number, group: GroupText): string {
  const id = 'bucket_id' in bucket ? [`bucket_id:${bucket.bucket_id}`] : [];
  const options = optionsOf(bucket).filter((option) => group.group_type === 'select' || !option.startsWith('weight:'));
  return `bucket=${[...id, ...options, `actions=${formatActions(bucket.actions, { version })}`].join(',')}`;
}

/** What group-mods and group descriptions share. */
export interface GroupText extends Pick<GroupDescription, 'group_id' | 'group_type'> {
  readonly buckets: readonly Bucket[];
  readonly properties?: GroupDescription['properties'] | undefined;
}

/** Which fields select a bucket: one stands for itself, several in parentheses. */
function hashFields(fields: Match): string {
  const names = fields.map((one) => (one.field === 'unknown' ? `0x${one.header.toString(16)}` : hashField(one)));
  return names.length === 1 ? `fields=${names[0]}` : `fields(${names.join(',')})`;
}

function hashField({ field, value }: KnownField): string {
  const row = rowOfField(field);
  const number = toBigInt(value);
  const text = number === allBits(row) ? '' : `=${formatValue(row, { value: number, mask: undefined })}`;
  return ovsName(field) + text;
}

function selection(group: GroupText): string[] {
  const property = group.properties?.find((one) => one.type === 'ntr_selection_method');
  if (property === undefined) return [];
  const { selection_method, selection_method_param = 0n, fields = [] } = property;
  return [
    `selection_method=${selection_method}`,
    ...(selection_method_param === 0n ? [] : [`selection_method_param=${selection_method_param}`]),
    ...(fields.length === 0 ? [] : [hashFields(fields)]),
  ];
}

/** `group_id=1,type=select,bucket=weight:5,actions=output:1`: a line that ovs-ofctl add-group takes. */
export function formatGroup(group: GroupText, options: { readonly version?: number } = {}): string {
  const { version = 4 } = options;
  const buckets = group.buckets.map((bucket) => formatBucket(bucket, version, group));
  return [`group_id=${group.group_id}`, `type=${group.group_type}`, ...selection(group), ...buckets].join(',');
}

const commands: Readonly<Record<string, string>> = {
  add: 'ADD',
  modify: 'MOD',
  delete: 'DEL',
  insert_bucket: 'INSERT_BUCKET',
  remove_bucket: 'REMOVE_BUCKET',
  add_or_mod: 'ADD_OR_MOD',
};

const bucketNames: Readonly<Record<number, string>> = { 4294967293: 'first', 4294967294: 'last', 4294967295: 'all' };

/** A group-mod as `ovs-ofctl ofp-print` writes it behind the header. */
export function formatGroupMod(message: MessageOf<'group_mod'> | MessageOf<'nx_group_mod'>): string {
  const { command, command_bucket_id: id, version } = message;
  const placed = command === 'insert_bucket' || command === 'remove_bucket';
  // The group that buckets are put into or taken from has its type already: their weights count.
  const group = formatGroup(placed ? { ...message, group_type: 'select' } : message, { version });
  if (!placed || id === undefined) return `${commands[command] ?? command} ${group}`;
  const untyped = group.replace(/,type=[^,]*/, '');
  return `${commands[command]} command_bucket_id:${bucketNames[id] ?? id},${untyped}`;
}

/** Counters of a group. */
export function formatGroupStats(stats: ReplyBody<'group'>[number]): string {
  const buckets = stats.bucket_stats.map(
    (one, i) => `,bucket${i}:packet_count=${one.packet_count},byte_count=${one.byte_count}`,
  );
  const duration = formatDuration(stats.duration_sec, stats.duration_nsec).replace(/s$/, '');
  return `group_id=${stats.group_id},duration=${duration}s,ref_count=${stats.ref_count},packet_count=${stats.packet_count},byte_count=${stats.byte_count}${buckets.join('')}`;
}

const meterFlagNames = ['kbps', 'pktps', 'burst', 'stats'];

const meterNames: Readonly<Record<number, string>> = {
  [meters.slowpath]: 'slowpath',
  [meters.controller]: 'controller',
  [meters.all]: 'all',
};

/** A meter by number or the name of a reserved one. */
export function formatMeterId(id: number): string {
  return meterNames[id] ?? String(id);
}

function formatBand(band: MeterBand, hasBurst: boolean): string {
  if (band.type === 'unknown') return `type=${band.code}`;
  const burst = hasBurst ? ` burst_size=${band.burst_size ?? 0}` : '';
  const level = band.type === 'dscp_remark' ? ` prec_level=${band.prec_level}` : '';
  return `type=${band.type} rate=${band.rate}${burst}${level}`;
}

/** A meter as `ovs-ofctl dump-meters` prints it. */
export function formatMeter(meter: ReplyBody<'meter_config'>[number]): string {
  const flags = meterFlagNames.filter((_, bit) => (meter.flags & (1 << bit)) !== 0);
  const unknown = meter.flags >>> meterFlagNames.length;
  if (unknown !== 0) flags.push(`flags:0x${(unknown << meterFlagNames.length).toString(16)}`);
  const bands = meter.bands.map((band) => `${formatBand(band, (meter.flags & meterFlags.burst) !== 0)}\n`);
  return `meter=${formatMeterId(meter.meter_id)} ${[...flags, 'bands='].join(' ')}\n${bands.join('')}`;
}

const meterCommands: Readonly<Record<string, string>> = { add: 'ADD', modify: 'MOD', delete: 'DEL' };

/** A meter-mod behind the header. */
export function formatMeterMod(message: MessageOf<'meter_mod'>): string {
  // What is deleted is named, whatever else the message says.
  const meter = message.command === 'delete' ? { ...message, flags: 0, bands: [] } : message;
  return ` ${meterCommands[message.command] ?? `cmd:${message.command}`} ${formatMeter(meter)}`.trimEnd();
}

/** Counters of a meter. */
export function formatMeterStats(stats: ReplyBody<'meter'>[number]): string {
  const bands = stats.band_stats.map(
    (one, i) => `${i}: packet_count:${one.packet_band_count} byte_count:${one.byte_band_count}\n`,
  );
  const duration = formatDuration(stats.duration_sec, stats.duration_nsec);
  return `meter:${formatMeterId(stats.meter_id)} flow_count:${stats.flow_count} packet_in_count:${stats.packet_in_count} byte_in_count:${stats.byte_in_count} duration:${duration} bands:\n${bands.join('')}`;
}
