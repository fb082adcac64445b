import { list, mac, measured, measuredAt, text, u16, u32, u64 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { lengthGap, pad, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { fieldId } from './field-id.js';
import { noList } from './shared.js';

const portProperties = properties([
  row(
    0,
    'ethernet',
    pad(4),
    ['curr', u32, 0],
    ['advertised', u32, 0],
    ['supported', u32, 0],
    ['peer', u32, 0],
    ['curr_speed', u32, 0],
    ['max_speed', u32, 0],
  ),
  row(
    1,
    'optical',
    pad(4),
    ['supported', u32],
    ['tx_min_freq_lmda', u32],
    ['tx_max_freq_lmda', u32],
    ['tx_grid_freq_lmda', u32],
    ['rx_min_freq_lmda', u32],
    ['rx_max_freq_lmda', u32],
    ['rx_grid_freq_lmda', u32],
    ['tx_pwr_min', u16],
    ['tx_pwr_max', u16],
  ),
  row(2, 'pipeline_input', ['fields', list(fieldId)]),
  row(3, 'pipeline_output', ['fields', list(fieldId)]),
  row(4, 'recirculate', ['port_nos', list(u32)]),
]);

/** `struct ofp_port` of 1.4 and later (section 7.2.1 of 1.4.1; the pipeline properties are of 1.5). */
export const port14 = measuredAt(
  4,
  struct(
    ['port_no', u32],
    lengthGap,
    pad(2),
    ['hw_addr', mac],
    pad(2),
    ['name', text(16)],
    ['config', u32, 0],
    ['state', u32, 0],
    ['properties', portProperties, noList],
  ),
);

const portModProperties = properties([
  row(0, 'ethernet', ['advertise', u32]),
  row(1, 'optical', ['configure', u32], ['freq_lmda', u32], ['fl_offset', u32], ['grid_span', u32], ['tx_pwr', u32]),
]);

/** OFPT_PORT_MOD of 1.4 and later. */
export const portMod14 = [
  ['port_no', u32],
  pad(4),
  ['hw_addr', mac],
  pad(2),
  ['config', u32, 0],
  ['mask', u32, 0],
  ['properties', portModProperties, noList],
] as const;

const portStatsProperties = properties([
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
]);

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
