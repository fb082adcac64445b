import { createHash, randomBytes } from 'node:crypto';
import { formatMac } from '@linecard/wire';

/**
 * The names of one backend's veth pairs: a prefix and 12 random hex digits, the same for both ends. Whose a link is
 * stands in its Interface row: at the time when its name is given nobody knows yet (see `ContainerLinks`).
 */
export class LinkNames {
  readonly host: string;
  readonly #peer: string;

  /** The prefixes of the end that stays on the host and of the one that goes; 3 characters each. */
  constructor(host: string, peer: string) {
    this.host = host;
    this.#peer = peer;
  }

  /** A new name for a host's end. */
  fresh(): string {
    return this.host + randomBytes(6).toString('hex');
  }

  /** Whether an interface name has the shape of a host's end. */
  isHost(name: string): boolean {
    return this.hostOf(name) === name;
  }

  /** The name of the end that Docker moves into the container. */
  peerOf(host: string): string {
    return this.#peer + host.slice(this.host.length);
  }

  /** The name of the host's end for a name at either end; undefined when it is neither. */
  hostOf(name: string): string | undefined {
    const prefix = [this.host, this.#peer].find((one) => name.startsWith(one));
    if (prefix === undefined || !/^[0-9a-f]{12}$/.test(name.slice(prefix.length))) return undefined;
    return this.host + name.slice(prefix.length);
  }
}

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
