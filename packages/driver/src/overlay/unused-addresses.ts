import type { DockerEngine, DockerWatch } from '@linecard/docker';
import { addressesOf } from '@linecard/ovn';
import { contains, parseCidr } from '@linecard/wire';
import type { CentralLink } from './central.js';
import { ownSpace } from './plan.js';
import type { OverlayState } from './state.js';

/** What is needed to know whether an address is in use. */
export interface UnusedAddressesParts {
  readonly central: CentralLink;
  readonly state: OverlayState;
  readonly engine: DockerEngine;
  readonly watch: DockerWatch;
  /** The name under which Docker knows the driver. */
  readonly driverName: string;
  /** How long, in ms, an address may be claimed without being in use; also how often is looked. */
  readonly ageMs: number;
  readonly onError: (what: string, error: unknown) => void;
  readonly onWarning: (text: string) => void;
}

/**
 * Frees addresses that this host has claimed and that no container and no network has: Docker has not heard the answer to its request,
 * or the daemon was killed before it gave one back, or a database was restored from a backup of when it was in use.
 */
export class UnusedAddresses {
  readonly #parts: UnusedAddressesParts;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: UnusedAddressesParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#tick(), this.#parts.ageMs);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #tick(): Promise<void> {
    try {
      await this.#look();
    } catch (error) {
      if (!this.#closed) this.#parts.onError('look for addresses that nobody uses', error);
    }
    if (!this.#closed) this.start();
  }

  async #look(): Promise<void> {
    const { central, state, engine, watch, driverName, ageMs, onWarning } = this.#parts;
    const current = central.current;
    const own = [...state.networks.values()].filter(({ plan }) => plan.request.ownAddresses);
    if (!watch.connected || current === undefined || !current.nb.ready) return;
    const { addresses, settings } = current;
    // A host that has nothing asks Docker nothing.
    if (own.length === 0 && addresses.claimsOf(settings.host).next().done) return;
    const [containers, networks] = await Promise.all([engine.containers(), engine.networks()]);
    const inUse = new Set([
      ...[...state.ports.values()].flatMap(({ addresses }) => addresses.map((text) => parseCidr(text).address)),
      // Of other hosts, and of machines: whoever has a port has its addresses.
      ...[...current.nb.replica.table('Logical_Switch_Port').values()].flatMap(addressesOf),
      ...containers.flatMap((one) => one.networks.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])),
    ] as string[]);
    // The addresses of a swarm's network are claimed by its manager, for containers on any host.
    const local = networks.filter(({ driver, scope }) => driver.startsWith(driverName) && scope === 'local');
    const freed: string[] = [];
    for (const { plan } of own.filter((network) => local.some(({ id }) => id === network.plan.id))) {
      for (const { pool } of plan.subnets) {
        freed.push(...(await addresses.releaseUnused({ space: ownSpace, subnet: pool }, inUse, ageMs)));
      }
    }
    const subnets = networks.flatMap((network) => network.subnets.flatMap(({ subnet }) => subnet ?? [])).map(parseCidr);
    const isShared = (address: string) => subnets.some((subnet) => contains(subnet, address));
    freed.push(...(await addresses.releaseUnusedShared(ownSpace, isShared, ageMs)));
    if (freed.length > 0) onWarning(`freed addresses that nothing on this host has: ${freed.join(', ')}`);
  }
}
