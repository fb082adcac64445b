import { invalid } from './errors.js';
import type { Kind } from './kinds.js';
import { noBytes } from './kinds.js';
import { tagged } from './struct.js';
import type { Row, RowsEncodable, UnknownTlv } from './tlv.js';

/** A number that says which struct follows, up to the end of the part. */
export function variants<const R extends readonly Row[]>(
  code: Kind<number>,
  rows: R,
): Kind<RowsEncodable<R> | UnknownTlv> {
  // biome-ignore lint/suspicious/noExplicitAny: the union is stated in the return type
  type Value = any;
  const kinds = new Map(rows.map((row): [number, Kind<Value>] => [row.code, tagged(row.fields, row.name)]));
  const codes = new Map(rows.map((row) => [row.name, row.code]));
  return {
    read: (r) => {
      const number = code.read(r);
      const kind = kinds.get(number);
      return kind === undefined ? { type: 'unknown', code: number, data: r.rest() } : kind.read(r);
    },
    write: (w, value: Value) => {
      const number = value.type === 'unknown' ? value.code : codes.get(value.type);
      if (number === undefined) throw invalid(`there is no "${value.type}" here`);
      code.write(w, number);
      if (value.type === 'unknown') w.put(value.data ?? noBytes);
      else kinds.get(number)!.write(w, value);
    },
  };
}
