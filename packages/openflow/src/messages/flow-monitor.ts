import { actionList } from '../actions/index.js';
import { type Kind, list, measured, named, port16, slotted, u8, u16, u32, u64 } from '../core/kinds.js';
import type { Reader } from '../core/reader.js';
import { pad, slot, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { variants } from '../core/variants.js';
import type { Writer } from '../core/writer.js';
import { instructionList } from '../instructions.js';
import { fieldList, type Match, oxmMatch } from '../oxm.js';
import { ALL_TABLES, flowRemovedReason, groups, noList, ports } from './shared.js';

/** A flow monitor request of 1.4 and later (section 7.3.5.17 of 1.4.1). */
export const flowMonitorRequest = list(
  struct(
    ['monitor_id', u32],
    ['out_port', u32, ports.any],
    ['out_group', u32, groups.any],
    ['flags', u16],
    ['table_id', u8, ALL_TABLES],
    ['command', named(u8, { add: 0, modify: 1, delete: 2 }), 'add'],
    ['match', oxmMatch, noList],
  ),
);

const full = [
  ['table_id', u8],
  ['reason', flowRemovedReason],
  ['idle_timeout', u16],
  ['hard_timeout', u16],
  ['priority', u16],
  pad(4),
  ['cookie', u64],
  ['match', oxmMatch],
  ['instructions', instructionList, noList],
] as const;

/** Updates of a flow monitor of 1.4 and later: length, event, what the event says. */
export const flowUpdates = list(
  measured(
    variants(u16, [
      row(0, 'initial', ...full),
      row(1, 'added', ...full),
      row(2, 'removed', ...full),
      row(3, 'modified', ...full),
      row(4, 'abbrev', ['xid', u32]),
      row(5, 'paused', pad(4)),
      row(6, 'resumed', pad(4)),
    ]),
  ),
);

const nxMatch = ['match', slotted(fieldList, true), noList] as const;

/** Nicira's flow monitor request. */
export const nxFlowMonitorRequest = list(
  struct(
    ['id', u32],
    ['flags', u16],
    ['out_port', port16, ports.any],
    slot,
    ['table_id', u8, ALL_TABLES],
    pad(5),
    nxMatch,
  ),
);

/** What an update of Nicira's and of ONF's flow monitor says before its match. */
const updateHead = [
  ['reason', u16],
  ['priority', u16],
  ['idle_timeout', u16],
  ['hard_timeout', u16],
  slot,
  ['table_id', u8],
  pad(1),
  ['cookie', u64],
] as const;

const nxFull = [...updateHead, nxMatch, ['actions', actionList, noList]] as const;

/** Updates of Nicira's flow monitor. */
export const nxFlowUpdates = list(
  measured(
    variants(u16, [
      row(0, 'added', ...nxFull),
      row(1, 'deleted', ...nxFull),
      row(2, 'modified', ...nxFull),
      row(3, 'abbrev', ['xid', u32]),
    ]),
  ),
);

/** The match of ONF's flow monitor, whose length stood in the last slot. */
export interface OnfMatch {
  readonly fields: Match;
  /** The fields stand alone, as EXT-187 has it, without the header of `struct ofp_match` that Open vSwitch writes. */
  readonly bare?: boolean;
}

const bareFields = slotted(fieldList, true);

/** The header of a match repeats the length that the slot says; no field that stands first says the same. */
function hasMatchHeader(r: Reader): boolean {
  const { at, bytes } = r;
  return r.left >= 4 && bytes[at] === 0 && bytes[at + 1] === 1 && ((bytes[at + 2]! << 8) | bytes[at + 3]!) === r.slot;
}

const onfMatch: Kind<OnfMatch> = {
  read: (r) => (hasMatchHeader(r) ? { fields: oxmMatch.read(r) } : { fields: bareFields.read(r), bare: true }),
  write: (w, { fields, bare = false }) => {
    if (bare) bareFields.write(w, fields);
    else writeHeaded(w, fields);
  },
};

function writeHeaded(w: Writer, fields: Match): void {
  const { slot, at } = w;
  oxmMatch.write(w, fields);
  w.patch16(slot, (w.bytes[at + 2]! << 8) | w.bytes[at + 3]!);
}

const onfMatchField = ['match', onfMatch, { fields: noList }] as const;

/** The request of ONF's flow monitor for 1.3. */
export const onfFlowMonitorRequest = list(
  struct(
    ['id', u32],
    ['flags', u16],
    slot,
    ['out_port', u32, ports.any],
    ['table_id', u8, ALL_TABLES],
    pad(3),
    onfMatchField,
  ),
);

const onfFull = [...updateHead, onfMatchField, ['instructions', instructionList, noList]] as const;

/** Updates of ONF's flow monitor. */
export const onfFlowUpdates = list(
  measured(
    variants(u16, [
      row(0, 'added', ...onfFull),
      row(1, 'deleted', ...onfFull),
      row(2, 'modified', ...onfFull),
      row(3, 'abbrev', ['xid', u32]),
    ]),
  ),
);
