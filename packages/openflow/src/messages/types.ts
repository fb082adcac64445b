import type { Kind } from '../core/kinds.js';
import type { Slack } from '../core/reader.js';
import type { Decoded, Encodable, FieldDef } from '../core/struct.js';
import type { Row } from '../core/tlv.js';
import type { MultipartRow, UnknownMultipart } from './multipart.js';
import type { AllMultipartRows, AllRows } from './tables.js';

/** A wire version: 1.0, 1.3, 1.4, 1.5. */
export type Version = 1 | 4 | 5 | 6;

type AllKeys<U> = U extends unknown ? keyof U : never;
type PropertyOf<U, K extends PropertyKey> = U extends unknown ? (K extends keyof U ? U[K] : never) : never;
type RequiredKeys<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? never : K }[keyof T];
type RequiredInAll<U> = U extends unknown ? RequiredKeys<U> : never;
type CommonKeys<U> = Extract<keyof U, RequiredInAll<U>>;
type Simplify<T> = { [K in keyof T]: T[K] } & {};

/**
 * One shape of the several that a message has in the versions: what all have is required, what only some have is
 * optional.
 */
type Merge<U> = Simplify<
  { readonly [K in CommonKeys<U>]: PropertyOf<U, K> } & {
    readonly [K in Exclude<AllKeys<U>, CommonKeys<U>>]?: Exclude<PropertyOf<U, K>, undefined>;
  }
>;

type Name = AllRows['name'];
type FieldsOf<N extends Name> = AllRows extends infer R ? (R extends Row<N, infer F> ? F : never) : never;
type DecodedFields<F> = F extends readonly FieldDef[] ? Decoded<F> : never;
type EncodableFields<F> = F extends readonly FieldDef[] ? Encodable<F> : never;

/** What every message has. */
export interface Header {
  readonly version: Version;
  /** Transaction ID: replies carry that of their request. */
  readonly xid: number;
  /**
   * Bytes that should be zero, or have one way to be written, and came otherwise: kept so that bytes survive decoding
   * and encoding. Offsets count from the start of the message: an edited copy must leave it out.
   */
  readonly slack?: readonly Slack[];
}

/** What every message to be encoded has. */
export interface HeaderInit {
  readonly version: Version;
  readonly xid?: number;
  readonly slack?: readonly Slack[];
}

/** A message of a type that the tables do not know. */
export interface UnknownMessage extends Header {
  readonly type: 'unknown';
  readonly code: number;
  readonly body: Uint8Array;
}

/** An experimenter (1.0: vendor) message that the tables do not know; `data` follows the experimenter's number. */
export interface ExperimenterMessage extends Header {
  readonly type: 'experimenter';
  readonly experimenter: number;
  readonly data: Uint8Array;
}

/** A decoded message by the name of its type. */
export type MessageOf<N extends Name> = Header & { readonly type: N } & Merge<DecodedFields<FieldsOf<N>>>;
/** A message to be encoded by the name of its type. */
export type MessageInitOf<N extends Name> = HeaderInit & { readonly type: N } & Merge<EncodableFields<FieldsOf<N>>>;

type MultipartName = AllMultipartRows['name'];
type KindValue<K> = K extends Kind<infer T> ? T : never;
type MultipartRows<N extends MultipartName> = AllMultipartRows extends infer R
  ? R extends MultipartRow<N, infer Q, infer P>
    ? { request: KindValue<Q>; reply: KindValue<P> }
    : never
  : never;

/** What the bodies of several versions have in common: lists element-wise, structs field-wise. */
type MergeBody<U> = [U] extends [undefined]
  ? undefined
  : [Exclude<U, undefined>] extends [readonly unknown[]]
    ? readonly Merge<ElementOf<Exclude<U, undefined>>>[]
    : Merge<Exclude<U, undefined>>;
type ElementOf<U> = U extends readonly (infer E)[] ? E : never;

/** The body of a multipart request. */
export type RequestBody<N extends MultipartName> = MergeBody<MultipartRows<N>['request']>;
/** The body of a multipart reply. */
export type ReplyBody<N extends MultipartName> = MergeBody<MultipartRows<N>['reply']>;

interface MultipartFlags {
  /** More messages of the same exchange follow. */
  readonly more: boolean;
}

/** A multipart request by kind. */
export type MultipartRequestOf<N extends MultipartName> = Header &
  MultipartFlags & { readonly type: 'multipart_request'; readonly kind: N; readonly body: RequestBody<N> };
/** A multipart reply by kind. */
export type MultipartReplyOf<N extends MultipartName> = Header &
  MultipartFlags & { readonly type: 'multipart_reply'; readonly kind: N; readonly body: ReplyBody<N> };

/** Any multipart request (1.0: stats request). */
export type MultipartRequest =
  | { [N in MultipartName]: MultipartRequestOf<N> }[MultipartName]
  | (Header & MultipartFlags & UnknownMultipart & { readonly type: 'multipart_request' });
/** Any multipart reply (1.0: stats reply). */
export type MultipartReply =
  | { [N in MultipartName]: MultipartReplyOf<N> }[MultipartName]
  | (Header & MultipartFlags & UnknownMultipart & { readonly type: 'multipart_reply' });

/** Any message, as decoded. */
export type Message =
  | { [N in Name]: MessageOf<N> }[Name]
  | MultipartRequest
  | MultipartReply
  | ExperimenterMessage
  | UnknownMessage;

type PartialBody<B> = B extends readonly unknown[] ? B : B extends object ? Partial<B> : B;
type MultipartInit<M> = M extends { readonly body: infer B }
  ? HeaderInit & Omit<M, keyof Header | 'body' | 'more'> & { readonly more?: boolean; readonly body?: PartialBody<B> }
  : never;

/** Any message to be encoded: what has a default may be left out. */
export type MessageInit =
  | { [N in Name]: MessageInitOf<N> }[Name]
  | MultipartInit<MultipartRequest>
  | MultipartInit<MultipartReply>
  | (HeaderInit & Omit<ExperimenterMessage, keyof Header>)
  | (HeaderInit & Omit<UnknownMessage, keyof Header>);

/** Any name of a message type in the tables. */
export type MessageName = Name;
/** Any name of a multipart kind in the tables. */
export type MultipartKind = MultipartName;
