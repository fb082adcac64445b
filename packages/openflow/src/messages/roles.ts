import { named, u8, u16, u32, u64 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { pad } from '../core/struct.js';
import { noList } from './shared.js';

export const controllerRole = named(u32, { nochange: 0, equal: 1, master: 2, slave: 3 });

/** `generation_id` of a role request that uses none. */
export const ANY_GENERATION = 0xffff_ffff_ffff_ffffn;

/** OFPT_ROLE_REQUEST and OFPT_ROLE_REPLY of 1.2 to 1.4 (section 7.3.9 of 1.3.5). */
export const role13 = [['role', controllerRole], pad(4), ['generation_id', u64, ANY_GENERATION]] as const;

/** OFPT_ROLE_REQUEST and OFPT_ROLE_REPLY of 1.5. */
export const role15 = [
  ['role', controllerRole],
  ['short_id', u16, 0],
  pad(2),
  ['generation_id', u64, ANY_GENERATION],
] as const;

/** OFPT_ROLE_STATUS (section 7.4.4 of 1.4.1), also of ONF's extension to 1.3 (EXT-191). */
export const roleStatus = [
  ['role', controllerRole],
  ['reason', named(u8, { master_request: 0, config: 1, experimenter: 2 })],
  pad(3),
  ['generation_id', u64, 0n],
  ['properties', properties([]), noList],
] as const;
