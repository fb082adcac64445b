import { type Kind, rest, u8, u16 } from '../core/kinds.js';
import { type PropertyOf, properties } from '../core/properties.js';
import { pad } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { noList } from './shared.js';

/** Addresses have 16 bytes; an IPv4 address is mapped into IPv6 (::ffff:0:0/96). */
const tupleRows = [
  row(0, 'source', ['address', rest]),
  row(1, 'destination', ['address', rest]),
  row(2, 'source_port', ['port', u16], pad(2)),
  row(3, 'destination_port', ['port', u16], pad(2)),
  row(4, 'icmp_id', ['id', u16], pad(2)),
  row(5, 'icmp_type', ['code', u8]),
  row(6, 'icmp_code', ['code', u8]),
] as const;

/** One direction of the connections to be flushed. */
export type CtTuple = readonly PropertyOf<typeof tupleRows>[];

const tuple: Kind<CtTuple> = properties(tupleRows);

/** NXT_CT_FLUSH: forget the tracked connections that match, in a zone or in all of them. */
export const ctFlush = [
  ['ip_proto', u8, 0],
  pad(7),
  [
    'properties',
    properties([
      row(0, 'original', pad(4), ['tuple', tuple]),
      row(1, 'reply', pad(4), ['tuple', tuple]),
      row(2, 'zone', ['zone_id', u16], pad(2)),
    ]),
    noList,
  ],
] as const;
