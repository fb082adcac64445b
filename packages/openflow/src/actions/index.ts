import { errorPairs } from '../core/errors.js';
import { experimenterMembers } from '../core/experimenter.js';
import type { Kind } from '../core/kinds.js';
import type { Reader } from '../core/reader.js';
import { membersOf, type Row, type RowsEncodable, tlvFamily, type UnknownTlv } from '../core/tlv.js';
import type { Writer } from '../core/writer.js';
import { actions10, actions13 } from './standard.js';

/** An action of an experimenter that the tables do not know; `data` is what follows the experimenter's number. */
export interface ExperimenterAction {
  readonly type: 'experimenter';
  readonly experimenter: number;
  readonly data: Uint8Array;
}

/** One action, of any version. */
export type Action =
  | RowsEncodable<typeof actions10>
  | RowsEncodable<typeof actions13>
  | ExperimenterAction
  | UnknownTlv;

const experimenterCode = 0xffff;

function family(rows: readonly Row[]): Kind<Action> {
  const members = new Map([...membersOf(rows), ...experimenterMembers(experimenterCode, [])]);
  return tlvFamily(members, { lengthError: errorPairs.badActionLength, padding: 'inside' });
}

const of10 = family(actions10);
const of13 = family(actions13);
const families: readonly (Kind<Action> | undefined)[] = [undefined, of10, undefined, undefined, of13, of13, of13];

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
