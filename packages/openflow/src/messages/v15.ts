import { actionList } from '../actions/index.js';
import { measured, named, noBytes, rest, slotted, u8, u16, u32, u64 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { pad, slot, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { oxmMatch } from '../oxm.js';
import { stats } from '../oxs.js';
import { groupMod15 } from './groups.js';
import { controllerRole, role15 } from './roles.js';
import { flowRemovedReason, NO_BUFFER, noList } from './shared.js';
import { shared14and15 } from './v14.js';

/** `struct ofp_controller_status`. */
export const controllerStatus = measured(
  struct(
    ['short_id', u16],
    ['role', controllerRole],
    [
      'reason',
      named(u8, {
        request: 0,
        channel_status: 1,
        role: 2,
        controller_added: 3,
        controller_removed: 4,
        short_id: 5,
        experimenter: 6,
      }),
    ],
    ['channel_status', named(u8, { up: 0, down: 1 })],
    pad(6),
    ['properties', properties([row(0, 'uri', ['uri', rest])]), noList],
  ),
);

/** Messages of OpenFlow 1.5 (sections 7.3 to 7.5 of 1.5.1), except for multipart and experimenter messages. */
export const messages15 = [
  ...shared14and15,
  row(
    11,
    'flow_removed',
    ['table_id', u8, 0],
    ['reason', flowRemovedReason],
    ['priority', u16],
    ['idle_timeout', u16, 0],
    ['hard_timeout', u16, 0],
    ['cookie', u64, 0n],
    ['match', oxmMatch],
    ['stats', stats, noList],
  ),
  row(
    13,
    'packet_out',
    ['buffer_id', u32, NO_BUFFER],
    slot,
    pad(2),
    ['match', oxmMatch],
    ['actions', slotted(actionList), noList],
    ['data', rest, noBytes],
  ),
  row(15, 'group_mod', ...groupMod15),
  row(24, 'role_request', ...role15),
  row(25, 'role_reply', ...role15),
  row(35, 'controller_status', ['status', controllerStatus]),
] as const;
