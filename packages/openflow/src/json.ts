import { fromHex, LinecardError, toHex } from '@linecard/wire';
import type { Message, MessageInit } from './messages/types.js';

/**
 * A message as plain JSON values: 64-bit numbers become `{ "$int": "5" }`, byte strings `{ "$hex": "0a0b" }`, all else
 * stays. {@link fromJson} gives the same message back.
 */
export function toJson(message: Message | MessageInit): unknown {
  return toPlain(message);
}

function toPlain(value: unknown): unknown {
  if (typeof value === 'bigint') return { $int: String(value) };
  if (value instanceof Uint8Array) return { $hex: toHex(value) };
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toPlain(one)]));
}

/**
 * The message that JSON of {@link toJson} holds, ready to be encoded. Checks only the form of numbers and bytes: encoding
 * checks the rest. Throws `LC_INVALID`.
 */
export function fromJson(value: unknown): MessageInit {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('version' in value)) {
    throw new LinecardError('LC_INVALID', 'an OpenFlow message in JSON is an object with a type and a version');
  }
  return fromPlain(value) as MessageInit;
}

function fromPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromPlain);
  if (typeof value !== 'object' || value === null) return value;
  if ('$int' in value) return integer(value.$int);
  if ('$hex' in value) return fromHex(String(value.$hex));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fromPlain(one)]));
}

function integer(text: unknown): bigint {
  if (typeof text !== 'string' || !/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) {
    throw new LinecardError('LC_INVALID', `"$int" takes digits in a string, not ${JSON.stringify(text)}`);
  }
  return BigInt(text);
}
