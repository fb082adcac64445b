import type { MeterBand } from '../messages/meters.js';
import { meterFlags } from '../messages/meters.js';
import { groups, meters, ports } from '../messages/shared.js';
import type { MessageInitOf, Version } from '../messages/types.js';
import type { MatchField } from '../oxm.js';
import { parseActions } from './action-parse.js';
import { badText, rowOf } from './names.js';
import { type Item, splitItems } from './split.js';
import { allBits, parseInteger, parseNumber, parsePort, parseValue, toFieldValue } from './values.js';

type GroupMod = MessageInitOf<'group_mod'>;
type Command = Extract<NonNullable<GroupMod['command']>, string>;

interface BucketText {
  readonly options: ReadonlyMap<string, string>;
  readonly actions: string;
}

const bucketOptions = new Set(['weight', 'watch_port', 'watch_group', 'bucket_id']);

/** `weight:5,watch_port:1,actions=output:1`: options first, then actions up to the end. */
function cutBucket(text: string): BucketText {
  const at = text.search(/actions?\s*=/);
  const [head, tail] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at).replace(/^actions?\s*=/, '')];
  const items = splitItems(head);
  const options = items.filter((item) => bucketOptions.has(item.key));
  const actions = items.filter((item) => !bucketOptions.has(item.key)).map((item) => item.text);
  return {
    options: new Map(options.map((item) => [item.key, item.value ?? ''])),
    actions: [...actions, tail].filter((part) => part !== '').join(','),
  };
}

function bucket13({ options, actions }: BucketText, version: Version, group_type: string) {
  const weight = options.get('weight');
  return {
    weight: weight === undefined ? (group_type === 'select' ? 1 : 0) : parseInteger(weight, 0x1_0000),
    watch_port: parsePort(options.get('watch_port') ?? 'any'),
    watch_group: parseWatchedGroup(options.get('watch_group')),
    actions: parseActions(actions, { version }),
  };
}

function parseWatchedGroup(text: string | undefined): number {
  return text === undefined ? groups.any : parseInteger(text);
}

function bucket15(text: BucketText, index: number, group_type: string) {
  const { weight, watch_port, watch_group, actions } = bucket13(text, 6, group_type);
  return {
    bucket_id: parseInteger(text.options.get('bucket_id') ?? String(index)),
    actions,
    properties: [
      ...(group_type === 'select' ? [{ type: 'weight' as const, weight }] : []),
      ...(watch_port === ports.any ? [] : [{ type: 'watch_port' as const, watch: watch_port }]),
      ...(watch_group === groups.any ? [] : [{ type: 'watch_group' as const, watch: watch_group }]),
    ],
  };
}

/** A field that selects a bucket: all of its bits, or those that stand behind it. */
function hashedField({ key, value }: Item): MatchField {
  const row = rowOf(key);
  if (row === undefined) throw badText(`there is no field "${key}"`, 'ovs-fields(7) lists all');
  return {
    field: row.name,
    value: toFieldValue(row, value === undefined ? allBits(row) : parseValue(row, value).value),
  };
}

function selection(options: ReadonlyMap<string, Item>): readonly object[] {
  const method = options.get('selection_method')?.value;
  if (method === undefined) return [];
  return [
    {
      type: 'ntr_selection_method',
      selection_method: method,
      selection_method_param: parseNumber(options.get('selection_method_param')?.value ?? '0'),
      fields: splitItems(options.get('fields')?.value ?? '').map(hashedField),
    },
  ];
}

const groupOptions = new Set([
  'group_id',
  'type',
  'command_bucket_id',
  'selection_method',
  'selection_method_param',
  'fields',
]);
const reservedBuckets: Readonly<Record<string, number>> = { first: 0xffff_fffd, last: 0xffff_fffe, all: 0xffff_ffff };

function optionsOf(text: string): ReadonlyMap<string, Item> {
  const items = splitItems(text);
  const unknown = items.find((item) => !groupOptions.has(item.key));
  if (unknown !== undefined) throw badText(`a group has no option "${unknown.key}"`);
  return new Map(items.map((item) => [item.key, item]));
}

/**
 * A group-mod from a line in the syntax of ovs-ofctl(8): `group_id=1,type=select,bucket=weight:2,actions=output:1`. The
 * caller says the command. Throws `LC_INVALID`.
 */
export function parseGroup(text: string, version: Version = 4, command: Command = 'add'): GroupMod {
  if (version === 1) throw badText('OpenFlow 1.0 has no groups');
  const [head = '', ...bucketTexts] = text.split(/[\s,]*\bbucket\s*=/);
  const options = optionsOf(head);
  const id = options.get('group_id')?.value;
  if (id === undefined) throw badText(`"${text.slice(0, 60)}" has no group_id`);
  const group_type = (options.get('type')?.value ?? 'all').replace('fast_failover', 'ff') as 'all';
  const group = {
    type: 'group_mod' as const,
    version,
    command,
    group_type,
    group_id: id === 'all' ? groups.all : parseInteger(id),
  };
  const cut = bucketTexts.map(cutBucket);
  if (version !== 6) return { ...group, buckets: cut.map((one) => bucket13(one, version, group_type)) } as GroupMod;
  const place = options.get('command_bucket_id')?.value;
  return {
    ...group,
    ...(place === undefined ? {} : { command_bucket_id: reservedBuckets[place] ?? parseInteger(place) }),
    buckets: cut.map((one, index) => bucket15(one, index, group_type)),
    properties: selection(options),
  } as GroupMod;
}

type MeterMod = MessageInitOf<'meter_mod'>;

const reservedMeters: Readonly<Record<string, number>> = {
  slowpath: meters.slowpath,
  controller: meters.controller,
  all: meters.all,
};

function parseBand(text: string): MeterBand {
  const options = new Map(splitItems(text).map((item) => [item.key, item.value ?? '']));
  const rates = {
    rate: parseInteger(options.get('rate') ?? ''),
    burst_size: parseInteger(options.get('burst_size') ?? '0'),
  };
  switch (options.get('type')) {
    case 'drop':
      return { type: 'drop', ...rates };
    case 'dscp_remark':
      return { type: 'dscp_remark', ...rates, prec_level: parseInteger(options.get('prec_level') ?? '', 256) };
    default:
      throw badText(`a meter has no band "${options.get('type')}"`, 'there are drop and dscp_remark');
  }
}

/**
 * A meter-mod from a line in the syntax of ovs-ofctl(8): `meter=1,kbps,band=type=drop,rate=1000`. The caller says the
 * command. Throws `LC_INVALID`.
 */
export function parseMeter(text: string, version: Version = 4, command: 'add' | 'modify' | 'delete' = 'add'): MeterMod {
  if (version === 1) throw badText('OpenFlow 1.0 has no meters');
  const [head = '', ...bandTexts] = text.split(/[\s,]*\bbands?\s*=/);
  let flags = 0;
  let meter_id: number | undefined;
  for (const { key, value = '' } of splitItems(head)) {
    if (key === 'meter') meter_id = reservedMeters[value] ?? parseInteger(value);
    else if (key in meterFlags) flags |= meterFlags[key as keyof typeof meterFlags];
    else throw badText(`a meter has no option "${key}"`);
  }
  if (meter_id === undefined) throw badText(`"${text.slice(0, 60)}" has no meter`);
  const bands = bandTexts.flatMap((one) => one.split(/(?=\btype\s*=)/)).filter((one) => one.trim() !== '');
  return { type: 'meter_mod', version, command, flags, meter_id, bands: bands.map(parseBand) };
}
