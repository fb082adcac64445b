import { list, measured, named, u8, u32 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { pad, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { noList } from './shared.js';

const tableProperties = properties([
  row(2, 'eviction', ['flags', u32]),
  row(3, 'vacancy', ['vacancy_down', u8], ['vacancy_up', u8], ['vacancy', u8, 0], pad(1)),
]);

/** OFPT_TABLE_MOD of 1.1 to 1.3. */
export const tableMod13 = [['table_id', u8], pad(3), ['config', u32, 0]] as const;
/** OFPT_TABLE_MOD of 1.4 and later. */
export const tableMod14 = [
  ['table_id', u8],
  pad(3),
  ['config', u32, 0],
  ['properties', tableProperties, noList],
] as const;

const tableDescription = measured(
  struct(['table_id', u8], pad(1), ['config', u32, 0], ['properties', tableProperties, noList]),
);

/** The reply to a table-desc request. */
export const tableDesc = list(tableDescription);

/** OFPT_TABLE_STATUS of 1.4 and later. */
export const tableStatus = [
  ['reason', named(u8, { vacancy_down: 3, vacancy_up: 4 })],
  pad(7),
  ['table', tableDescription],
] as const;
