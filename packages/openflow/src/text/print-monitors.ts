import type { Action } from '../actions/index.js';
import type { Instruction } from '../instructions.js';
import { ALL_TABLES, groups, ports } from '../messages/shared.js';
import type { ReplyBody, RequestBody } from '../messages/types.js';
import type { Match } from '../oxm.js';
import { formatActions, formatInstructions } from './action-format.js';
import { formatBitNames } from './bit-names.js';
import { formatMatch } from './match-format.js';
import { removedReason } from './print-flows.js';
import { formatPort } from './values.js';

type AnyRequest =
  | RequestBody<'flow_monitor'>[number]
  | RequestBody<'nx_flow_monitor'>[number]
  | RequestBody<'onf_flow_monitor'>[number];
type AnyUpdate =
  | ReplyBody<'flow_monitor'>[number]
  | ReplyBody<'nx_flow_monitor'>[number]
  | ReplyBody<'onf_flow_monitor'>[number];

/** A match that some versions wrap. */
type WrappedMatch = Match | { readonly fields: Match };
const fieldsOf = (match: WrappedMatch): Match => ('fields' in match ? match.fields : match);

const niciraFlags = ['initial', 'add', 'delete', 'modify', 'actions', 'own'];
const flags14 = ['initial', 'add', 'delete', 'modify', 'actions', 'no-abbrev', 'own'];

/** A request of a flow monitor, one line. */
export function formatMonitorRequest(request: AnyRequest, version: number): string {
  if (!('monitor_id' in request)) return `\n id=${request.id}${wanted(request, niciraFlags, version)}`;
  const { monitor_id: id, out_group: group, command } = request;
  if (command === 'delete') return `\n id=${id} command=delete`;
  return `\n id=${id}${wanted(request, flags14, version, group === groups.any ? '' : ` out_group=${group}`)}`;
}

/** Which flows are to be watched, and for what. */
function wanted(request: AnyRequest, flagNames: readonly string[], version: number, group = ''): string {
  const match = formatMatch(fieldsOf(request.match), { version });
  return [
    ` flags=${formatBitNames(request.flags, flagNames, ',')}`,
    request.out_port === ports.any ? '' : ` out_port=${formatPort(request.out_port)}`,
    group,
    request.table_id === ALL_TABLES ? '' : ` table=${request.table_id}`,
    match === '' ? '' : ` ${match}`,
  ].join('');
}

interface FullUpdate {
  readonly type: string;
  readonly reason: number | string;
  readonly table_id: number;
  readonly idle_timeout: number;
  readonly hard_timeout: number;
  readonly cookie: bigint;
  readonly priority: number;
  readonly match: WrappedMatch;
  readonly actions?: readonly Action[];
  readonly instructions?: readonly Instruction[];
}

function fullUpdate(update: FullUpdate, version: number): string {
  const { type, actions = [], instructions = [] } = update;
  const event = type === 'removed' ? 'DELETED' : type.toUpperCase();
  const match = formatMatch(fieldsOf(update.match), { version });
  const done =
    instructions.length > 0 ? formatInstructions(instructions, { version }) : formatActions(actions, { version });
  return [
    ` event=${event}`,
    event === 'DELETED' ? ` reason=${removedReason(update.reason)}` : '',
    ` table=${update.table_id}`,
    update.idle_timeout === 0 ? '' : ` idle_timeout=${update.idle_timeout}`,
    update.hard_timeout === 0 ? '' : ` hard_timeout=${update.hard_timeout}`,
    ` cookie=0x${update.cookie.toString(16)}`,
    match === '' ? '' : ` ${match}`,
    actions.length + instructions.length === 0 ? '' : ` actions=${done}`,
  ].join('');
}

/** What a flow monitor reports, one line. */
export function formatUpdate(update: AnyUpdate, version: number): string {
  switch (update.type) {
    case 'abbrev':
      return `\n event=ABBREV xid=0x${(update.xid ?? 0).toString(16)}`;
    case 'paused':
    case 'resumed':
      return `\n event=${update.type.toUpperCase()}`;
    case 'unknown':
      return `\n event=${update.code}`;
    default:
      return `\n${fullUpdate(update as FullUpdate, version)}`;
  }
}
