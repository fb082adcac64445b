import { errorPairs } from '../core/errors.js';
import { type Kind, list, named, port16, rest, u8, u16, u32, u64, within } from '../core/kinds.js';
import { pad, struct } from '../core/struct.js';
import { membersOf, type RowsEncodable, row, tlvFamily, type UnknownTlv } from '../core/tlv.js';
import { type MatchField, readField, writeField } from '../oxm.js';
import { learnLimit, learnSpecs } from './learn.js';
import { natRange } from './nat.js';
import { bitRange, bundlePorts, counted16 } from './ranges.js';
import { fieldReference } from './subfield.js';

/** NX_VENDOR_ID. */
export const NICIRA = 0x0000_2320;
/** ONF_VENDOR_ID. */
export const ONF = 0x4f4e_4600;

const controllerProperties = [
  row(0, 'max_len', ['max_len', u16]),
  row(1, 'controller_id', ['controller_id', u16]),
  row(2, 'reason', ['reason', u8]),
  row(3, 'userdata', ['userdata', rest]),
  row(4, 'pause'),
  row(5, 'meter_id', ['meter_id', u32]),
] as const;

/** A property of Nicira's second controller action. */
export type ControllerProperty = RowsEncodable<typeof controllerProperties> | UnknownTlv;

const controllerProperty: Kind<ControllerProperty> = tlvFamily(membersOf(controllerProperties), {
  lengthError: errorPairs.badActionLength,
  padding: 'outside',
});

/** A property of an encap action. */
export interface EncapProperty {
  readonly class: number;
  readonly code: number;
  readonly data: Uint8Array;
}

const encapProperty: Kind<EncapProperty> = {
  read: (r) => {
    const from = r.at;
    const property = { class: r.u16(), code: r.u8(), data: r.take(r.u8() - 4) };
    r.pad(-(r.at - from) & 7);
    return property;
  },
  write: (w, { class: propertyClass, code, data }) => {
    const from = w.at;
    w.u16(propertyClass);
    w.u8(code);
    w.u8(data.length + 4);
    w.put(data);
    w.align8(from);
  },
};

const field: Kind<MatchField> = { read: readField, write: writeField };

const hashFields = named(u16, {
  eth_src: 0,
  symmetric_l4: 1,
  symmetric_l3l4: 2,
  'symmetric_l3l4+udp': 3,
  nw_src: 4,
  nw_dst: 5,
  symmetric_l3: 6,
});

const learnHead = [
  ['idle_timeout', u16, 0],
  ['hard_timeout', u16, 0],
  ['priority', u16, 0x8000],
  ['cookie', u64, 0n],
  ['flags', u16, 0],
  ['table_id', u8, 1],
  pad(1),
  ['fin_idle_timeout', u16, 0],
  ['fin_hard_timeout', u16, 0],
] as const;

const sample = [
  ['probability', u16],
  ['collector_set_id', u32, 0],
  ['obs_domain_id', u32, 0],
  ['obs_point_id', u32, 0],
] as const;

