import { createHash } from 'node:crypto';
import { formatMac } from '@linecard/wire';

// The letters behind "lc" are no hex digits, so that a bridge (lc + 12 hex digits) never meets an endpoint's interface.
export const hostPrefix = 'lcv';
const peerPrefix = 'lcp';

/** The bridge of a network that was given none: `lc` and 12 digits of the network ID. */
export function bridgeName(networkId: string): string {
  return `lc${networkId.slice(0, 12)}`;
}

/** The host's end of an endpoint's veth pair: 15 characters, 12 of them hex digits of the endpoint ID. */
export function hostInterface(endpointId: string): string {
  return `${hostPrefix}${endpointId.slice(0, 12)}`;
}

/** The end that Docker moves into the container. */
export function peerInterface(endpointId: string): string {
  return `${peerPrefix}${endpointId.slice(0, 12)}`;
}

/** Whether an interface name has the shape of {@link hostInterface}. */
export function isHostInterface(name: string): boolean {
  return /^lcv[0-9a-f]{12}$/.test(name);
}

/** The name of the interface at the host's end, for a name at either end. */
export function hostOf(name: string): string {
  return name.replace(/^lcp/, hostPrefix);
}

/** The interface name of a tunnel port: the same one for the same network, type, remote and key. */
export function tunnelInterface(networkId: string, tunnel: { type: string; remote: string; key: number }): string {
  return `lct${digest(networkId, tunnel.type, tunnel.remote, String(tunnel.key)).slice(0, 12)}`;
}

/** A 64-hex-digit ID, the same one for the same words. */
export function digest(...words: string[]): string {
  return createHash('sha256').update(words.join('\0')).digest('hex');
}

/** A locally administered unicast MAC address, the same one for the same words. */
export function stableMac(...words: string[]): string {
  return formatMac(Buffer.from(`02${digest(...words).slice(0, 10)}`, 'hex'));
}
