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

type TableProperties<X extends readonly ExperimenterTable[]> = {
  [I in keyof X]: RowsEncodable<X[I]['rows']>;
}[number];

/** A property of a table of rows and of experimenters' tables. */
export type PropertyOf<R extends readonly Row[], X extends readonly ExperimenterTable[] = readonly []> =
  | RowsEncodable<R>
  | TableProperties<X>
  | ExperimenterProperty
  | UnknownTlv;

/** Properties (OpenFlow 1.4 section 7.2.1.2): TLVs, each followed by zeros to a multiple of 8, up to the end of the part. */
export function properties<const R extends readonly Row[], const X extends readonly ExperimenterTable[] = readonly []>(
  rows: R,
  ...experimenters: X
): Kind<readonly PropertyOf<R, X>[]> {
  const members = new Map([...membersOf(rows), ...experimenterMembers(0xffff, experimenters)]);
  return list(tlvFamily(members, { lengthError: errorPairs.badPropertyLength, padding: 'outside' }));
}
