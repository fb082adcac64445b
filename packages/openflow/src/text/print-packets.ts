import { toHex } from '@linecard/wire';
import { NO_BUFFER } from '../messages/shared.js';
import type { MessageOf } from '../messages/types.js';
import type { Match } from '../oxm.js';
import { formatActions } from './action-format.js';
import { formatMatch } from './match-format.js';
import { formatPort } from './values.js';

/** One line about a packet's bytes, for those who can look into them; see `formatMessage`. */
export type PacketPrinter = (packet: Uint8Array) => string;

interface PacketIn {
  readonly version: number;
  readonly buffer_id: number;
  readonly total_len: number;
  readonly reason: string | number;
  readonly table_id?: number;
  readonly cookie?: bigint;
  readonly match: Match;
  readonly data: Uint8Array;
}

const noCookie = 0xffff_ffff_ffff_ffffn;
const hex = (value: number | bigint, digits = 1): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** The line about the packet, on a line of its own. */
function packetLine(packet: Uint8Array, print: PacketPrinter | undefined): string {
  return print === undefined ? '' : `\n${print(packet)}`;
}

function lengths({ buffer_id: buffer, total_len: total, data }: PacketIn): string {
  if (buffer === NO_BUFFER) return `(unbuffered)${data.length === total ? '' : ' (***total_len != data_len***)'}`;
  return `buffer=${hex(buffer, 8)}${data.length > total ? ' (***total_len < data_len***)' : ''}`;
}

function headLine(message: PacketIn): string {
  const { version, total_len: total, data, cookie = noCookie, table_id: table = 0 } = message;
  const match = formatMatch(message.match, { version });
  return [
    '',
    ...(table === 0 ? [] : [`table_id=${table}`]),
    ...(cookie === noCookie ? [] : [`cookie=${hex(cookie)}`]),
    `total_len=${total}`,
    match,
    `(via ${message.reason}) data_len=${data.length}`,
    lengths(message),
  ].join(' ');
}

/** A packet-in behind the header. */
export function formatPacketIn(message: PacketIn, print: PacketPrinter | undefined): string {
  return headLine(message) + packetLine(message.data, print);
}

type PacketIn2 = MessageOf<'nx_packet_in2'> | MessageOf<'nx_resume'>;
type Property = PacketIn2['properties'][number];

/** A packet-in made of properties, behind the header. What a switch put into its continuation is its own affair. */
export function formatPacketIn2(message: PacketIn2, print: PacketPrinter | undefined): string {
  const get = <T extends Property['type']>(type: T) =>
    message.properties.find((one): one is Extract<Property, { readonly type: T }> => one.type === type);
  const data = get('packet')?.data ?? new Uint8Array(0);
  const userdata = get('userdata')?.userdata ?? new Uint8Array(0);
  const head = headLine({
    version: message.version,
    buffer_id: get('buffer_id')?.buffer_id ?? NO_BUFFER,
    total_len: get('full_len')?.full_len ?? data.length,
    reason: get('reason')?.reason ?? 'no_match',
    table_id: get('table_id')?.table_id ?? 0,
    cookie: get('cookie')?.cookie ?? noCookie,
    match: get('metadata')?.match ?? [],
    data,
  });
  const extra = userdata.length === 0 ? '' : `\n userdata=${toHex(userdata, '.')}`;
  return head + extra + packetLine(data, print);
}

/** A packet-out behind the header. */
export function formatPacketOut(message: MessageOf<'packet_out'>, print: PacketPrinter | undefined): string {
  const { version, buffer_id: buffer, in_port: port, match = [], data } = message;
  const from = port === undefined ? formatMatch(match, { version }) : `in_port=${formatPort(port)}`;
  const actions = formatActions(message.actions, { version });
  if (buffer !== NO_BUFFER) return ` ${from} actions=${actions} buffer=${hex(buffer, 8)}`;
  return ` ${from} actions=${actions} data_len=${data.length}${data.length === 0 ? '' : packetLine(data, print)}`;
}
