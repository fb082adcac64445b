import type { FieldId } from '../messages/field-id.js';
import type { ReplyBody } from '../messages/types.js';
import { fieldNames, foldNames } from './field-names.js';
import { actionNames } from './print-features.js';

type Features = ReplyBody<'table_features'>[number];
type Stats = ReplyBody<'table'>[number];

/** What packets of a table can meet: those that hit a flow, or those that miss all. */
export interface Path {
  readonly instructions: string;
  readonly next: readonly number[];
  /** Action names and the fields that may be set, of the action set and at once. */
  readonly write: ActionFeatures;
  readonly apply: ActionFeatures;
}

/** Names of actions and of the fields that they may set. */
export interface ActionFeatures {
  readonly actions: string;
  readonly fields: string;
}

/** What is compared and printed of a table. */
export interface Table {
  readonly id: number;
  readonly name: string;
  readonly stats: string;
  readonly head: readonly string[];
  readonly hit: Path;
  readonly miss: Path;
  readonly matching: readonly string[];
}

/** The path of tables that say nothing about it. */
export const noPath: Path = {
  instructions: '',
  next: [],
  write: { actions: '', fields: '' },
  apply: { actions: '', fields: '' },
};

const instructionNames: readonly (readonly [code: number, name: string])[] = [
  [6, 'meter'],
  [4, 'apply_actions'],
  [5, 'clear_actions'],
  [3, 'write_actions'],
  [2, 'write_metadata'],
  [1, 'goto_table'],
];

function instructionsText(codes: readonly number[]): string {
  return instructionNames
    .filter(([code]) => codes.includes(code))
    .map(([, name]) => name)
    .join(' ');
}

/** Lists in properties, by the name of the property. */
interface Lists {
  readonly ids?: readonly { readonly code: number }[];
  readonly tables?: readonly number[];
  readonly fields?: readonly FieldId[];
}

function readLists(table: Features): ReadonlyMap<string, Lists> {
  return new Map(table.properties.map((property) => [property.type, property as Lists]));
}

function actionFeatures(lists: (name: string) => Lists, kind: 'write' | 'apply'): ActionFeatures {
  const bits = (lists(`${kind}_actions`).ids ?? []).reduce((all, { code }) => (code < 32 ? all | (1 << code) : all), 0);
  return {
    actions: actionNames(bits, 4),
    fields: foldNames(fieldNames(lists(`${kind}_setfield`).fields ?? [])),
  };
}

function pathOf(properties: ReadonlyMap<string, Lists>, suffix: '' | '_miss'): Path {
  // What is not said of a miss is as for a hit.
  const lists = (name: string): Lists => properties.get(name + suffix) ?? properties.get(name) ?? {};
  return {
    instructions: instructionsText((lists('instructions').ids ?? []).map(({ code }) => code)),
    next: [...(lists('next_tables').tables ?? [])].sort((a, b) => a - b),
    write: actionFeatures(lists, 'write'),
    apply: actionFeatures(lists, 'apply'),
  };
}

/** Fields by how freely they can be matched. */
function matchingLines(match: readonly FieldId[], wildcards: readonly FieldId[]): string[] {
  const masked = match.filter((id) => id.masked === true);
  const maskedNames = new Set(fieldNames(masked));
  const wild = new Set(fieldNames(wildcards));
  const rest = match.filter((id) => !maskedNames.has(fieldNames([id])[0] ?? ''));
  const isWild = (id: FieldId): boolean => wild.has(fieldNames([id])[0] ?? '');
  const line = (label: string, ids: readonly FieldId[]): string[] => {
    const names = foldNames(fieldNames(ids));
    return names === '' ? [] : [`      ${label}: ${names}`];
  };
  return [
    ...line('arbitrary mask', masked),
    ...line('exact match or wildcard', rest.filter(isWild)),
    ...line(
      'must exact match',
      rest.filter((id) => !isWild(id)),
    ),
  ];
}

const EVICTION = 4;
const VACANCY_EVENTS = 8;
const alternateHex = (value: bigint): string => (value === 0n ? '0' : `0x${value.toString(16)}`);

function headOf(table: Features, version: number): string[] {
  const { metadata_match: match, metadata_write: write, config, max_entries } = table;
  const supported = (bit: number): string => ((config & bit) === 0 ? 'not supported' : 'supported');
  return [
    ...(match === 0n && write === 0n
      ? []
      : [`    metadata: match=${alternateHex(match)} write=${alternateHex(write)}`]),
    ...(version < 5
      ? []
      : [`    eviction: ${supported(EVICTION)}`, `    vacancy events: ${supported(VACANCY_EVENTS)}`]),
    ...(max_entries === 0 ? [] : [`    max_entries=${max_entries}`]),
  ];
}

/** What a table can do. */
export function tableOf(features: Features, version: number): Table {
  const lists = readLists(features);
  return {
    id: features.table_id,
    name: features.name,
    stats: '',
    head: headOf(features, version),
    hit: pathOf(lists, ''),
    miss: pathOf(lists, '_miss'),
    matching: matchingLines(lists.get('match')?.fields ?? [], lists.get('wildcards')?.fields ?? []),
  };
}

/** Which fields the bits of OpenFlow 1.0's wildcards mean; some take six bits. */
const wildcards10: readonly (readonly [mask: number, field: FieldId['field']])[] = [
  [1, 'in_port'],
  [1 << 1, 'vlan_vid'],
  [1 << 2, 'eth_src'],
  [1 << 3, 'eth_dst'],
  [1 << 4, 'eth_type'],
  [1 << 5, 'ip_proto'],
  [1 << 6, 'tcp_src'],
  [1 << 7, 'tcp_dst'],
  [0x3f << 8, 'ipv4_src'],
  [0x3f << 14, 'ipv4_dst'],
  [1 << 20, 'vlan_pcp'],
  [1 << 21, 'nw_tos'],
];

/** What a table has counted; 1.0 says here what it can match, too. */
export function statsOf(stats: Stats): Table {
  const { wildcards = 0, max_entries = 0 } = stats;
  const fields = wildcards10.filter(([mask]) => (wildcards & mask) !== 0);
  const ids = fields.map(([, field]): FieldId => ({ field, ...(field === 'in_port' ? { as: 'NXM_OF_IN_PORT' } : {}) }));
  return {
    id: stats.table_id,
    name: stats.name ?? '',
    stats: `    active=${stats.active_count}, lookup=${stats.lookup_count}, matched=${stats.matched_count}`,
    head: max_entries === 0 ? [] : [`    max_entries=${max_entries}`],
    hit: noPath,
    miss: noPath,
    matching: matchingLines(ids, ids),
  };
}
