import type { CustomCounter } from '../messages/port-stats14.js';
import type { ReplyBody } from '../messages/types.js';
import { formatDuration } from './duration.js';
import { formatCounter, formatPort } from './values.js';

type PortStats = ReplyBody<'port_stats'>[number];
type Property = NonNullable<PortStats['properties']>[number];
type Rfc2819 = Extract<Property, { readonly type: 'intel_rfc2819' }>;

const indent = ' '.repeat(11);
const unknown = 0xffff_ffff_ffff_ffffn;
const noDuration = 0xffff_ffff;

const sizes = ['1_to_64', '65_to_127', '128_to_255', '256_to_511', '512_to_1023', '1024_to_1522', '1523_to_max'];
const sizeCounters = (direction: string): [string, string][] =>
  sizes.map((size) => [`${size}_packets`, `${direction}_${size}_packets`]);
const rfc2819: readonly (readonly [
  direction: string,
  counters: readonly (readonly [label: string, field: string])[],
])[] = [
  [
    'rx',
    [
      ...sizeCounters('rx'),
      ['broadcast_packets', 'rx_broadcast_packets'],
      ['undersized_errors', 'rx_undersized_errors'],
      ['oversize_errors', 'rx_oversize_errors'],
      ['rx_fragmented_errors', 'rx_fragmented_errors'],
      ['rx_jabber_errors', 'rx_jabber_errors'],
    ],
  ],
  [
    'tx',
    [
      ...sizeCounters('tx'),
      ['multicast_packets', 'tx_multicast_packets'],
      ['broadcast_packets', 'tx_broadcast_packets'],
    ],
  ],
];

function rfc2819Lines(stats: Rfc2819): string[] {
  const values = stats as unknown as Readonly<Record<string, bigint>>;
  return rfc2819.flatMap(([direction, counters]) => {
    const known = counters.filter(([, field]) => values[field] !== unknown);
    const words = known.map(([label, field]) => `${label}=${values[field]},`);
    return words.length === 0 ? [] : [`${indent}${direction} rfc2819 ${words.join(' ')}`];
  });
}

const customInRow = 3;

function customLines(counters: readonly CustomCounter[]): string[] {
  const words = counters.map(({ name, value }) => `${name}=${value},`);
  const rows = Array.from({ length: Math.ceil(words.length / customInRow) }, (_, i) =>
    words.slice(i * customInRow, (i + 1) * customInRow).join(' '),
  );
  return rows.length === 0 ? [] : [`${indent}CUSTOM Statistics`, ...rows.map((row) => ' '.repeat(22) + row)];
}

function propertyLines(property: Property): string[] {
  if (property.type === 'intel_rfc2819') return rfc2819Lines(property);
  return property.type === 'intel_custom' ? customLines(property.counters) : [];
}

/** The counters of a port as `ovs-ofctl dump-ports` prints them: lines. */
export function formatPortStats(stats: PortStats): string {
  const c = { ...stats, ...stats.properties?.find((property) => property.type === 'ethernet') };
  const seconds = stats.duration_sec ?? noDuration;
  return [
    `  port ${formatPort(stats.port_no).padStart(2)}: rx pkts=${formatCounter(c.rx_packets)}, bytes=${formatCounter(c.rx_bytes)}, drop=${formatCounter(c.rx_dropped)}, errs=${formatCounter(c.rx_errors)}, frame=${formatCounter(c.rx_frame_err)}, over=${formatCounter(c.rx_over_err)}, crc=${formatCounter(c.rx_crc_err)}`,
    `${indent}tx pkts=${formatCounter(c.tx_packets)}, bytes=${formatCounter(c.tx_bytes)}, drop=${formatCounter(c.tx_dropped)}, errs=${formatCounter(c.tx_errors)}, coll=${formatCounter(c.collisions)}`,
    ...(seconds === noDuration ? [] : [`${indent}duration=${formatDuration(seconds, stats.duration_nsec ?? 0)}`]),
    ...(stats.properties ?? []).flatMap(propertyLines),
  ].join('\n');
}
