export type { Action, ExperimenterAction } from './actions/index.js';
export { decode, encode, encodeInto } from './codec.js';
export { OpenFlowDecodeError } from './core/errors.js';
export type { Slack } from './core/reader.js';
export { Writer } from './core/writer.js';
export type { FieldName } from './fields.js';
export { Framer } from './framer.js';
export { applyActions, type Instruction } from './instructions.js';
export { type HelloElement, versionBitmap, versionsOf } from './messages/hello.js';
export { inPortOf } from './messages/packet-port.js';
export {
  ALL_QUEUES,
  ALL_TABLES,
  DEFAULT_PRIORITY,
  flowFlags,
  groups,
  meters,
  NO_BUFFER,
  ports,
} from './messages/shared.js';
export type {
  ExperimenterMessage,
  Message,
  MessageInit,
  MessageInitOf,
  MessageName,
  MessageOf,
  MultipartKind,
  MultipartReply,
  MultipartReplyOf,
  MultipartRequest,
  MultipartRequestOf,
  ReplyBody,
  RequestBody,
  UnknownMessage,
  Version,
} from './messages/types.js';
export type { FieldValue, KnownField, Match, MatchField, UnknownField } from './oxm.js';
