import { formatMac } from '@linecard/wire';
import type { ReplyBody } from '../messages/types.js';
import { formatBitNames } from './bit-names.js';
import { formatPort, toBytes } from './values.js';

/** A port description of any version. */
export type PortDescription = ReplyBody<'port_desc'>[number];

const configBits = ['PORT_DOWN', 'NO_STP', 'NO_RECV', 'NO_RECV_STP', 'NO_FLOOD', 'NO_FWD', 'NO_PACKET_IN'];
const stateBits = ['LINK_DOWN', 'BLOCKED', 'LIVE'];
const spanningTree = ['STP_LISTEN', 'STP_LEARN', 'STP_FORWARD', 'STP_BLOCK'];
const speeds = ['10MB-HD', '10MB-FD', '100MB-HD', '100MB-FD', '1GB-HD', '1GB-FD', '10GB-FD'];
const media = ['COPPER', 'FIBER', 'AUTO_NEG', 'AUTO_PAUSE', 'AUTO_PAUSE_ASYM'];
const features10 = [...speeds, ...media];
const features13 = [...speeds, '40GB-FD', '100GB-FD', '1TB-FD', 'OTHER', ...media];
const megabits = [10, 10, 100, 100, 1000, 1000, 10_000];

/** Names of the bits of a port's features. */
export function featureNames(version: number): readonly string[] {
  return version === 1 ? features10 : features13;
}

/** Names of the bits of a port's configuration: later versions took those of the spanning tree and of flooding away. */
export function configNames(version: number): readonly string[] {
  return version === 1 ? configBits : configBits.map((name) => (/STP|FLOOD/.test(name) ? '' : name));
}

function formatState(port: PortDescription, version: number): string {
  const { state } = port;
  if (version !== 1) return formatBitNames(state, stateBits);
  const tree = (state >>> 8) & 3;
  const rest = state & ~0x300;
  if (tree === 0) return formatBitNames(rest, stateBits);
  return spanningTree[tree]! + (rest === 0 ? '' : formatBitNames(rest, stateBits));
}

interface Speeds {
  readonly curr: number;
  readonly advertised: number;
  readonly supported: number;
  readonly peer: number;
  readonly curr_speed?: number;
  readonly max_speed?: number;
}

/** Features and speeds, which 1.4 moved into a property. */
function speedsOf(port: PortDescription): Speeds | undefined {
  const ethernet = port.properties?.find((property) => property.type === 'ethernet');
  const found = ethernet ?? port;
  if (found.curr === undefined) return ethernet === undefined ? undefined : { ...zeroSpeeds, ...ethernet };
  return { ...zeroSpeeds, ...found } as Speeds;
}

const zeroSpeeds = { curr: 0, advertised: 0, supported: 0, peer: 0 };

function highest(features: number): number {
  return megabits.reduce((best, speed, bit) => (((features >>> bit) & 1) === 1 ? speed : best), 0);
}

/** Names end at what cannot be printed, and the last of their 16 bytes is a zero. */
function printableName(name: string): string {
  return /^[\x20-\x7e]*/.exec(name)![0].slice(0, 15);
}

/** Ports in the order of their numbers. */
export function byNumber<T extends { readonly port_no: number }>(some: readonly T[]): T[] {
  return [...some].sort((a, b) => a.port_no - b.port_no);
}

/** A port as `ovs-ofctl show` prints it: several lines. */
export function formatPortDescription(port: PortDescription, options: { readonly version?: number } = {}): string {
  const { version = 4 } = options;
  const names = featureNames(version);
  const speed = speedsOf(port) ?? zeroSpeeds;
  const feature = (label: string, bits: number): string[] =>
    bits === 0 ? [] : [`     ${`${label}:`.padEnd(11)} ${formatBitNames(bits, names)}`];
  const now =
    version === 1 ? highest(speed.curr) : Math.floor((('curr_speed' in speed ? speed.curr_speed : 0) ?? 0) / 1000);
  const most =
    version === 1 ? highest(speed.supported) : Math.floor((('max_speed' in speed ? speed.max_speed : 0) ?? 0) / 1000);
  return [
    `${formatPort(port.port_no)}(${printableName(port.name)}): addr:${formatMac(toBytes(BigInt(port.hw_addr), 6))}`,
    `     config:     ${formatBitNames(port.config, configBits)}`,
    `     state:      ${formatState(port, version)}`,
    ...feature('current', speed.curr),
    ...feature('advertised', speed.advertised),
    ...feature('supported', speed.supported),
    ...feature('peer', speed.peer),
    `     speed: ${now} Mbps now, ${most} Mbps max`,
  ].join('\n');
}
