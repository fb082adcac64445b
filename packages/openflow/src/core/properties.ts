import { errorPairs } from './errors.js';
import { type ExperimenterTable, experimenterMembers } from './experimenter.js';
import { type Kind, list } from './kinds.js';
import { membersOf, type Row, type RowsEncodable, tlvFamily, type UnknownTlv } from './tlv.js';

/** A property of an experimenter; `data` is what follows the experimenter's number. */
export interface ExperimenterProperty {
  readonly type: 'experimenter';
  readonly experimenter: number;
  readonly data: Uint8Array;
}

/** A property of a table of rows. */
export type PropertyOf<R extends readonly Row[]> = RowsEncodable<R> | ExperimenterProperty | UnknownTlv;

/** Properties (OpenFlow 1.4 section 7.2.1.2): TLVs, each followed by zeros to a multiple of 8, up to the end of the part. */
export function properties<const R extends readonly Row[]>(
  rows: R,
  experimenters: readonly ExperimenterTable[] = [],
): Kind<readonly PropertyOf<R>[]> {
  const members = new Map([...membersOf(rows), ...experimenterMembers(0xffff, experimenters)]);
  return list(tlvFamily(members, { lengthError: errorPairs.badPropertyLength, padding: 'outside' }));
}
