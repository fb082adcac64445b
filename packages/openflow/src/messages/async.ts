import { rest, u32 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { row } from '../core/tlv.js';
import { noList } from './shared.js';

/** The asynchronous messages wanted, as bits by reason: first for equal and master, then for slave (section 7.3.10). */
export const async13 = [
  ['packet_in_master', u32, 0],
  ['packet_in_slave', u32, 0],
  ['port_status_master', u32, 0],
  ['port_status_slave', u32, 0],
  ['flow_removed_master', u32, 0],
  ['flow_removed_slave', u32, 0],
] as const;

const mask = ['mask', u32] as const;

/** The properties that say which asynchronous messages are wanted, of 1.4 and later; 12 to 15 are of 1.5. */
export const asyncProperties = [
  [
    'properties',
    properties([
      row(0, 'packet_in_slave', mask),
      row(1, 'packet_in_master', mask),
      row(2, 'port_status_slave', mask),
      row(3, 'port_status_master', mask),
      row(4, 'flow_removed_slave', mask),
      row(5, 'flow_removed_master', mask),
      row(6, 'role_status_slave', mask),
      row(7, 'role_status_master', mask),
      row(8, 'table_status_slave', mask),
      row(9, 'table_status_master', mask),
      row(10, 'requestforward_slave', mask),
      row(11, 'requestforward_master', mask),
      row(12, 'flow_stats_slave', mask),
      row(13, 'flow_stats_master', mask),
      row(14, 'cont_status_slave', mask),
      row(15, 'cont_status_master', mask),
      row(0xfffe, 'experimenter_slave', ['experimenter', u32], ['data', rest]),
    ]),
    noList,
  ],
] as const;
