import fc, { type Arbitrary } from 'fast-check';
import { type Action, type FieldName, ports, type Version } from '../src/index.js';
import { bitsArbitrary, bytes, fieldArbitrary, number, row } from './matches.js';

const someField = (...names: readonly FieldName[]) => fc.constantFrom(...names).map((field) => ({ field }));
const anyField = ['reg0', 'reg15', 'xreg3', 'xxreg1', 'metadata', 'eth_src', 'tunnel_id', 'pkt_mark'] as const;

/** Some bits of one of these fields. */
function partOf(...names: readonly FieldName[]) {
  return someField(...names).chain(({ field }) => {
    const { bits } = row.get(field)!;
    return fc.nat(bits - 1).chain((first) => {
      const start = Math.max(0, first - (bits > 64 ? 0 : 8));
      return fc
        .integer({ min: 1, max: Math.min(64, bits - start) })
        .map((count) => ({ field: { field }, range: { start, count } }));
    });
  });
}

const inPort = { field: 'in_port', as: 'NXM_OF_IN_PORT' } as const;
const ethSource = { field: 'eth_src', as: 'NXM_OF_ETH_SRC' } as const;
const ethDestination = { field: 'eth_dst', as: 'NXM_OF_ETH_DST' } as const;
const whole = (field: { readonly field: FieldName; readonly as?: string }) => ({ field, start: 0 });
const hashed = fc.constantFrom('eth_src' as const, 'symmetric_l4' as const, 'nw_src' as const, 'symmetric_l3' as const);
const members = fc.subarray([1, 2, 3]);
const chooser = fc.constantFrom('active_backup' as const, 'hrw' as const);

const learnSpec = fc.oneof(
  fc.constant({ action: 'match', bits: 48, source: whole(ethSource), target: whole(ethDestination) } as const),
  fc.constant({
    action: 'match',
    bits: 16,
    source: Uint8Array.of(8, 0),
    target: whole({ field: 'eth_type', as: 'NXM_OF_ETH_TYPE' }),
  } as const),
  fc
    .nat(16)
    .map(
      (start) =>
        ({ action: 'load', bits: 16, source: whole(inPort), target: { field: { field: 'reg1' }, start } }) as const,
    ),
  bytes(2, 2).map((source) => ({ action: 'load', bits: 16, source, target: whole({ field: 'reg2' }) }) as const),
  fc.constant({ action: 'output', bits: 16, source: whole(inPort) } as const),
);
const learnHead = {
  idle_timeout: number(16),
  hard_timeout: number(16),
  priority: number(16),
  cookie: bitsArbitrary(64),
  flags: fc.nat(3),
  table_id: fc.integer({ min: 1, max: 253 }),
  specs: fc.array(learnSpec, { maxLength: 3 }),
};
const sampled = {
  probability: fc.integer({ min: 1, max: 0xffff }),
  collector_set_id: number(32),
  obs_domain_id: number(32),
  obs_point_id: number(32),
};

const natRange = fc.oneof(
  fc.constant({}),
  number(24).map((n) => ({ ipv4_min: 0x0a000001 + n })),
  fc.tuple(number(16), fc.integer({ min: 1, max: 99 })).map(([n, more]) => ({
    ipv4_min: 0x0a000001 + n,
    ipv4_max: 0x0a000001 + n + more,
    proto_min: 5,
    proto_max: 5 + more,
  })),
);
const nat = fc.record({
  type: fc.constant('nx_nat' as const),
  flags: fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(0, 4, 8, 16, 20)).map(([direction, rest]) => direction | rest),
  range: natRange,
});

function arbitrary<T extends Action['type']>(type: T, fields: object = {}): Arbitrary<Action> {
  return fc.record({ type: fc.constant(type), ...fields }) as unknown as Arbitrary<Action>;
}

