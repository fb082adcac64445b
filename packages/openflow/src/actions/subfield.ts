import { invalid } from '../core/errors.js';
import type { Kind } from '../core/kinds.js';
import type { Reader } from '../core/reader.js';
import type { Writer } from '../core/writer.js';
import type { FieldName } from '../fields.js';
import { encodingOf, encodingOfHeader } from '../oxm.js';

/** A field that an action names by its OXM or NXM header. */
export interface FieldReference {
  readonly field: FieldName | 'unknown';
  /** The encoding, as `NXM_OF_ETH_SRC`, when it is not the one that this version would be written with. */
  readonly as?: string;
  /** The header of a field that the table does not know, or one with an unusual length. */
  readonly header?: number;
  /** Its experimenter, for class 0xffff. */
  readonly experimenter?: number;
}

/**
 * A 32-bit OXM header, with 4 bytes of experimenter behind it where its class says so ("oxm_id", OpenFlow 1.5.1 section
 * 7.2.4.16): a field named, not matched.
 */
export const fieldReference: Kind<FieldReference> = { read: readReference, write: writeReference };

function readReference(r: Reader): FieldReference {
  const header = r.u32();
  const hasExperimenter = header >>> 16 === 0xffff;
  const experimenter = hasExperimenter ? r.u32() : 0;
  const encoding = encodingOfHeader(header, experimenter);
  if (encoding === undefined || (header & 0x1ff) !== encoding.size + (hasExperimenter ? 4 : 0)) {
    return hasExperimenter ? { field: 'unknown', header, experimenter } : { field: 'unknown', header };
  }
  const field = encoding.row.name;
  return encoding.isDefault[r.version] ? { field } : { field, as: encoding.name };
}

function writeReference(w: Writer, reference: FieldReference): void {
  if (reference.field === 'unknown') {
    if (reference.header === undefined) throw invalid('an unknown field needs its header');
    w.u32(reference.header);
    if (reference.header >>> 16 === 0xffff) w.u32(reference.experimenter ?? 0);
    return;
  }
  const encoding = encodingOf(reference.field, w.version, reference.as);
  w.raw32((encoding.header | (encoding.size + (encoding.experimenter === 0 ? 0 : 4))) >>> 0);
  if (encoding.experimenter !== 0) w.raw32(encoding.experimenter);
}
