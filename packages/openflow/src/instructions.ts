import { type Action, actionList } from './actions/index.js';
import { errorPairs } from './core/errors.js';
import { experimenterMembers } from './core/experimenter.js';
import { type Kind, u8, u32, u64 } from './core/kinds.js';
import { pad } from './core/struct.js';
import { membersOf, type Row, type RowsEncodable, row, tlvFamily, type UnknownTlv } from './core/tlv.js';
import { stats } from './oxs.js';

/** Instructions of OpenFlow 1.3 (section 7.2.4 of 1.5.1). Trailing zeros follow from the length. */
const instructions13 = [
  row(1, 'goto_table', ['table_id', u8]),
  row(2, 'write_metadata', pad(4), ['metadata', u64], ['metadata_mask', u64, 0xffff_ffff_ffff_ffffn]),
  row(3, 'write_actions', pad(4), ['actions', actionList]),
  row(4, 'apply_actions', pad(4), ['actions', actionList]),
  row(5, 'clear_actions'),
  row(6, 'meter', ['meter_id', u32]),
] as const;

/** What 1.5 has instead of the meter instruction (section 7.2.5 of 1.5.1). */
const instructions15 = [row(7, 'stat_trigger', ['flags', u32], ['thresholds', stats])] as const;

/** An instruction of an experimenter; `data` is what follows the experimenter's number. */
export interface ExperimenterInstruction {
  readonly type: 'experimenter';
  readonly experimenter: number;
  readonly data: Uint8Array;
}

/** One instruction of a flow. */
export type Instruction =
  | RowsEncodable<typeof instructions13>
  | RowsEncodable<typeof instructions15>
  | ExperimenterInstruction
  | UnknownTlv;

function family(rows: readonly Row[]): Kind<Instruction> {
  const members = new Map([...membersOf(rows), ...experimenterMembers(0xffff, [])]);
  return tlvFamily(members, { lengthError: errorPairs.badInstructionLength, padding: 'inside' });
}

const of13 = family(instructions13);
const of15 = family([...instructions13, ...instructions15]);

/** Instructions up to the end of the part. */
export const instructionList: Kind<readonly Instruction[]> = {
  read: (r) => {
    const family = r.version === 6 ? of15 : of13;
    const instructions: Instruction[] = [];
    while (r.at < r.end) instructions.push(family.read(r));
    return instructions;
  },
  write: (w, instructions) => {
    const family = w.version === 6 ? of15 : of13;
    for (let i = 0; i < instructions.length; i++) family.write(w, instructions[i]!);
  },
};

/** The instructions of a flow that does nothing but apply `actions` at once: what OpenFlow 1.0 calls its actions. */
export function applyActions(actions: readonly Action[]): readonly Instruction[] {
  return actions.length === 0 ? [] : [{ type: 'apply_actions', actions }];
}
