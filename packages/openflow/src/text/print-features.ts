import type { MessageOf, ReplyBody } from '../messages/types.js';
import { formatBitNames } from './bit-names.js';
import { byNumber, formatPortDescription } from './print-ports.js';

/** Actions by number, in the order in which ovs-ofctl names them; the others it does not know as features. */
const actions10: readonly (readonly [bit: number, name: string])[] = [
  [0, 'output'],
  [11, 'enqueue'],
  [1, 'set_vlan_vid'],
  [2, 'set_vlan_pcp'],
  [3, 'strip_vlan'],
  [4, 'mod_dl_src'],
  [5, 'mod_dl_dst'],
  [6, 'mod_nw_src'],
  [7, 'mod_nw_dst'],
  [8, 'mod_nw_tos'],
  [9, 'mod_tp_src'],
  [10, 'mod_tp_dst'],
];
const actions13: typeof actions10 = [
  [0, 'output'],
  [22, 'group'],
  [25, 'set_field'],
  [18, 'strip_vlan'],
  [17, 'push_vlan'],
  [23, 'mod_nw_ttl'],
  [24, 'dec_ttl'],
  [15, 'set_mpls_ttl'],
  [16, 'dec_mpls_ttl'],
  [19, 'push_mpls'],
  [20, 'pop_mpls'],
  [21, 'set_queue'],
];

/** The actions whose bits are set. */
export function actionNames(bits: number, version: number): string {
  const names = version === 1 ? actions10 : actions13;
  return names
    .filter(([bit]) => ((bits >>> bit) & 1) === 1)
    .map(([, name]) => name)
    .join(' ');
}

/** Capabilities by version and bit; ovs-ofctl names those of 1.0 in an order of its own. */
const common = ['FLOW_STATS', 'TABLE_STATS', 'PORT_STATS'];
const capabilities13 = [...common, 'GROUP_STATS', '', 'IP_REASM', 'QUEUE_STATS', '', 'PORT_BLOCKED'];
const capabilities: Readonly<Record<number, readonly string[]>> = {
  1: [...common, 'STP', '', 'IP_REASM', 'QUEUE_STATS', 'ARP_MATCH_IP'],
  4: capabilities13,
  5: [...capabilities13, 'BUNDLES', 'FLOW_MONITORING'],
};

function capabilityNames(bits: number, version: number): string {
  const names = capabilities[Math.min(version, 5)] ?? capabilities13;
  const known = names.reduce((all, name, bit) => (name === '' ? all : all | (1 << bit)), 0);
  return formatBitNames(bits & known, names);
}

/** A features reply behind the header. */
export function formatFeatures(m: MessageOf<'features_reply'>): string {
  const { version } = m;
  const ports = byNumber(m.ports ?? []);
  return [
    ` dpid:${m.datapath_id.toString(16).padStart(16, '0')}`,
    `n_tables:${m.n_tables}, n_buffers:${m.n_buffers}${m.auxiliary_id ? `, auxiliary_id:${m.auxiliary_id}` : ''}`,
    `capabilities: ${capabilityNames(m.capabilities, version)}`,
    ...(m.actions === undefined ? [] : [`actions: ${actionNames(m.actions, version) || '0'}`]),
    ...ports.map((port) => ` ${formatPortDescription(port, { version })}`),
  ].join('\n');
}

const groupTypes = ['all', 'select', 'indirect', 'fast failover'];
const alwaysHex = (value: number): string => `0x${value.toString(16)}`;

/** What groups can do, behind the header. */
export function formatGroupFeatures(features: ReplyBody<'group_features'>, version: number): string {
  const { types, capabilities: bits, max_groups, actions } = features;
  const ofType = groupTypes.flatMap((name, i) => {
    if (((types >>> i) & 1) === 0) return [];
    const most = max_groups[i] ?? 0;
    return [
      `    ${name} group:`,
      `       max_groups=${most === 0 ? '0' : alwaysHex(most)}`,
      `       actions: ${actionNames(actions[i] ?? 0, version) || '<none>'}`,
    ];
  });
  const head = ['', ' Group table:', `    Types:  ${alwaysHex(types)}`, `    Capabilities:  ${alwaysHex(bits)}`];
  return [...head, ...ofType].join('\n');
}

/** What meters can do, behind the header. */
export function formatMeterFeatures(features: ReplyBody<'meter_features'>): string {
  const { max_meter, max_bands, max_color, band_types, capabilities: bits } = features;
  return [
    '',
    `max_meter:${max_meter} max_bands:${max_bands} max_color:${max_color}`,
    `band_types: ${formatBitNames(band_types, ['', 'drop', 'dscp_remark'])}`,
    `capabilities: ${formatBitNames(bits, ['kbps', 'pktps', 'burst', 'stats'])}`,
  ].join('\n');
}
