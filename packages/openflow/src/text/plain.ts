import { toHex } from '@linecard/wire';

/** A value in words: `name(key=value ...)` for what has a type, `{key=value ...}` for what has none, `[...]` for lists. */
function plainValue(value: unknown): string {
  if (value instanceof Uint8Array) return value.length === 0 ? '(empty)' : toHex(value);
  if (Array.isArray(value)) return `[${value.map(plainValue).join(', ')}]`;
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { type, ...fields } = value as Readonly<Record<string, unknown>>;
  return typeof type === 'string' ? `${type}(${plainFields(fields)})` : `{${plainFields(fields)}}`;
}

/** `key=value ...`: how a message is shown that Open vSwitch has no words for. */
export function plainFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${plainValue(value)}`)
    .join(' ');
}

const rowSize = 16;

/** Bytes as a dump of 16 to a line: offset, hexadecimal digits, characters. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += rowSize) lines.push(`${dumpLine(bytes.subarray(at, at + rowSize), at)}\n`);
  return lines.join('');
}

function dumpLine(bytes: Uint8Array, at: number): string {
  const digits = Array.from({ length: rowSize }, (_, i) => {
    const separator = i === rowSize / 2 - 1 ? '-' : ' ';
    const byte = bytes[i];
    const behind = i === rowSize / 2 - 1 && bytes.length <= i ? ' ' : separator;
    return (byte === undefined ? '  ' : byte.toString(16).padStart(2, '0')) + behind;
  });
  const characters = Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
  return `${at.toString(16).padStart(8, '0')}  ${digits.join('')}|${characters.join('').padEnd(rowSize)}|`;
}
