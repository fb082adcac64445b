import { invalid } from '../core/errors.js';
import type { Kind } from '../core/kinds.js';
import type { Reader } from '../core/reader.js';
import type { Writer } from '../core/writer.js';

// biome-ignore lint/suspicious/noExplicitAny: bodies of all kinds; their types are inferred from the tables
type AnyKind = Kind<any>;

/** One kind of multipart message: what requests and replies hold. */
export interface MultipartRow<N extends string = string, Q extends AnyKind = AnyKind, P extends AnyKind = AnyKind> {
  readonly code: number;
  readonly name: N;
  readonly request: Q;
  readonly reply: P;
}

/** A row of a table of multipart kinds. */
export function multipart<const N extends string, Q extends AnyKind, P extends AnyKind>(
  code: number,
  name: N,
  request: Q,
  reply: P,
): MultipartRow<N, Q, P> {
  return { code, name, request, reply };
}

/** A body without bytes. */
export const nothing: Kind<undefined> = { read: () => undefined, write: () => undefined };

/** The kind and body of a multipart message that the tables do not know. */
export interface UnknownMultipart {
  readonly kind: 'unknown';
  readonly code: number;
  readonly body: Uint8Array;
}

interface Body {
  readonly kind: string;
  readonly code?: number;
  readonly body?: unknown;
}

/** The bit of `flags` that both directions have: more messages of the same exchange follow. */
const moreFlag = 1;

/** What stands for a body left out: no elements, or a struct of defaults. */
const noBody: readonly never[] = [];

/** The multipart type of experimenters. */
const experimenterCode = 0xffff;

interface Named {
  readonly name: string;
  readonly kind: AnyKind;
}

interface Numbered {
  readonly code: number;
  readonly experimenter: number | undefined;
  readonly kind: AnyKind;
}

/** The multipart kinds of one experimenter, by subtype. */
export interface MultipartExperimenter {
  readonly experimenter: number;
  readonly rows: readonly MultipartRow[];
}

/** What a codec needs to know of a version. */
export interface MultipartTables {
  readonly multipart: readonly MultipartRow[];
  readonly multipartExperimenters: readonly MultipartExperimenter[];
  readonly multipartPadding: readonly [flags: number, subtype: number];
}

/** Reads and writes what follows the header of a multipart message of one version and direction. */
export class MultipartCodec {
  readonly #byCode: ReadonlyMap<number, Named>;
  readonly #byExperimenter: ReadonlyMap<number, ReadonlyMap<number, Named>>;
  readonly #byName: ReadonlyMap<string, Numbered>;
  readonly #type: string;
  readonly #padding: number;
  readonly #subtypePadding: number;

  constructor(tables: MultipartTables, direction: 'request' | 'reply') {
    this.#type = `multipart_${direction}`;
    [this.#padding, this.#subtypePadding] = tables.multipartPadding;
    const byCode = (rows: readonly MultipartRow[]) =>
      new Map(rows.map((row): [number, Named] => [row.code, { name: row.name, kind: row[direction] }]));
    const byName = (rows: readonly MultipartRow[], experimenter: number | undefined) =>
      rows.map((row): [string, Numbered] => [row.name, { code: row.code, experimenter, kind: row[direction] }]);
    this.#byCode = byCode(tables.multipart);
    this.#byExperimenter = new Map(
      tables.multipartExperimenters.map(({ experimenter, rows }) => [experimenter, byCode(rows)]),
    );
    this.#byName = new Map([
      ...byName(tables.multipart, undefined),
      ...tables.multipartExperimenters.flatMap(({ experimenter, rows }) => byName(rows, experimenter)),
    ]);
  }

  read(r: Reader, version: number, xid: number): unknown {
    const code = r.u16();
    const more = this.#flags(r);
    r.pad(this.#padding);
    const row = code === experimenterCode ? this.#experimenterRow(r) : this.#byCode.get(code);
    const type = this.#type;
    if (row === undefined) return { type, version, xid, kind: 'unknown', more, code, body: r.rest() };
    return { type, version, xid, kind: row.name, more, body: row.kind.read(r) };
  }

  /** The row of an experimenter's kind; what is none of those known, stays unread. */
  #experimenterRow(r: Reader): Named | undefined {
    const from = r.at;
    if (r.left < 8 + this.#subtypePadding) return undefined;
    const row = this.#byExperimenter.get(r.u32())?.get(r.u32());
    if (row === undefined) r.at = from;
    else r.pad(this.#subtypePadding);
    return row;
  }

  #flags(r: Reader): boolean {
    const flags = r.u16();
    if (flags > moreFlag) r.keepAll(r.at - 2, 2);
    return (flags & moreFlag) !== 0;
  }

  write(w: Writer, message: Body & { readonly more?: boolean }): void {
    const row = this.#byName.get(message.kind);
    if (row === undefined && message.kind !== 'unknown') {
      throw invalid(`there is no multipart kind "${message.kind}" in this version`);
    }
    w.u16(row === undefined ? message.code! : row.experimenter === undefined ? row.code : experimenterCode);
    w.u16(message.more === true ? moreFlag : 0);
    w.zero(this.#padding);
    if (row?.experimenter !== undefined) {
      w.u32(row.experimenter);
      w.u32(row.code);
      w.zero(this.#subtypePadding);
    }
    if (row === undefined) w.put(message.body as Uint8Array);
    else row.kind.write(w, message.body ?? noBody);
  }
}
