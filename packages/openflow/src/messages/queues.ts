import { errorPairs } from '../core/errors.js';
import { type Kind, list, measured, measuredAt, port16, rest, u16, u32, u64 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { lengthGap, pad, struct } from '../core/struct.js';
import { membersOf, type RowsEncodable, row, tlvFamily, type UnknownTlv } from '../core/tlv.js';
import { ALL_QUEUES, noList, ports } from './shared.js';

const queueProperties = [
  row(1, 'min_rate', pad(4), ['rate', u16]),
  row(2, 'max_rate', pad(4), ['rate', u16]),
  row(0xffff, 'experimenter', pad(4), ['experimenter', u32], pad(4), ['data', rest]),
] as const;

/** A property of a queue in 1.0 to 1.3 (OpenFlow 1.3.5 section 7.2.2). */
export type QueueProperty = RowsEncodable<typeof queueProperties> | UnknownTlv;

const queueProperty: Kind<QueueProperty> = tlvFamily(membersOf(queueProperties), {
  lengthError: errorPairs.badLength,
  padding: 'inside',
});

const packetQueue10 = measuredAt(
  4,
  struct(['queue_id', u32], lengthGap, pad(2), ['properties', list(queueProperty), noList]),
);
const packetQueue13 = measuredAt(
  8,
  struct(['queue_id', u32], ['port', u32], lengthGap, pad(6), ['properties', list(queueProperty), noList]),
);

export const queueConfigRequest10 = [['port', port16], pad(2)] as const;
export const queueConfigReply10 = [['port', port16], pad(6), ['queues', list(packetQueue10), noList]] as const;
export const queueConfigRequest13 = [['port', u32, ports.any], pad(4)] as const;
export const queueConfigReply13 = [['port', u32], pad(4), ['queues', list(packetQueue13), noList]] as const;

/** A request that names a queue of a port, 1.3 and later. */
export const queueRequest = struct(['port_no', u32, ports.any], ['queue_id', u32, ALL_QUEUES]);

const counters = [
  ['port_no', u32],
  ['queue_id', u32],
  ['tx_bytes', u64],
  ['tx_packets', u64],
  ['tx_errors', u64],
  ['duration_sec', u32, 0],
  ['duration_nsec', u32, 0],
] as const;

/** `struct ofp_queue_stats` of 1.3. */
export const queueStats13 = list(struct(...counters));
/** `struct ofp_queue_stats` of 1.4 and later. */
export const queueStats14 = list(measured(struct(pad(6), ...counters, ['properties', properties([]), noList])));

const descProperties = properties([
  row(1, 'min_rate', ['rate', u16], pad(2)),
  row(2, 'max_rate', ['rate', u16], pad(2)),
]);

/** `struct ofp_queue_desc` of 1.4 and later. */
export const queueDesc = list(
  measuredAt(8, struct(['port_no', u32], ['queue_id', u32], lengthGap, pad(6), ['properties', descProperties, noList])),
);
