import { createHash } from 'node:crypto';
import { formatMac } from '@linecard/wire';
import { LinkNames } from './container-link.js';

/** The links of this host's networks. The letters behind "lc" are no hex digits: a bridge has 12 of them there. */
export const localLinks = new LinkNames('lcv', 'lcp');

/** The bridge of a network that was given none: `lc` and 12 digits of the network ID. */
export function bridgeName(networkId: string): string {
  return `lc${networkId.slice(0, 12)}`;
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
