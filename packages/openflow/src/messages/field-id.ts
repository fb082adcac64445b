import { invalid } from '../core/errors.js';
import type { Kind } from '../core/kinds.js';
import type { FieldName } from '../fields.js';
import { type Encoding, encodingOf, encodingOfHeader } from '../oxm.js';

/** A field that a switch says it knows: an OXM header in table features and port descriptions. */
export interface FieldId {
  readonly field: FieldName | 'unknown';
  /** Whether the has-mask bit is set. */
  readonly masked?: boolean;
  /** The encoding when it is not the usual one of the version. */
  readonly as?: string;
  /** The header as it came, when the field is unknown or its length is unusual. */
  readonly header?: number;
  /** The experimenter of a header of class 0xffff. */
  readonly experimenter?: number;
}

/** The length that a header says: that of the payload it would have, with its mask, with its experimenter. */
function payloadLength({ size, experimenter }: Encoding, masked: boolean): number {
  return (masked ? size * 2 : size) + (experimenter === 0 ? 0 : 4);
}

/** "OXM ID": 32 bits of header, 32 more of experimenter for class 0xffff (OpenFlow 1.3.5 section 7.3.5.5.2). */
export const fieldId: Kind<FieldId> = {
  read: (r) => {
    const header = r.u32();
    const extended = header >>> 16 === 0xffff;
    const experimenter = extended ? r.u32() : 0;
    const masked = (header & 0x100) !== 0;
    const encoding = encodingOfHeader(header, experimenter);
    if (encoding === undefined || (header & 0xff) !== payloadLength(encoding, masked)) {
      return extended ? { field: 'unknown', header, experimenter } : { field: 'unknown', header };
    }
    const id: FieldId = encoding.isDefault[r.version]
      ? { field: encoding.row.name }
      : { field: encoding.row.name, as: encoding.name };
    return masked ? { ...id, masked } : id;
  },
  write: (w, id) => {
    if (id.field === 'unknown') {
      if (id.header === undefined) throw invalid('an unknown field needs its header');
      w.u32(id.header);
      if (id.header >>> 16 === 0xffff) w.u32(id.experimenter ?? 0);
      return;
    }
    const encoding = encodingOf(id.field, w.version, id.as);
    const masked = id.masked === true;
    w.raw32((encoding.header | (masked ? 0x100 : 0) | payloadLength(encoding, masked)) >>> 0);
    if (encoding.experimenter !== 0) w.raw32(encoding.experimenter);
  },
};
