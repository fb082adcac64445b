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

/** Reads and writes what follows the header of a multipart message of one version and direction. */
export class MultipartCodec {
  readonly #byCode: ReadonlyMap<number, { name: string; kind: AnyKind }>;
  readonly #byName: ReadonlyMap<string, { code: number; kind: AnyKind }>;
  readonly #type: string;
  readonly #padding: number;

  constructor(rows: readonly MultipartRow[], direction: 'request' | 'reply', padding: number) {
    this.#type = `multipart_${direction}`;
    this.#padding = padding;
    this.#byCode = new Map(rows.map((row) => [row.code, { name: row.name, kind: row[direction] }]));
    this.#byName = new Map(rows.map((row) => [row.name, { code: row.code, kind: row[direction] }]));
  }

  read(r: Reader, version: number, xid: number): unknown {
    const code = r.u16();
    const more = this.#flags(r);
    r.pad(this.#padding);
    const row = this.#byCode.get(code);
    const type = this.#type;
    if (row === undefined) return { type, version, xid, kind: 'unknown', more, code, body: r.rest() };
    return { type, version, xid, kind: row.name, more, body: row.kind.read(r) };
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
    w.u16(row?.code ?? message.code!);
    w.u16(message.more === true ? moreFlag : 0);
    w.zero(this.#padding);
    if (row === undefined) w.put(message.body as Uint8Array);
    else row.kind.write(w, message.body ?? {});
  }
}
