import type { DockerEngine, DockerNetwork, DockerWatch } from '@linecard/docker';
import { addressesOf, type Claim } from '@linecard/ovn';
import { type Cidr, contains, formatCidr, parseCidr } from '@linecard/wire';
import type { Central, CentralLink } from './central.js';
import { defaultPools, isPoolUse, ticketOf } from './overlay-ipam.js';
import { ownSpace } from './plan.js';
import { Rounds } from './rounds.js';
import type { OverlayState } from './state.js';

/** What is needed to know whether an address is in use. */
export interface UnusedAddressesParts {
  readonly central: CentralLink;
  readonly state: OverlayState;
  readonly engine: DockerEngine;
  readonly watch: DockerWatch;
  /** Resolves when it is known what this host remembers. */
  readonly ready: (timeoutMs: number) => Promise<Central>;
  /** The name under which Docker knows the driver. */
  readonly driverName: string;
  /** How long, in ms, an address may be claimed without being in use; also how often is looked. */
  readonly ageMs: number;
  readonly onError: (what: string, error: unknown) => void;
  readonly onWarning: (text: string) => void;
}

const patienceMs = 10_000;

/**
 * Frees addresses that this host has claimed and that nobody on it has, no container and no network: Docker has not heard
 * the answer to its request, or the daemon was killed before it gave one back, or a database was restored from a backup
 * of when it was in use.
 */
export class UnusedAddresses extends Rounds {
  readonly #parts: UnusedAddressesParts;

  constructor(parts: UnusedAddressesParts) {
    super('look for addresses that nobody uses', parts.onError);
    this.#parts = parts;
  }

  protected pauseMs(): number {
    return this.#parts.ageMs;
  }

  protected async look(): Promise<void> {
    const { central, watch, ready, ageMs, onWarning } = this.#parts;
    if (!watch.connected || central.current?.nb.ready !== true) return;
    const current = await ready(patienceMs);
    if (current.addresses.claimsOf(current.settings.host).next().done) return;
    const freed = await current.addresses.releaseUnused(await this.#usage(current), ageMs);
    if (freed.length > 0) onWarning(`freed addresses that nobody on this host uses: ${freed.join(', ')}`);
  }

  /** What tells whether an address, or one use of a shared address, is still wanted. */
  async #usage({ nb }: Central): Promise<(claim: Claim, by?: string) => boolean> {
    const { state, engine, driverName } = this.#parts;
    const [containers, networks] = await Promise.all([engine.containers(), engine.networks()]);
    const inUse = new Set([
      ...[...state.ports.values()].flatMap(({ addresses }) => addresses.map((text) => parseCidr(text).address)),
      // Of other hosts, and of machines: whoever has a port has its addresses.
      ...[...nb.replica.table('Logical_Switch_Port').values()].flatMap(addressesOf),
      ...containers.flatMap((one) => one.networks.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])),
    ] as string[]);
    const subnetsOf = (some: readonly DockerNetwork[]) => {
      return some.flatMap(({ subnets }) => subnets.flatMap(({ subnet }) => (subnet ? [parseCidr(subnet)] : [])));
    };
    const within = (subnets: readonly Cidr[], address: string) => subnets.some((subnet) => contains(subnet, address));
    const tickets = new Set(subnetsOf(networks).map((subnet) => ticketOf(formatCidr(subnet))));
    // The addresses of a swarm's network are claimed by its manager, for containers on any host.
    const swarms = subnetsOf(networks.filter(({ scope }) => scope !== 'local'));
    // A network of another driver is none that this host has told of; its pool uses its gateway as long as it lives.
    const foreign = subnetsOf(
      networks.filter(({ id, ipamDriver }) => ipamDriver?.startsWith(driverName) && !state.networks.has(id)),
    );
    return ({ space, address }, by) => {
      if (by !== undefined) return state.networks.has(by) || (isPoolUse(by) && within(foreign, address));
      if (space === defaultPools.space) return tickets.has(address);
      return space !== ownSpace || inUse.has(address) || within(swarms, address);
    };
  }
}
