import { errorPairs } from '../core/errors.js';
import { type ExperimenterTable, experimenterMembers } from '../core/experimenter.js';
import { type Kind, u8, u16 } from '../core/kinds.js';
import type { Reader } from '../core/reader.js';
import { pad } from '../core/struct.js';
import { membersOf, type Row, type RowsEncodable, row, tlvFamily, type UnknownTlv } from '../core/tlv.js';
import type { Writer } from '../core/writer.js';
import { NICIRA, niciraActions, niciraBundleLoad, ONF, onfActions } from './nicira.js';
import { actions10, actions13, actions15 } from './standard.js';
import { type FieldReference, fieldReference } from './subfield.js';

/** An action of an experimenter that the tables do not know; `data` is what follows the experimenter's number. */
export interface ExperimenterAction {
  readonly type: 'experimenter';
  readonly experimenter: number;
  readonly data: Uint8Array;
}

/** Nicira's connection tracking action, which holds actions of its own. */
export interface CtAction {
  readonly type: 'nx_ct';
  readonly flags?: number;
  /** The field that the zone comes from; `unknown` with header 0: from `zone`. */
  readonly zone_src?: FieldReference;
  /** The zone itself, or the bits of `zone_src` packed as Nicira's ofs_nbits. */
  readonly zone?: number;
  /** The table in which a copy of the packet goes on; 255: none. */
  readonly recirc_table?: number;
  /** A port number, as 21 for the ftp helper; 0: none. */
  readonly alg?: number;
  readonly actions?: readonly Action[];
}

/** Nicira's clone action: the actions inside see a copy of the packet. */
export interface CloneAction {
  readonly type: 'nx_clone';
  readonly actions: readonly Action[];
}

/** One action, of any version. */
export type Action =
  | RowsEncodable<typeof actions10>
  | RowsEncodable<typeof actions13>
  | RowsEncodable<typeof actions15>
  | RowsEncodable<typeof niciraActions>
  | RowsEncodable<typeof niciraBundleLoad>
  | RowsEncodable<typeof onfActions>
  | CtAction
  | CloneAction
  | ExperimenterAction
  | UnknownTlv;

/** Actions up to the end of the part. */
export const actionList: Kind<readonly Action[]> = {
  read: (r) => {
    const family = families[r.version]!;
    const actions: Action[] = [];
    r.deeper();
    while (r.at < r.end) actions.push(family.read(r));
    r.shallower();
    return actions;
  },
  write: (w, actions) => {
    const family = families[w.version]!;
    for (let i = 0; i < actions.length; i++) family.write(w, actions[i]!);
  },
};

const noField: FieldReference = { field: 'unknown', header: 0 };

const nesting: readonly Row[] = [
  row(
    35,
    'nx_ct',
    ['flags', u16, 0],
    ['zone_src', fieldReference, noField],
    ['zone', u16, 0],
    ['recirc_table', u8, 255],
    pad(3),
    ['alg', u16, 0],
    ['actions', actionList, []],
  ),
  row(42, 'nx_clone', pad(6), ['actions', actionList]),
];

const experimenters: readonly ExperimenterTable[] = [
  { experimenter: NICIRA, subtypeSize: 2, rows: [...niciraActions, ...niciraBundleLoad, ...nesting] },
  { experimenter: ONF, subtypeSize: 2, rows: onfActions },
];

function family(rows: readonly Row[]): Kind<Action> {
  const members = new Map([...membersOf(rows), ...experimenterMembers(0xffff, experimenters)]);
  return tlvFamily(members, { lengthError: errorPairs.badActionLength, padding: 'inside' });
}

const of10 = family(actions10);
const of13 = family(actions13);
const of15 = family([...actions13, ...actions15]);
const families: readonly (Kind<Action> | undefined)[] = [undefined, of10, undefined, undefined, of13, of13, of15];

/** Actions whose length in bytes stands before them: 16 bits, then `padding` bytes. */
export function sizedActions(padding: number): Kind<readonly Action[]> {
  return {
    read: (r: Reader) => {
      const length = r.u16();
      r.pad(padding);
      const outer = r.enter(length);
      const actions = actionList.read(r);
      r.leave(outer);
      return actions;
    },
    write: (w: Writer, actions) => {
      const from = w.claim(2);
      w.zero(padding);
      const start = w.at;
      actionList.write(w, actions);
      w.patch16(from, w.at - start);
    },
  };
}
