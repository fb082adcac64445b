import type { FieldReference } from '../actions/subfield.js';
import { encodingOf } from '../oxm.js';
import { badText, bitsName, bitsOf, encodingNamed } from './names.js';

/** Bits of a field as text names them. */
export interface Bits {
  readonly field: FieldReference;
  readonly start: number;
  readonly count: number;
  /** How many bits the whole field has. */
  readonly width: number;
}

/** `NXM_NX_REG0[]`, `NXM_NX_REG0[3]` or `NXM_NX_REG0[0..15]`. */
export function formatBits(reference: FieldReference, start: number, count: number, version: number): string {
  if (reference.field === 'unknown') {
    const header = (reference.header ?? 0).toString(16).padStart(8, '0');
    return `0x${header}[${start}..${start + count - 1}]`;
  }
  const encoding = encodingOf(reference.field, version, reference.as);
  const name = bitsName(encoding);
  if (start === 0 && count === bitsOf(encoding)) return `${name}[]`;
  return count === 1 ? `${name}[${start}]` : `${name}[${start}..${start + count - 1}]`;
}

/** Bits by the syntax of {@link formatBits}; a name without brackets is the whole field. */
export function parseBits(text: string, version: number): Bits {
  const match = /^\s*(\w+)(?:\[(?:(\d+)(?:\.\.(\d+))?)?\])?\s*$/.exec(text);
  if (match === null) throw badText(`"${text}" does not name bits of a field`, 'write it as NXM_NX_REG0[0..15]');
  const encoding = encodingNamed(match[1]!, version);
  const width = bitsOf(encoding);
  const start = match[2] === undefined ? 0 : Number(match[2]);
  const end = match[3] === undefined ? (match[2] === undefined ? width - 1 : start) : Number(match[3]);
  if (end < start || end >= Math.max(width, encoding.size * 8)) {
    throw badText(`"${text}": ${encoding.name} has bits 0 to ${width - 1}`);
  }
  const field: FieldReference = encoding.isDefault[version]
    ? { field: encoding.row.name }
    : { field: encoding.row.name, as: encoding.name };
  return { field, start, count: end - start + 1, width };
}
