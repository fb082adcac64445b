import { u16 } from '../core/kinds.js';
import { pad } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { asyncProperties } from './async.js';
import { bundleAdd, bundleControl } from './bundles.js';
import { embedded } from './embedded.js';
import { groupMod13 } from './groups.js';
import { port14, portMod14 } from './ports14.js';
import { role13, roleStatus } from './roles.js';
import { portReason } from './shared.js';
import { tableMod14, tableStatus } from './tables14.js';
import { flowHead, flowRemoved13, flowTail, packetOut13, shared13to15 } from './v13.js';

/** Messages that 1.4 and 1.5 share. */
export const shared14and15 = [
  ...shared13to15,
  row(12, 'port_status', ['reason', portReason], pad(7), ['desc', port14]),
  row(14, 'flow_mod', ...flowHead, ['importance', u16, 0], ...flowTail),
  row(16, 'port_mod', ...portMod14),
  row(17, 'table_mod', ...tableMod14),
  row(27, 'get_async_reply', ...asyncProperties),
  row(28, 'set_async', ...asyncProperties),
  row(30, 'role_status', ...roleStatus),
  row(31, 'table_status', ...tableStatus),
  row(32, 'requestforward', ['request', embedded]),
  row(33, 'bundle_control', ...bundleControl),
  row(34, 'bundle_add_message', ...bundleAdd),
] as const;

/** Messages of OpenFlow 1.4 (sections 7.3 to 7.5 of 1.4.1), except for multipart and experimenter messages. */
export const messages14 = [
  ...shared14and15,
  flowRemoved13,
  packetOut13,
  row(15, 'group_mod', ...groupMod13),
  row(24, 'role_request', ...role13),
  row(25, 'role_reply', ...role13),
] as const;
