import { decode, encode, Framer, formatMessage, fromJson, type Message, toJson } from '@linecard/openflow';
import { describePacket } from '@linecard/packet';
import { fromHex, LinecardError, toHex } from '@linecard/wire';
import { print } from './output.js';

export interface DecodeOptions {
  /** The version that messages must have, as on the wire. */
  readonly version?: number;
  readonly text?: true;
}

export interface EncodeOptions {
  /** The version of messages that say none, as on the wire. */
  readonly version?: number;
  readonly binary?: true;
}

const inputLimit = 64 << 20;

async function readInput(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > inputLimit) throw new LinecardError('LC_INVALID', `the input is longer than ${inputLimit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The bytes that are meant: a message begins with its version, a control character that no hexadecimal text has. */
export function bytesOf(input: Buffer): Uint8Array {
  const isText = input.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
  return isText ? fromHex(input.toString('latin1').replaceAll(/0x|[\s:]/g, '')) : input;
}

/** Cuts bytes into messages. Throws `LC_INVALID` when the last one is not whole, `LC_PROTOCOL` for what is none. */
export function messagesOf(bytes: Uint8Array): Message[] {
  const framer = new Framer();
  const frames = framer.push(bytes);
  if (framer.pending > 0) {
    const at = bytes.length - framer.pending;
    throw new LinecardError('LC_INVALID', `the message at byte ${at} is not whole: ${framer.pending} bytes of it`);
  }
  return frames.map(decode);
}

/** A message as `ovs-ofctl ofp-print` shows it, with the packet that it carries. */
export function textOf(message: Message): string {
  return formatMessage(message, { packet: describePacket });
}

/** `linecard openflow decode`. */
export async function decodeMessages(words: readonly string[], options: DecodeOptions): Promise<void> {
  const messages = messagesOf(bytesOf(words.length > 0 ? Buffer.from(words.join('')) : await readInput()));
  const other = messages.find(({ version }) => options.version !== undefined && version !== options.version);
  if (other !== undefined) {
    throw new LinecardError('LC_INVALID', `${other.type} has version ${other.version}, not ${options.version}`);
  }
  const lines = messages.map((message) => (options.text ? textOf(message) : JSON.stringify(toJson(message))));
  await print(lines.map((line) => `${line}\n`).join(''));
}

/** The values of JSON text: one value, an array, or one value for each line. Throws `LC_INVALID`. */
export function valuesOf(text: string): unknown[] {
  const parse = (json: string): unknown => {
    try {
      return JSON.parse(json);
    } catch (cause) {
      throw new LinecardError('LC_INVALID', `this is no JSON: ${(cause as Error).message}`, { cause });
    }
  };
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  // A message that is spread over lines begins with a line that is none.
  const isLines = lines.length > 1 && /^\{.*\}\s*$/.test(lines[0]!);
  const values = isLines ? lines.map(parse) : [parse(text)];
  return values.flat();
}

/** `linecard openflow encode`. */
export async function encodeMessages(text: string | undefined, options: EncodeOptions): Promise<void> {
  const values = valuesOf(text ?? (await readInput()).toString('utf8'));
  const common = options.version === undefined ? {} : { version: options.version };
  const messages = values.map((value) =>
    encode(fromJson(typeof value === 'object' && value !== null ? { ...common, ...value } : value)),
  );
  if (!options.binary) return print(messages.map((bytes) => `${toHex(bytes)}\n`).join(''));
  await print(Buffer.concat(messages));
}
