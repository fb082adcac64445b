import { invalid } from '../core/errors.js';
import { type Kind, list, measured, named, rest, text, u8, u32, u64 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { pad, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { fieldList } from '../oxm.js';
import { fieldId } from './field-id.js';
import { noList } from './shared.js';

/** The type of an instruction or action that a table supports; `data` is that of experimenters. */
export interface TypeId {
  readonly code: number;
  readonly data?: Uint8Array;
}

const typeId: Kind<TypeId> = {
  read: (r) => {
    const code = r.u16();
    const length = r.u16();
    if (length < 4) r.fail(`a type of ${length} bytes`);
    return length === 4 ? { code } : { code, data: r.take(length - 4) };
  },
  write: (w, { code, data }) => {
    if (data !== undefined && data.length > 0xffff - 4) throw invalid('too much data of an experimenter');
    w.u16(code);
    w.u16(4 + (data?.length ?? 0));
    if (data !== undefined) w.put(data);
  },
};

const ids = ['ids', list(typeId)] as const;
const tables = ['tables', list(u8)] as const;
const fields = ['fields', list(fieldId)] as const;

const featureProperties = properties([
  row(0, 'instructions', ids),
  row(1, 'instructions_miss', ids),
  row(2, 'next_tables', tables),
  row(3, 'next_tables_miss', tables),
  row(4, 'write_actions', ids),
  row(5, 'write_actions_miss', ids),
  row(6, 'apply_actions', ids),
  row(7, 'apply_actions_miss', ids),
  row(8, 'match', fields),
  row(10, 'wildcards', fields),
  row(12, 'write_setfield', fields),
  row(13, 'write_setfield_miss', fields),
  row(14, 'apply_setfield', fields),
  row(15, 'apply_setfield_miss', fields),
  row(16, 'table_sync_from', tables),
  row(18, 'write_copyfield', fields),
  row(19, 'write_copyfield_miss', fields),
  row(20, 'apply_copyfield', fields),
  row(21, 'apply_copyfield_miss', fields),
  row(22, 'packet_types', ['values', fieldList]),
  row(0xfffe, 'experimenter_miss', ['experimenter', u32], ['data', rest]),
]);

const common = [
  ['name', text(32), ''],
  ['metadata_match', u64, 0n],
  ['metadata_write', u64, 0n],
] as const;

/** `struct ofp_table_features` of 1.3 and 1.4 (section 7.3.5.5); `config` is called capabilities in 1.4. */
export const tableFeatures13 = list(
  measured(
    struct(
      ['table_id', u8],
      pad(5),
      ...common,
      ['config', u32, 0],
      ['max_entries', u32],
      ['properties', featureProperties, noList],
    ),
  ),
);

/** `struct ofp_table_features` of 1.5. */
export const tableFeatures15 = list(
  measured(
    struct(
      ['table_id', u8],
      ['command', named(u8, { replace: 0, modify: 1, enable: 2, disable: 3 }), 'replace'],
      ['features', u32, 0],
      ...common,
      ['config', u32, 0],
      ['max_entries', u32],
      ['properties', featureProperties, noList],
    ),
  ),
);
