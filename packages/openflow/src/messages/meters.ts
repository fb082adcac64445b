import { errorPairs } from '../core/errors.js';
import type { Kind } from '../core/kinds.js';
import { list, measured, measuredAt, named, optional, rest, u8, u16, u32, u64 } from '../core/kinds.js';
import { lengthGap, pad, struct } from '../core/struct.js';
import { membersOf, type RowsEncodable, row, tlvFamily, type UnknownTlv } from '../core/tlv.js';
import { meters, noList } from './shared.js';

const rates = [
  ['rate', u32],
  ['burst_size', u32, 0],
] as const;

const bands = [
  row(1, 'drop', ...rates, pad(4)),
  row(2, 'dscp_remark', ...rates, ['prec_level', u8], pad(3)),
  row(0xffff, 'experimenter', ...rates, ['experimenter', u32], ['data', rest]),
] as const;

/** A band of a meter (OpenFlow 1.3.5 section 7.3.4.5). */
export type MeterBand = RowsEncodable<typeof bands> | UnknownTlv;

const band: Kind<MeterBand> = tlvFamily(membersOf(bands), { lengthError: errorPairs.badMeterBand, padding: 'none' });

/** Bits of `flags` of a meter. */
export const meterFlags = { kbps: 1, pktps: 2, burst: 4, stats: 8 } as const;

const meterBody = [
  ['flags', u16, meterFlags.kbps],
  ['meter_id', u32],
  ['bands', list(band), noList],
] as const;

/** OFPT_METER_MOD. */
export const meterMod = [['command', named(u16, { add: 0, modify: 1, delete: 2 }), 'add'], ...meterBody] as const;

/** A request that names a meter. */
export const meterRequest = struct(['meter_id', u32, meters.all], pad(4));

/** `struct ofp_meter_config` (1.5: `ofp_meter_desc`). */
export const meterConfig = list(measured(struct(...meterBody)));

/** `struct ofp_meter_stats`. */
export const meterStats = list(
  measuredAt(
    4,
    struct(
      ['meter_id', u32],
      lengthGap,
      pad(6),
      ['flow_count', u32],
      ['packet_in_count', u64],
      ['byte_in_count', u64],
      ['duration_sec', u32],
      ['duration_nsec', u32],
      ['band_stats', list(struct(['packet_band_count', u64], ['byte_band_count', u64]))],
    ),
  ),
);

const features = [
  ['max_meter', u32],
  ['band_types', u32],
  ['capabilities', u32],
  ['max_bands', u8],
  ['max_color', u8],
  pad(2),
] as const;

/** `struct ofp_meter_features` of 1.3 and 1.4. */
export const meterFeatures13 = struct(...features);
/** `struct ofp_meter_features` of 1.5. Open vSwitch leaves the last part out. */
export const meterFeatures15 = struct(...features, [
  'extended',
  optional(struct(['features', u32], pad(4))),
  undefined,
]);
