import { type Kind, named, u16, u32, u64 } from '../core/kinds.js';
import { type PropertyOf, properties } from '../core/properties.js';
import { pad, struct } from '../core/struct.js';
import { row } from '../core/tlv.js';
import { type Embedded, embedded } from './embedded.js';
import { noList } from './shared.js';

/** `struct ofp_time` of 1.5. */
const time = struct(['seconds', u64], ['nanoseconds', u32], pad(4));

const bundleRows = [row(1, 'time', pad(4), ['scheduled_time', time])] as const;
const bundleProperties = properties(bundleRows);

/** Bits of `flags` of a bundle. */
export const bundleFlags = { atomic: 1, ordered: 2, time: 4 } as const;

/** OFPT_BUNDLE_CONTROL (OpenFlow 1.4.1 section 7.3.9.2), also of ONF's extension to 1.3. */
export const bundleControl = [
  ['bundle_id', u32],
  [
    'ctrl_type',
    named(u16, {
      open_request: 0,
      open_reply: 1,
      close_request: 2,
      close_reply: 3,
      commit_request: 4,
      commit_reply: 5,
      discard_request: 6,
      discard_reply: 7,
    }),
  ],
  ['flags', u16, 0],
  ['properties', bundleProperties, noList],
] as const;

/** The message that joins a bundle, with the properties behind it. */
export interface BundledMessage {
  readonly message: Embedded;
  readonly properties?: readonly PropertyOf<typeof bundleRows>[];
}

/** Properties start at a multiple of 8 bytes after the message, where there are any. */
const bundled: Kind<BundledMessage> = {
  read: (r) => {
    const from = r.at;
    const message = embedded.read(r);
    if (r.left === 0) return { message };
    r.pad(-(r.at - from) & 7);
    return { message, properties: bundleProperties.read(r) };
  },
  write: (w, { message, properties: list }) => {
    const from = w.at;
    embedded.write(w, message);
    if (list === undefined) return;
    w.align8(from);
    bundleProperties.write(w, list);
  },
};

/** OFPT_BUNDLE_ADD_MESSAGE. */
export const bundleAdd = [['bundle_id', u32], pad(2), ['flags', u16, 0], ['content', bundled]] as const;

const featureProperties = properties([
  row(
    1,
    'time',
    pad(4),
    ['sched_accuracy', time],
    ['sched_max_future', time],
    ['sched_max_past', time],
    ['timestamp', time],
  ),
]);

/** The request for what bundles can do, of 1.5. */
export const bundleFeaturesRequest = struct(['feature_request_flags', u32, 0], pad(4), [
  'properties',
  featureProperties,
  noList,
]);
/** What bundles can do, of 1.5. */
export const bundleFeatures = struct(['capabilities', u16], pad(6), ['properties', featureProperties, noList]);
