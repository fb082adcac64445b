import { type Kind, mac, port16, u8, u16, u32 } from '../core/kinds.js';
import { pad } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { type MatchField, readField, writeField } from '../oxm.js';
import { fieldReference } from './subfield.js';

/** OFPCML_NO_BUFFER: the whole packet goes to the controller. */
export const WHOLE_PACKET = 0xffff;

const field: Kind<MatchField> = { read: readField, write: writeField };

/** Actions of OpenFlow 1.0 (section 5.2.4). */
export const actions10 = [
  row(0, 'output', ['port', port16], ['max_len', u16, WHOLE_PACKET]),
  row(1, 'set_vlan_vid', ['vlan_vid', u16]),
  row(2, 'set_vlan_pcp', ['vlan_pcp', u8]),
  row(3, 'strip_vlan'),
  row(4, 'set_dl_src', ['addr', mac]),
  row(5, 'set_dl_dst', ['addr', mac]),
  row(6, 'set_nw_src', ['addr', u32]),
  row(7, 'set_nw_dst', ['addr', u32]),
  row(8, 'set_nw_tos', ['tos', u8]),
  row(9, 'set_tp_src', ['port', u16]),
  row(10, 'set_tp_dst', ['port', u16]),
  row(11, 'enqueue', ['port', port16], pad(6), ['queue_id', u32]),
] as const;

/** Actions of OpenFlow 1.3 and 1.4 (section 7.2.4 of 1.3.5), with those of 1.1 that Open vSwitch still takes. */
export const actions13 = [
  row(0, 'output', ['port', u32], ['max_len', u16, WHOLE_PACKET]),
  row(1, 'set_vlan_vid', ['vlan_vid', u16]),
  row(2, 'set_vlan_pcp', ['vlan_pcp', u8]),
  row(3, 'set_dl_src', ['addr', mac]),
  row(4, 'set_dl_dst', ['addr', mac]),
  row(5, 'set_nw_src', ['addr', u32]),
  row(6, 'set_nw_dst', ['addr', u32]),
  row(7, 'set_nw_tos', ['tos', u8]),
  row(8, 'set_nw_ecn', ['ecn', u8]),
  row(9, 'set_tp_src', ['port', u16]),
  row(10, 'set_tp_dst', ['port', u16]),
  row(11, 'copy_ttl_out'),
  row(12, 'copy_ttl_in'),
  row(13, 'set_mpls_label', ['label', u32]),
  row(14, 'set_mpls_tc', ['tc', u8]),
  row(15, 'set_mpls_ttl', ['ttl', u8]),
  row(16, 'dec_mpls_ttl'),
  row(17, 'push_vlan', ['ethertype', u16]),
  row(18, 'pop_vlan'),
  row(19, 'push_mpls', ['ethertype', u16]),
  row(20, 'pop_mpls', ['ethertype', u16]),
  row(21, 'set_queue', ['queue_id', u32]),
  row(22, 'group', ['group_id', u32]),
  row(23, 'set_nw_ttl', ['ttl', u8]),
  row(24, 'dec_nw_ttl'),
  row(25, 'set_field', ['field', field]),
  row(26, 'push_pbb', ['ethertype', u16]),
  row(27, 'pop_pbb'),
] as const;

/** What OpenFlow 1.5 adds (section 7.2.6 of 1.5.1). */
export const actions15 = [
  row(
    28,
    'copy_field',
    ['n_bits', u16],
    ['src_ofs', u16, 0],
    ['dst_ofs', u16, 0],
    pad(2),
    ['src', fieldReference],
    ['dst', fieldReference],
  ),
  row(29, 'meter', ['meter_id', u32]),
] as const;
