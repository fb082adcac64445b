import { invalid } from '../core/errors.js';
import { type Kind, list, measured, u16, u32, u64 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { pad, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { noList } from './shared.js';

/** INTEL_VENDOR_ID: Open vSwitch puts what its netdevs count beyond the standard into properties of this experimenter. */
const INTEL = 0x0000_aa01;

/** A counter with a name that the netdev chose. */
export interface CustomCounter {
  /** Latin-1, at most 255 characters. */
  readonly name: string;
  readonly value: bigint;
}

const counterName: Kind<string> = {
  read: (r) => String.fromCharCode(...r.take(r.u8())),
  write: (w, name) => {
    if (/[^\0-\xff]/.test(name)) throw invalid(`the counter's name "${name}" has characters beyond Latin-1`);
    w.u8(name.length);
    w.put(Uint8Array.from(name, (character) => character.charCodeAt(0)));
  },
};
const customCounter: Kind<CustomCounter> = struct(['name', counterName], ['value', u64]);

/** A 16-bit count, then that many counters. */
const customCounters: Kind<readonly CustomCounter[]> = {
  read: (r) => Array.from({ length: r.u16() }, () => customCounter.read(r)),
  write: (w, counters) => {
    w.u16(counters.length);
    for (const counter of counters) customCounter.write(w, counter);
  },
};

/** Packets by size, and what was wrong with others (RFC 2819). */
const rfc2819 = [
  ['rx_1_to_64_packets', u64],
  ['rx_65_to_127_packets', u64],
  ['rx_128_to_255_packets', u64],
  ['rx_256_to_511_packets', u64],
  ['rx_512_to_1023_packets', u64],
  ['rx_1024_to_1522_packets', u64],
  ['rx_1523_to_max_packets', u64],
  ['tx_1_to_64_packets', u64],
  ['tx_65_to_127_packets', u64],
  ['tx_128_to_255_packets', u64],
  ['tx_256_to_511_packets', u64],
  ['tx_512_to_1023_packets', u64],
  ['tx_1024_to_1522_packets', u64],
  ['tx_1523_to_max_packets', u64],
  ['tx_multicast_packets', u64],
  ['rx_broadcast_packets', u64],
  ['tx_broadcast_packets', u64],
  ['rx_undersized_errors', u64],
  ['rx_oversize_errors', u64],
  ['rx_fragmented_errors', u64],
  ['rx_jabber_errors', u64],
] as const;

/** Behind 32 bits of experimenter and 32 of subtype. */
const intel = {
  experimenter: INTEL,
  subtypeSize: 4,
  rows: [row(1, 'intel_rfc2819', pad(4), ...rfc2819), row(2, 'intel_custom', pad(2), ['counters', customCounters])],
} as const;

const portStatsProperties = properties(
  [
    row(0, 'ethernet', pad(4), ['rx_frame_err', u64], ['rx_over_err', u64], ['rx_crc_err', u64], ['collisions', u64]),
    row(
      1,
      'optical',
      pad(4),
      ['flags', u32],
      ['tx_freq_lmda', u32],
      ['tx_offset', u32],
      ['tx_grid_span', u32],
      ['rx_freq_lmda', u32],
      ['rx_offset', u32],
      ['rx_grid_span', u32],
      ['tx_pwr', u16],
      ['rx_pwr', u16],
      ['bias_current', u16],
      ['temperature', u16],
    ),
  ],
  intel,
);

/** `struct ofp_port_stats` of 1.4 and later. */
export const portStats14 = list(
  measured(
    struct(
      pad(2),
      ['port_no', u32],
      ['duration_sec', u32, 0],
      ['duration_nsec', u32, 0],
      ['rx_packets', u64],
      ['tx_packets', u64],
      ['rx_bytes', u64],
      ['tx_bytes', u64],
      ['rx_dropped', u64],
      ['tx_dropped', u64],
      ['rx_errors', u64],
      ['tx_errors', u64],
      ['properties', portStatsProperties, noList],
    ),
  ),
);