/** Actions that Open vSwitch takes in every version. */
const sharedActions: readonly Arbitrary<Action>[] = [
  arbitrary('output', {
    port: fc.constantFrom(
      1,
      100,
      ...Object.values(ports).filter((port) => port > 0xffff_fff7 && port < 0xffff_ffff && port !== ports.table),
    ),
    max_len: fc.constantFrom(0xffff, 0, 128),
  }),
  arbitrary('nx_resubmit', { in_port: fc.constantFrom(5, ports.in_port, ports.local) }),
  arbitrary('nx_resubmit_table', { in_port: fc.constantFrom(5, ports.in_port, ports.local), table_id: number(8) }),
  arbitrary('nx_resubmit_table_ct', { in_port: fc.constantFrom(5, ports.in_port), table_id: number(8) }),
  arbitrary('nx_pop_queue'),
  arbitrary('nx_exit'),
  arbitrary('nx_ct_clear'),
  arbitrary('nx_note', { note: bytes(6, 6) }),
  arbitrary('nx_controller', { max_len: number(16), controller_id: number(16), reason: fc.nat(5) }),
  arbitrary('nx_controller2', {
    properties: fc
      .record(
        {
          max_len: number(16),
          controller_id: number(16),
          reason: fc.nat(5),
          userdata: bytes(1, 6),
          pause: fc.constant(true),
          meter_id: number(16),
        },
        { requiredKeys: [] },
      )
      .map((all) =>
        Object.entries(all).map(([type, value]) => (type === 'pause' ? { type } : { type, [type]: value })),
      ),
  }),
  arbitrary('nx_dec_ttl_cnt_ids', { controllers: fc.array(number(16), { minLength: 1, maxLength: 3 }) }),
  arbitrary('nx_fin_timeout', { fin_idle_timeout: number(16), fin_hard_timeout: number(16) }),
  arbitrary('nx_output_trunc', {
    port: fc.constantFrom(1, ports.local, ports.in_port),
    max_len: fc.integer({ min: 14, max: 0xffff }),
  }),
  arbitrary('nx_multipath', {
    fields: hashed,
    basis: number(16),
    algorithm: fc.constantFrom('modulo_n', 'hash_threshold', 'hrw', 'iter_hash'),
    max_link: fc.nat(15),
    arg: number(32),
    range: fc.constant({ start: 0, count: 16 }),
    dst: fc.constant({ field: 'reg0' }),
  }),
  arbitrary('nx_bundle', {
    algorithm: chooser,
    fields: hashed,
    basis: number(16),
    slave_type: fc.constant(inPort),
    slaves: members,
  }),
  arbitrary('nx_bundle_load', {
    algorithm: chooser,
    fields: hashed,
    basis: number(16),
    slave_type: fc.constant(inPort),
    choice: fc.record({
      slaves: members,
      range: fc.constant({ start: 3, count: 16 }),
      dst: fc.constant({ field: 'reg0' }),
    }),
  }),
  partOf('reg0', 'xreg3', 'metadata').map(
    ({ field, range }): Action => ({
      type: 'nx_output_reg',
      src: field,
      range: { ...range, count: Math.min(range.count, 32) },
      max_len: 0xffff,
    }),
  ),
  partOf('reg0', 'xreg3', 'metadata').map(
    ({ field, range }): Action => ({ type: 'nx_stack_push', field, start: range.start, n_bits: range.count }),
  ),
  partOf('reg0', 'xreg3', 'metadata').map(
    ({ field, range }): Action => ({ type: 'nx_stack_pop', field, start: range.start, n_bits: range.count }),
  ),
  arbitrary('nx_sample', sampled),
  arbitrary('nx_sample2', { ...sampled, sampling_port: fc.constantFrom(1, ports.any) }),
  arbitrary('nx_sample3', {
    ...sampled,
    sampling_port: fc.constantFrom(1, ports.any),
    direction: fc.constantFrom('default', 'ingress', 'egress'),
  }),
  arbitrary('nx_ct', {
    flags: fc.constantFrom(1, 3),
    zone: number(16),
    recirc_table: fc.constantFrom(255, 4, 0),
    alg: fc.constantFrom(0, 21, 69),
    actions: fc.subarray([0, 1, 2]).chain((picked) =>
      fc.tuple(
        ...picked.map((i) =>
          i === 0
            ? nat
            : fieldArbitrary({ ...row.get(i === 1 ? 'ct_mark' : 'ct_label')!, maskable: false }).map((field) => ({
                type: 'nx_reg_load2',
                field,
              })),
        ),
      ),
    ),
  }),
  fc.nat(15).map(
    (start): Action => ({
      type: 'nx_ct',
      flags: 0,
      zone: (start << 6) | 15,
      zone_src: { field: 'reg3' },
      recirc_table: 7,
    }),
  ),
  arbitrary('nx_check_pkt_larger', {
    pkt_len: number(16),
    dst_ofs: fc.nat(31),
    dst: someField('reg0', 'xreg1', 'xxreg3'),
  }),
  fc.nat(63).map((n): Action => ({ type: 'nx_delete_field', field: { field: `tun_metadata${n}` as FieldName } })),
  arbitrary('nx_learn', { ...learnHead, fin_idle_timeout: number(16), fin_hard_timeout: number(16) }),
  arbitrary('nx_learn2', {
    ...learnHead,
    limit: fc.oneof(
      number(16).map((limit) => ({ limit })),
      fc.record({ limit: number(16), result: fc.nat(31).map((start) => ({ field: { field: 'reg0' }, start })) }),
    ),
  }),
  fc.constant({ type: 'nx_clone', actions: [{ type: 'output', port: 1, max_len: 0 }, { type: 'nx_exit' }] }),
];

