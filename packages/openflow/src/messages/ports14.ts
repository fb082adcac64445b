import { list, mac, measuredAt, text, u16, u32 } from '../core/kinds.js';
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
