import type { Kind } from './kinds.js';
import type { Reader } from './reader.js';
import { tagged } from './struct.js';
import type { Member, Row } from './tlv.js';
import type { Writer } from './writer.js';

// biome-ignore lint/suspicious/noExplicitAny: members of many families; their types are stated where they are exported
type Value = any;

/** The subtypes of one experimenter that are known, and how wide its subtype is. */
export interface ExperimenterTable {
  readonly experimenter: number;
  /** Bytes of the subtype that follows the experimenter's number. */
  readonly subtypeSize: 2 | 4;
  readonly rows: readonly Row[];
}

interface Known {
  readonly table: ExperimenterTable;
  readonly kinds: ReadonlyMap<number, Kind<Value>>;
}

/**
 * What stands behind the type 0xffff of a family: 32 bits of experimenter, a subtype, the body. `code` is the family's
 * number for experimenters. Unknown ones become `{ type: 'experimenter', experimenter, data }`.
 */
export function experimenterMembers(code: number, tables: readonly ExperimenterTable[]): Map<string, Member> {
  const known = new Map(
    tables.map((table): [number, Known] => [
      table.experimenter,
      { table, kinds: new Map(table.rows.map((row) => [row.code, tagged(row.fields, row.name)])) },
    ]),
  );
  const read = (r: Reader): Value => readExperimenter(r, known);
  const members = new Map<string, Member>();
  for (const { table, kinds } of known.values()) {
    for (const row of table.rows) {
      members.set(row.name, { code, kind: { read, write: subtypeWriter(table, row.code, kinds.get(row.code)!) } });
    }
  }
  return members.set('experimenter', { code, kind: { read, write: writeUnknown } });
}

function readExperimenter(r: Reader, known: ReadonlyMap<number, Known>): Value {
  const experimenter = r.u32();
  const found = known.get(experimenter);
  if (found !== undefined && r.left >= found.table.subtypeSize) {
    const from = r.at;
    const kind = found.kinds.get(found.table.subtypeSize === 2 ? r.u16() : r.u32());
    if (kind !== undefined) return kind.read(r);
    r.at = from;
  }
  return { type: 'experimenter', experimenter, data: r.rest() };
}

function subtypeWriter(table: ExperimenterTable, subtype: number, kind: Kind<Value>) {
  return (w: Writer, value: Value): void => {
    w.u32(table.experimenter);
    if (table.subtypeSize === 2) w.u16(subtype);
    else w.u32(subtype);
    kind.write(w, value);
  };
}

function writeUnknown(w: Writer, value: Value): void {
  w.u32(value.experimenter);
  w.put(value.data);
}
