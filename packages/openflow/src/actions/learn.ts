import { errorPairs, invalid } from '../core/errors.js';
import type { Kind } from '../core/kinds.js';
import type { Reader } from '../core/reader.js';
import type { Writer } from '../core/writer.js';
import { type FieldReference, fieldReference } from './subfield.js';

/** A field from bit `start` on. */
export interface BitsOfField {
  readonly field: FieldReference;
  readonly start: number;
}

/** One element of a learn action: what the learned flow matches, loads or outputs to. */
export interface LearnSpec {
  readonly action: 'match' | 'load' | 'output';
  /** How many bits are copied. */
  readonly bits: number;
  /** Where they come from: bits of the packet at hand, or a constant in the low bits of a whole number of 16-bit words. */
  readonly source: BitsOfField | Uint8Array;
  /** Which bits the learned flow matches or loads; absent for `output`. */
  readonly target?: BitsOfField;
}

const immediateBit = 1 << 13;
const bitsMask = 0x7ff;
const actions = ['match', 'load', 'output'] as const;

const bitsOfField: Kind<BitsOfField> = {
  read: (r) => ({ field: fieldReference.read(r), start: r.u16() }),
  write: (w, value) => {
    fieldReference.write(w, value.field);
    w.u16(value.start);
  },
};

function readSpec(r: Reader, header: number): LearnSpec {
  const action = actions[(header >>> 11) & 3];
  if (action === undefined || header >>> 14 !== 0)
    r.fail(`learn element 0x${header.toString(16)}`, errorPairs.badActionArgument);
  const bits = header & bitsMask;
  const source = (header & immediateBit) === 0 ? bitsOfField.read(r) : r.take(2 * Math.ceil(bits / 16));
  return action === 'output' ? { action, bits, source } : { action, bits, source, target: bitsOfField.read(r) };
}

function writeSpec(w: Writer, spec: LearnSpec): void {
  const immediate = spec.source instanceof Uint8Array;
  if (spec.bits < 0 || spec.bits > bitsMask) throw invalid(`a learn element of ${spec.bits} bits`);
  w.u16((immediate ? immediateBit : 0) | (actions.indexOf(spec.action) << 11) | spec.bits);
  if (spec.source instanceof Uint8Array) w.put(checkedImmediate(spec.source, spec.bits));
  else bitsOfField.write(w, spec.source);
  if (spec.action === 'output') return;
  if (spec.target === undefined) throw invalid(`a learn element that says "${spec.action}" needs a target`);
  bitsOfField.write(w, spec.target);
}

function checkedImmediate(bytes: Uint8Array, bits: number): Uint8Array {
  if (bytes.length !== 2 * Math.ceil(bits / 16)) throw invalid(`a constant of ${bytes.length} bytes for ${bits} bits`);
  return bytes;
}

/** Elements until the end of the action; a header of zeros starts the padding. */
export const learnSpecs: Kind<readonly LearnSpec[]> = {
  read: (r) => {
    const specs: LearnSpec[] = [];
    while (r.left >= 2) {
      const header = r.u16();
      if (header === 0) {
        r.at -= 2;
        break;
      }
      specs.push(readSpec(r, header));
    }
    return specs;
  },
  write: (w, specs) => {
    for (const spec of specs) writeSpec(w, spec);
  },
};

/** NX_LEARN_F_WRITE_RESULT. */
const writesResult = 1 << 2;

/** What learn2 has beyond learn. */
export interface LearnLimit {
  /** How many flows may be learned; 0: no limit. */
  readonly limit: number;
  /** The bit that tells whether learning succeeded: NX_LEARN_F_WRITE_RESULT in `flags` follows from it. */
  readonly result?: BitsOfField;
}

/** Offset of `flags` before the limit: flags, table, pad, two timeouts. */
const flagsBefore = 8;

/** `limit` and `result` of learn2. Whether there is a result field stands in the flags before. */
export const learnLimit: Kind<LearnLimit> = {
  read: (r) => {
    const limit = r.u32();
    const flags = (r.bytes[r.at - 4 - flagsBefore]! << 8) | r.bytes[r.at - 4 - flagsBefore + 1]!;
    const start = r.u16();
    r.pad(2);
    if ((flags & writesResult) !== 0) return { limit, result: { field: fieldReference.read(r), start } };
    if (start !== 0) r.keepAll(r.at - 4, 2);
    return { limit };
  },
  write: (w, { limit, result }) => {
    const flagsAt = w.at - flagsBefore + 1;
    if (result !== undefined) w.bytes[flagsAt]! |= writesResult;
    else if ((w.bytes[flagsAt]! & writesResult) !== 0) throw invalid('learn2 is to write a result, but not told where');
    w.u32(limit);
    w.u16(result?.start ?? 0);
    w.zero(2);
    if (result !== undefined) fieldReference.write(w, result.field);
  },
};
