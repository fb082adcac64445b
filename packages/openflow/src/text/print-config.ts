import { formatMac } from '@linecard/wire';
import { ANY_GENERATION } from '../messages/roles.js';
import { ALL_TABLES } from '../messages/shared.js';
import type { MessageOf, ReplyBody } from '../messages/types.js';
import { formatBitNames } from './bit-names.js';
import { configNames, featureNames } from './print-ports.js';
import { formatPort, toBytes } from './values.js';

const fragmentModes = ['normal', 'drop', 'reassemble', 'nx-match'];
const INVALID_TTL_TO_CONTROLLER = 4;

/** Switch configuration. Versions after 1.2 have no flag for packets whose TTL ran out. */
export function formatConfig(m: MessageOf<'set_config'> | MessageOf<'get_config_reply'>): string {
  const invalidTtl = m.version === 1 && (m.flags & INVALID_TTL_TO_CONTROLLER) !== 0 ? ' invalid_ttl_to_controller' : '';
  return ` frags=${fragmentModes[m.flags & 3]}${invalidTtl} miss_send_len=${m.miss_send_len}`;
}

function advertised(m: MessageOf<'port_mod'>): number {
  return m.advertise ?? m.properties?.find((property) => property.type === 'ethernet')?.advertise ?? 0;
}

/** A port-mod behind the header. */
export function formatPortMod(m: MessageOf<'port_mod'>): string {
  const bits = advertised(m);
  const config = configNames(m.version);
  const known = config.reduce((all, name, bit) => (name === '' ? all : all | (1 << bit)), 0);
  return [
    ` port: ${formatPort(m.port_no)}: addr:${formatMac(toBytes(BigInt(m.hw_addr), 6))}`,
    `     config: ${formatBitNames(m.config & known, config)}`,
    `     mask:   ${formatBitNames(m.mask & known, config)}`,
    `     advertise: ${bits === 0 ? 'UNCHANGED' : formatBitNames(bits, featureNames(m.version))}`,
  ].join('\n');
}

const EVICTION = 4;
const VACANCY_EVENTS = 8;
const onOff = (on: boolean): string => (on ? 'on' : 'off');

type TableDescription = ReplyBody<'table_desc'>[number];
type TableProperties = TableDescription['properties'];

function vacancyOf(properties: TableProperties) {
  const found = properties.find((property) => property.type === 'vacancy');
  return { down: found?.vacancy_down ?? 0, up: found?.vacancy_up ?? 0, now: found?.vacancy ?? 0 };
}

function evictionFlags(properties: TableProperties): number | undefined {
  return properties.find((property) => property.type === 'eviction')?.flags;
}

/** A table-mod behind the header: its words begin with version 1.4. */
export function formatTableMod(m: MessageOf<'table_mod'>): string {
  const table = m.table_id === ALL_TABLES ? ' table_id: ALL_TABLES' : ` table_id=${m.table_id}`;
  if (m.properties === undefined) return table;
  const flags = evictionFlags(m.properties);
  const { down, up } = vacancyOf(m.properties);
  const vacancy = (m.config & VACANCY_EVENTS) !== 0;
  const eviction = flags === undefined ? onOff((m.config & EVICTION) !== 0) : evictionWord(flags);
  return [
    table,
    ...(eviction === '' ? [] : [`eviction=${eviction}`]),
    `vacancy=${onOff(vacancy)}${vacancy ? ` vacancy:${down},${up}` : ''}`,
  ].join(', ');
}

/** Open vSwitch takes the flags of an eviction property for whether to evict at all, and prints that. */
function evictionWord(flags: number): string {
  return ['', 'on', 'off'][flags] ?? '***error***';
}

const evictionNames = ['OTHER', 'IMPORTANCE', 'LIFETIME'];

/** A table as `ovs-ofctl dump-table-desc` prints it: three lines. */
export function formatTableDescription({ table_id, config, properties }: TableDescription): string {
  const flags = evictionFlags(properties);
  const names = flags === undefined ? '(default)' : formatBitNames(flags, evictionNames, '|');
  const { down, up, now } = vacancyOf(properties);
  const on = (config & VACANCY_EVENTS) !== 0;
  const limits = on ? ` vacancy_down=${down}% vacancy_up=${up}% vacancy=${now}%` : '';
  return [
    `  table ${table_id}:`,
    `   eviction=${onOff((config & EVICTION) !== 0)} eviction_flags=${names}`,
    `   vacancy=${onOff(on)}${limits}`,
  ].join('\n');
}

/** A table-status behind the header. */
export function formatTableStatus(m: MessageOf<'table_status'>): string {
  return ` reason=${String(m.reason).toUpperCase()}\ntable_desc:-\n${formatTableDescription(m.table)}`;
}

const roles: Readonly<Record<string, string>> = { master: 'primary', slave: 'secondary', other: 'equal' };
const role = (name: string | number): string => ` role=${roles[name] ?? name}`;
const generation = (id: bigint, shown: boolean): string => (shown ? ` generation_id=${id}` : '');

/** A role request or reply behind the header. */
export function formatRole(m: MessageOf<'role_request'> | MessageOf<'role_reply'>): string {
  const shown = m.generation_id !== ANY_GENERATION && !(m.type === 'role_request' && m.role === 'nochange');
  return role(m.role) + generation(m.generation_id, shown);
}

/** A role request or reply of Nicira's behind the header. */
export function formatNxRole(m: MessageOf<'nx_role_request'> | MessageOf<'nx_role_reply'>): string {
  return role(m.role);
}

const statusReasons: Readonly<Record<string, string>> = {
  master_request: 'primary_request',
  config: 'configuration_changed',
  experimenter: 'experimenter_data_changed',
};

/** A role status behind the header. */
export function formatRoleStatus(m: MessageOf<'role_status'> | MessageOf<'onf_role_status'>): string {
  const shown = m.generation_id !== ANY_GENERATION;
  return `${role(m.role)}${generation(m.generation_id, shown)} reason=${statusReasons[m.reason] ?? m.reason}`;
}