/** Nicira's actions (ovs-actions(7); layouts of Open vSwitch's ofp-actions), but for those that hold actions. */
export const niciraActions = [
  row(1, 'nx_resubmit', ['in_port', port16]),
  row(2, 'nx_set_tunnel', pad(2), ['tun_id', u32]),
  row(4, 'nx_set_queue', pad(2), ['queue_id', u32]),
  row(5, 'nx_pop_queue'),
  row(
    6,
    'nx_reg_move',
    ['n_bits', u16],
    ['src_ofs', u16, 0],
    ['dst_ofs', u16, 0],
    ['src', fieldReference],
    ['dst', fieldReference],
  ),
  row(7, 'nx_reg_load', ['range', bitRange], ['dst', fieldReference], ['value', u64]),
  row(8, 'nx_note', ['note', rest]),
  row(9, 'nx_set_tunnel64', pad(6), ['tun_id', u64]),
  row(
    10,
    'nx_multipath',
    ['fields', hashFields],
    ['basis', u16],
    pad(2),
    ['algorithm', named(u16, { modulo_n: 0, hash_threshold: 1, hrw: 2, iter_hash: 3 })],
    ['max_link', u16],
    ['arg', u32],
    pad(2),
    ['range', bitRange],
    ['dst', fieldReference],
  ),
  row(
    12,
    'nx_bundle',
    ['algorithm', named(u16, { active_backup: 0, hrw: 1 })],
    ['fields', hashFields],
    ['basis', u16],
    ['slave_type', fieldReference],
    ['slaves', bundlePorts],
  ),
  row(14, 'nx_resubmit_table', ['in_port', port16, 0xffff_fff8], ['table_id', u8, 255], pad(3)),
  row(15, 'nx_output_reg', ['range', bitRange], ['src', fieldReference], ['max_len', u16, 0xffff]),
  row(16, 'nx_learn', ...learnHead, ['specs', learnSpecs]),
  row(17, 'nx_exit'),
  row(18, 'nx_dec_ttl'),
  row(19, 'nx_fin_timeout', ['fin_idle_timeout', u16, 0], ['fin_hard_timeout', u16, 0], pad(2)),
  row(20, 'nx_controller', ['max_len', u16, 0xffff], ['controller_id', u16, 0], ['reason', u8, 1], pad(1)),
  row(21, 'nx_dec_ttl_cnt_ids', ['controllers', counted16(4)]),
  row(22, 'nx_write_metadata', pad(6), ['metadata', u64], ['metadata_mask', u64]),
  row(23, 'nx_push_mpls', ['ethertype', u16]),
  row(24, 'nx_pop_mpls', ['ethertype', u16]),
  row(25, 'nx_set_mpls_ttl', ['ttl', u8]),
  row(26, 'nx_dec_mpls_ttl'),
  row(27, 'nx_stack_push', ['start', u16, 0], ['field', fieldReference], ['n_bits', u16], pad(6)),
  row(28, 'nx_stack_pop', ['start', u16, 0], ['field', fieldReference], ['n_bits', u16], pad(6)),
  row(29, 'nx_sample', ...sample),
  row(30, 'nx_set_mpls_label', pad(2), ['label', u32]),
  row(31, 'nx_set_mpls_tc', ['tc', u8]),
  row(32, 'nx_output_reg2', ['range', bitRange], ['max_len', u16, 0xffff], ['src', fieldReference]),
  row(33, 'nx_reg_load2', ['field', field]),
  row(34, 'nx_conjunction', ['clause', u8], ['n_clauses', u8], ['id', u32]),
  row(36, 'nx_nat', pad(2), ['flags', u16, 0], ['range', natRange, {}]),
  row(37, 'nx_controller2', pad(6), ['properties', list(controllerProperty)]),
  row(38, 'nx_sample2', ...sample, ['sampling_port', port16], pad(6)),
  row(39, 'nx_output_trunc', ['port', port16], ['max_len', u32]),
  row(40, 'nx_group', pad(2), ['group_id', u32]),
  row(
    41,
    'nx_sample3',
    ...sample,
    ['sampling_port', port16],
    ['direction', named(u8, { default: 0, ingress: 1, egress: 2 })],
    pad(5),
  ),
  row(43, 'nx_ct_clear'),
  row(44, 'nx_resubmit_table_ct', ['in_port', port16, 0xffff_fff8], ['table_id', u8, 255], pad(3)),
  row(45, 'nx_learn2', ...learnHead, ['limit', learnLimit], ['specs', learnSpecs]),
  row(46, 'nx_encap', ['hdr_size', u16, 0], ['new_pkt_type', u32], ['properties', list(encapProperty), []]),
  row(47, 'nx_decap', pad(2), ['new_pkt_type', u32]),
  row(48, 'nx_dec_nsh_ttl'),
  row(49, 'nx_check_pkt_larger', ['pkt_len', u16], ['dst_ofs', u16], ['dst', fieldReference]),
  row(50, 'nx_delete_field', ['field', within(14, fieldReference)]),
] as const;

/** `nx_bundle_load` stores the chosen port in a field. */
const bundleChoice = struct(['n_slaves', u16], ['range', bitRange], ['dst', fieldReference], pad(4));

/** What a bundle-load action chooses from and where it stores the choice. */
export interface BundleLoad {
  readonly slaves: readonly number[];
  readonly range: { readonly start: number; readonly count: number };
  readonly dst: ReturnType<typeof fieldReference.read>;
}

const bundleLoad: Kind<BundleLoad> = {
  read: (r) => {
    const { n_slaves, range, dst } = bundleChoice.read(r);
    const outer = r.enter(n_slaves * 2);
    const slaves = list(port16).read(r);
    r.leave(outer);
    return { slaves, range, dst };
  },
  write: (w, { slaves, range, dst }) => {
    bundleChoice.write(w, { n_slaves: slaves.length, range, dst });
    for (const slave of slaves) port16.write(w, slave);
  },
};

export const niciraBundleLoad = [
  row(
    13,
    'nx_bundle_load',
    ['algorithm', named(u16, { active_backup: 0, hrw: 1 })],
    ['fields', hashFields],
    ['basis', u16],
    ['slave_type', fieldReference],
    ['choice', bundleLoad],
  ),
] as const;

/** ONF's copy-field for 1.3 and 1.4 (EXT-320). */
export const onfActions = [
  row(
    3200,
    'onf_copy_field',
    pad(2),
    ['n_bits', u16],
    ['src_ofs', u16, 0],
    ['dst_ofs', u16, 0],
    pad(2),
    ['src', fieldReference],
    ['dst', fieldReference],
  ),
] as const;
