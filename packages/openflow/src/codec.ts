import { errorPairs, invalid, OpenFlowDecodeError } from './core/errors.js';
import { experimenterMembers } from './core/experimenter.js';
import { Reader, type Slack } from './core/reader.js';
import { compileWriter, messageReader } from './core/struct.js';
import { Writer } from './core/writer.js';
import { MultipartCodec } from './messages/multipart.js';
import { type VersionTables, versionTables } from './messages/tables.js';
import type { Message, MessageInit } from './messages/types.js';
import { symmetric } from './messages/v13.js';

type ReadBody = (r: Reader, version: number, xid: number) => unknown;
type WriteBody = (w: Writer, message: unknown) => void;

interface VersionCodec {
  /** By type number. */
  readonly readers: readonly (ReadBody | undefined)[];
  /** By type name. */
  readonly writers: ReadonlyMap<string, { readonly code: number; readonly write: WriteBody }>;
}

const experimenterType = 4;

function compileVersion(tables: VersionTables): VersionCodec {
  const readers: ReadBody[] = [];
  const writers = new Map<string, { code: number; write: WriteBody }>();
  for (const { code, name, fields } of tables.messages) {
    readers[code] = messageReader(fields, name);
    writers.set(name, { code, write: compileWriter(fields) });
  }
  (['request', 'reply'] as const).forEach((direction, i) => {
    const code = tables.multipartTypes[i]!;
    const codec = new MultipartCodec(tables, direction);
    readers[code] = (r, version, xid) => codec.read(r, version, xid);
    writers.set(`multipart_${direction}`, { code, write: (w, message) => codec.write(w, message as never) });
  });
  addExperimenters(tables, readers, writers);
  return { readers, writers };
}

function addExperimenters(
  tables: VersionTables,
  readers: ReadBody[],
  writers: Map<string, { code: number; write: WriteBody }>,
): void {
  const members = experimenterMembers(experimenterType, tables.experimenters);
  const { read } = members.get('experimenter')!.kind;
  readers[experimenterType] = (r, version, xid) => ({ ...read(r), version, xid });
  for (const [name, member] of members) {
    writers.set(name, { code: experimenterType, write: (w, message) => member.kind.write(w, message as never) });
  }
}

const codecs: (VersionCodec | undefined)[] = [];
for (const tables of versionTables) codecs[tables.version] = compileVersion(tables);

/** Hello, error and echo can be read whatever the version says, as version negotiation needs (section 6.3.1 of 1.3.5). */
const anyVersion: readonly ReadBody[] = symmetric.map(({ name, fields }) => messageReader(fields, name));

const headerSize = 8;

function checkLength(bytes: Uint8Array): void {
  if (bytes.length < headerSize) {
    throw new OpenFlowDecodeError(errorPairs.badLength, `an OpenFlow message of ${bytes.length} bytes has no header`);
  }
  const length = (bytes[2]! << 8) | bytes[3]!;
  if (length !== bytes.length) {
    throw new OpenFlowDecodeError(
      errorPairs.badLength,
      `an OpenFlow message of ${bytes.length} bytes says that it has ${length}`,
    );
  }
}

/**
 * Decodes one whole message. Byte strings in it (packets, unknown parts) are views of `bytes`: copy what must outlive
 * them. Types, fields, actions and experimenters that the tables do not know come back as opaque bytes, so that
 * `encode(decode(bytes))` gives `bytes` again.
 *
 * Throws {@link OpenFlowDecodeError} (`LC_PROTOCOL`), which says what to reply in an OFPT_ERROR.
 */
export function decode(bytes: Uint8Array): Message {
  checkLength(bytes);
  return readMessage(new Reader(bytes, readEmbedded));
}

/** Reads the message that starts here and goes to the end of the part. */
function readMessage(r: Reader): Message {
  const version = r.u8();
  const code = r.u8();
  r.at += 2;
  const xid = r.u32();
  const codec = codecs[version];
  const read = codec === undefined ? anyVersion[code] : codec.readers[code];
  if (read === undefined && codec === undefined) {
    throw new OpenFlowDecodeError(
      errorPairs.badVersion,
      `OpenFlow version 0x${version.toString(16)} is not spoken here`,
    );
  }
  const message = (
    read === undefined ? { type: 'unknown', version, xid, code, body: r.rest() } : read(r, version, xid)
  ) as Message;
  if (r.at !== r.end) r.fail(`${r.left} bytes too many in ${message.type}`);
  if (r.slack !== undefined) (message as { slack?: readonly Slack[] }).slack = r.slack;
  return message;
}

/** Reads a message inside of another; its slack counts from its own start. */
function readEmbedded(r: Reader): Message {
  const { at, version, slack } = r;
  r.take(headerSize);
  r.at = at;
  const outer = r.enter((r.bytes[at + 2]! << 8) | r.bytes[at + 3]!);
  if (r.left < headerSize) r.fail('a message inside of a message without a header');
  r.version = r.bytes[at]!;
  r.slack = undefined;
  const message = readMessage(r);
  if (message.slack !== undefined) {
    (message as { slack?: readonly Slack[] }).slack = message.slack.map(([offset, byte]) => [offset - at, byte]);
  }
  r.leave(outer);
  r.version = version;
  r.slack = slack;
  return message;
}

/** Encodes one message. Throws `LC_INVALID` when a value is missing, out of range or not part of its version. */
export function encode(message: MessageInit): Uint8Array {
  const data = (message as { readonly data?: Uint8Array }).data;
  const w = new Writer(data === undefined ? 256 : 128 + data.length);
  encodeInto(w, message);
  return w.view();
}

/**
 * Encodes a message behind what `w` holds already: many messages of one write to a socket share a buffer. When it
 * throws, `w` is as before.
 */
export function encodeInto(w: Writer, message: MessageInit): void {
  const { at } = w;
  w.writeMessage = writeMessage;
  try {
    writeMessage(w, message);
  } catch (error) {
    w.at = at;
    throw error;
  }
}

function writeMessage(w: Writer, message: MessageInit): void {
  const { type, version, xid = 0 } = message;
  const outerVersion = w.version;
  const codec = codecs[version] ?? codecs[4]!;
  const known = codec.writers.get(type);
  const code = type === 'unknown' ? message.code : known?.code;
  if (code === undefined) throw invalid(`there is no message "${type}" in version ${version}`);
  const from = w.claim(4);
  w.version = version;
  w.u32(xid);
  if (known === undefined) w.put((message as { body: Uint8Array }).body);
  else known.write(w, message);
  w.bytes[from] = version;
  w.bytes[from + 1] = code;
  w.patch16(from + 2, w.at - from);
  if (message.slack !== undefined) restoreSlack(w, from, message.slack);
  w.version = outerVersion;
}

function restoreSlack(w: Writer, from: number, slack: readonly Slack[]): void {
  for (const [offset, byte] of slack) {
    if (from + offset < w.at) w.bytes[from + offset] = byte;
  }
}
