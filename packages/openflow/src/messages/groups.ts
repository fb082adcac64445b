import { actionList } from '../actions/index.js';
import { list, measured, named, slotted, text, times, u8, u16, u32, u64 } from '../core/kinds.js';
import { properties } from '../core/properties.js';
import { pad, slot, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { fieldList } from '../oxm.js';
import { groups, noList, ports } from './shared.js';

export const groupCommand = named(u16, {
  add: 0,
  modify: 1,
  delete: 2,
  insert_bucket: 3,
  remove_bucket: 5,
  add_or_mod: 0x8000,
});
export const groupType = named(u8, { all: 0, select: 1, indirect: 2, ff: 3 });

/** Reserved buckets of OpenFlow 1.5. */
export const buckets = { max: 0xffff_ff00, first: 0xffff_fffd, last: 0xffff_fffe, all: 0xffff_ffff } as const;

/** `struct ofp_bucket` of 1.1 to 1.4 (section 7.3.4.3 of 1.3.5). */
const bucket13 = measured(
  struct(['weight', u16, 0], ['watch_port', u32, ports.any], ['watch_group', u32, groups.any], pad(4), [
    'actions',
    actionList,
    noList,
  ]),
);

const bucketProperties = properties([
  row(0, 'weight', ['weight', u16], pad(2)),
  row(1, 'watch_port', ['watch', u32]),
  row(2, 'watch_group', ['watch', u32]),
]);

/** `struct ofp_bucket` of 1.5. */
const bucket15 = measured(
  struct(
    slot,
    ['bucket_id', u32, buckets.all],
    ['actions', slotted(actionList), noList],
    ['properties', bucketProperties, noList],
  ),
);

/** Netronome's selection method, which Open vSwitch speaks (its Documentation/group-selection-method-property.txt). */
const groupProperties = properties([], {
  experimenter: 0x154d,
  subtypeSize: 4,
  rows: [
    row(
      1,
      'ntr_selection_method',
      pad(4),
      ['selection_method', text(16)],
      ['selection_method_param', u64, 0n],
      ['fields', fieldList, noList],
    ),
  ],
});

/** OFPT_GROUP_MOD of 1.1 to 1.4. */
export const groupMod13 = [
  ['command', groupCommand, 'add'],
  ['group_type', groupType, 'all'],
  pad(1),
  ['group_id', u32],
  ['buckets', list(bucket13), noList],
] as const;

const buckets15 = ['buckets', slotted(list(bucket15)), noList] as const;

/** OFPT_GROUP_MOD of 1.5. */
export const groupMod15 = [
  ['command', groupCommand, 'add'],
  ['group_type', groupType, 'all'],
  pad(1),
  ['group_id', u32],
  slot,
  pad(2),
  ['command_bucket_id', u32, buckets.all],
  buckets15,
  ['properties', groupProperties, noList],
] as const;

/** A request that names a group. */
export const groupRequest = struct(['group_id', u32, groups.all], pad(4));

/** `struct ofp_group_desc` of 1.1 to 1.4. */
export const groupDesc13 = list(
  measured(struct(['group_type', groupType], pad(1), ['group_id', u32], ['buckets', list(bucket13), noList])),
);

/** `struct ofp_group_desc` of 1.5. */
export const groupDesc15 = list(
  measured(
    struct(['group_type', groupType], pad(1), ['group_id', u32], slot, pad(6), buckets15, [
      'properties',
      groupProperties,
      noList,
    ]),
  ),
);

/** `struct ofp_group_stats` of 1.3 and later. */
export const groupStats = list(
  measured(
    struct(
      pad(2),
      ['group_id', u32],
      ['ref_count', u32],
      pad(4),
      ['packet_count', u64],
      ['byte_count', u64],
      ['duration_sec', u32],
      ['duration_nsec', u32],
      ['bucket_stats', list(struct(['packet_count', u64], ['byte_count', u64]))],
    ),
  ),
);

/** `struct ofp_group_features`: the arrays go by group type. */
export const groupFeatures = struct(
  ['types', u32],
  ['capabilities', u32],
  ['max_groups', times(4, u32)],
  ['actions', times(4, u32)],
);
