export type { Action, CloneAction, CtAction, ExperimenterAction } from './actions/index.js';
export type { LearnSpec } from './actions/learn.js';
export type { NatRange } from './actions/nat.js';
export type { BitRange } from './actions/ranges.js';
export type { FieldReference } from './actions/subfield.js';
export { decode, encode, encodeInto } from './codec.js';
export { OpenFlowDecodeError } from './core/errors.js';
export type { Slack } from './core/reader.js';
export { Writer } from './core/writer.js';
export { errorName } from './error-names.js';
export type { FieldName } from './fields.js';
export { Framer } from './framer.js';
export { applyActions, type Instruction } from './instructions.js';
export { fromJson, toJson } from './json.js';
export { bundleFlags } from './messages/bundles.js';
export { buckets } from './messages/groups.js';
export { type HelloElement, versionBitmap, versionsOf } from './messages/hello.js';
export { type MeterBand, meterFlags } from './messages/meters.js';
export { type PacketOut, packetOut } from './messages/packet-out.js';
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
export type { Seconds, Stat } from './oxs.js';
export { missingPrerequisites } from './prerequisites.js';
export { Reassembler, type ReassemblerLimits } from './reassembler.js';
export type { ActionContext } from './text/action-context.js';
export { formatAction, formatActions, formatInstructions } from './text/action-format.js';
export { parseActions } from './text/action-parse.js';
export { formatDuration } from './text/duration.js';
export { type Flow, formatFlow, parseFlow, parseInstructions } from './text/flow.js';
export { parseGroup, parseMeter } from './text/group-parse.js';
export { formatMatch } from './text/match-format.js';
export { parseMatch } from './text/match-parse.js';
export { formatMessage, type MessageTextOptions } from './text/message.js';
export { type FlowCounters, flowCounters, formatFlowStats } from './text/print-flows.js';
export { formatGroup, formatMeter } from './text/print-groups.js';
export type { PacketPrinter } from './text/print-packets.js';
export { formatPortDescription } from './text/print-ports.js';
export { formatPort, parsePort } from './text/values.js';