const moved = partOf('reg0', 'reg1').map(
  ({ field, range }): Action => ({
    type: 'nx_reg_move',
    n_bits: range.count,
    src_ofs: range.start,
    dst_ofs: range.start,
    src: field,
    dst: { field: 'reg2' },
  }),
);
const loaded = partOf(...anyField).chain(({ field, range }) =>
  bitsArbitrary(range.count).map((value): Action => ({ type: 'nx_reg_load', range, dst: field, value })),
);
const set = fc
  .constantFrom<FieldName>(
    ...anyField,
    'ipv4_dst',
    'ip_dscp',
    'ip_ecn',
    'nw_ttl',
    'tcp_src',
    'eth_dst',
    'tun_src',
    'tun_gbp_id',
  )
  .chain((name) => fieldArbitrary({ ...row.get(name)!, maskable: false }))
  .map((field): Action => ({ type: 'set_field', field }));
const later: readonly Arbitrary<Action>[] = [
  set,
  arbitrary('set_queue', { queue_id: number(32) }),
  arbitrary('group', { group_id: number(16) }),
  arbitrary('set_nw_ttl', { ttl: number(8) }),
  arbitrary('dec_nw_ttl'),
  arbitrary('push_vlan', { ethertype: fc.constantFrom(0x8100, 0x88a8) }),
  fc.constant({ type: 'nx_encap', new_pkt_type: 0 }),
];
const tunnels: readonly Arbitrary<Action>[] = [
  arbitrary('nx_set_tunnel', { tun_id: number(32) }),
  arbitrary('nx_set_tunnel64', { tun_id: bitsArbitrary(64) }),
];

/** What the versions have beyond the shared actions. In 1.5, moving, loading and setting tunnels are standard actions. */
export const actionsOf: Readonly<Record<Version, Arbitrary<Action>>> = {
  1: fc.oneof(...sharedActions, moved, loaded, ...tunnels),
  4: fc.oneof(...sharedActions, moved, loaded, ...later),
  5: fc.oneof(...sharedActions, moved, loaded, ...later),
  6: fc.oneof(...sharedActions, ...later),
};
