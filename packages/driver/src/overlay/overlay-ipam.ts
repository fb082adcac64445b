import { randomBytes } from 'node:crypto';
import type {
  AddressSpacesReply,
  IpamCapabilities,
  IpamDriver,
  ReleaseAddressRequest,
  ReleasePoolRequest,
  RequestAddressReply,
  RequestAddressRequest,
  RequestPoolReply,
  RequestPoolRequest,
} from '@linecard/docker';
import { type Addresses, type NorthboundTransaction, type Pool, poolSpan, subnetsIn, swarmUser } from '@linecard/ovn';
import { type Cidr, contains, formatCidr, LinecardError, networkOf, parseCidr, toHex } from '@linecard/wire';
import type { CentralLink } from './central.js';
import { ownSpace } from './plan.js';

/** Subnets for networks that name none come from here: each is one of these addresses, taken as a whole. */
export const defaultPools: Pool = { space: 'linecard-subnets', subnet: parseCidr('10.128.0.0/24') };
const patienceMs = 15_000;

/**
 * The space in which a swarm's managers take addresses. Each node then takes those of its own containers as for any
 * other network, so that they are unique over swarms and hosts without one.
 */
const swarmSpace = 'linecard-swarm';

/** Begins the name of a pool as a user of addresses. Networks are named by their IDs, which have no such character. */
const poolPrefix = 'pool-';

/** Whether it is a pool that uses a shared address under this name, and not a network. */
export function isPoolUse(by: string): boolean {
  return by.startsWith(poolPrefix);
}

/** A pool as its ID says it. */
interface ReadPool extends Pool {
  /** The address that stands for an automatic subnet in {@link defaultPools}. */
  readonly ticket?: string;
  /** The name under which it uses addresses that hosts share. */
  readonly use: string;
}

/**
 * Docker's remote address manager: addresses that are unique over all hosts, because each is a row of the northbound
 * database. A pool's ID says all about it, so that nothing needs to be remembered of it.
 */
export class OverlayIpam implements IpamDriver {
  readonly #central: CentralLink;
  readonly #checkpoint: (step: string) => void;
  /** Pools of networks that are just being made: what is asked for by address then is reserved on all hosts. */
  readonly #opening = new Map<string, string>();

  /** `checkpoint` is told of each step; tests kill the process there. */
  constructor(central: CentralLink, checkpoint: (step: string) => void) {
    this.#central = central;
    this.#checkpoint = checkpoint;
  }

  async getCapabilities(): Promise<IpamCapabilities> {
    return { RequiresMACAddress: false, RequiresRequestReplay: false };
  }

  async getDefaultAddressSpaces(): Promise<AddressSpacesReply> {
    return { LocalDefaultAddressSpace: ownSpace, GlobalDefaultAddressSpace: swarmSpace };
  }

  async requestPool(request: RequestPoolRequest): Promise<RequestPoolReply> {
    // A manager of a swarm repeats with the second subnet what it said of the first one's gateway.
    const option = Object.keys(request.Options).find((key) => key !== 'RequestAddressType');
    if (option !== undefined) throw new LinecardError('LC_INVALID', `--ipam-opt ${option} is not known`);
    const space = request.AddressSpace === swarmSpace ? swarmSpace : ownSpace;
    const chosen =
      request.Pool === undefined ? await this.#chooseSubnet(request.V6, space) : { subnet: parseCidr(request.Pool) };
    const subnet = networkOf(chosen.subnet);
    const range = request.SubPool === undefined ? undefined : networkOf(parseCidr(request.SubPool));
    poolSpan({ space, subnet, ...(range === undefined ? {} : { range }) });
    const ticket = 'ticket' in chosen ? chosen.ticket : '';
    const id = [space, formatCidr(subnet), range ? formatCidr(range) : '', ticket, toHex(randomBytes(4))].join('|');
    if (space === ownSpace) this.#opening.set(id, formatCidr(subnet));
    this.#checkpoint('pool-chosen');
    return { PoolID: id, Pool: formatCidr(subnet) };
  }

  /** A /24 of 10.128.0.0/16 that no other network has; of IPv6 a random unique local one (RFC 4193, section 3.2.2). */
  async #chooseSubnet(v6: boolean, space: string): Promise<{ subnet: Cidr; ticket: string }> {
    if (v6) {
      const groups = toHex(randomBytes(5)).replace(/^(..)(....)(....)$/, '$1:$2:$3');
      return { subnet: parseCidr(`fd${groups}::/64`), ticket: '' };
    }
    const { nb } = await this.#central.ready(patienceMs);
    // Also of networks that have the subnet because somebody named it, and of those whose first host has left it.
    const others = subnetsIn(nb).flatMap((subnet) => ticketOf(subnet) ?? []);
    const ticket = await (await this.#addresses(space)).allocate(defaultPools, undefined, others);
    return { subnet: parseCidr(`10.128.${ticket.split('.')[3]}.0/24`), ticket };
  }

  /** A network with this subnet is made: what is asked for from now on is for endpoints. */
  opened(subnet: Cidr): void {
    const text = formatCidr(networkOf(subnet));
    for (const [id, of] of this.#opening) if (of === text) this.#opening.delete(id);
  }

  async releasePool({ PoolID }: ReleasePoolRequest): Promise<void> {
    this.#opening.delete(PoolID);
    const { space, subnet, ticket, use } = readPool(PoolID);
    if (space === swarmSpace) return this.#releaseForSwarm(subnet);
    const addresses = await this.#addresses(space);
    // What Docker has not heard that it got, it does not give back.
    await addresses.releaseShared(use);
    if (ticket !== undefined) await addresses.release(defaultPools.space, ticket);
  }

  /** A manager forgets the addresses of what died while it was dead, and the subnet's ticket: all go with the pool. */
  async #releaseForSwarm(subnet: Cidr): Promise<void> {
    const addresses = await this.#addresses(swarmSpace);
    for (const { space, address } of [...addresses.claimsOf(swarmUser)]) {
      if (space === swarmSpace && contains(subnet, address)) await addresses.release(space, address);
    }
    const ticket = ticketOf(formatCidr(subnet));
    if (ticket !== undefined) await addresses.release(defaultPools.space, ticket);
  }

  async requestAddress({ PoolID, Address, Options }: RequestAddressRequest): Promise<RequestAddressReply> {
    const pool = readPool(PoolID);
    const address = await (pool.space === swarmSpace
      ? this.#takeForSwarm(pool, Options.gateway, Address)
      : this.#take(pool, Options.gateway ? 'gateway' : this.#purpose(PoolID, Address), Address));
    this.#checkpoint('address-taken');
    return { Address: `${address}/${pool.subnet.prefix}` };
  }

  #purpose(poolId: string, wanted: string | undefined): 'reserved' | undefined {
    return wanted !== undefined && this.#opening.has(poolId) ? 'reserved' : undefined;
  }

  async #take(pool: ReadPool, shared: 'gateway' | 'reserved' | undefined, wanted: string | undefined): Promise<string> {
    const { addresses } = await this.#central.ready(patienceMs);
    return shared === undefined
      ? addresses.allocate(pool, wanted)
      : addresses.share(pool, { kind: shared, by: pool.use }, wanted);
  }

  /** What a manager asks for by address it may have already: when it starts, it asks for all that the swarm has. */
  async #takeForSwarm(pool: Pool, gateway: boolean, wanted: string | undefined): Promise<string> {
    const { nb, addresses: own } = await this.#central.ready(patienceMs);
    const addresses = own.inNameOf(swarmUser);
    if (wanted === undefined && !gateway) return addresses.allocate(pool);
    const address = wanted ?? addresses.gatewayOf(pool);
    const take = (tx: NorthboundTransaction) =>
      gateway
        ? addresses.editShare(tx, pool, address, { kind: 'gateway', by: 'swarm' })
        : addresses.take(tx, { space: pool.space, address });
    await nb.write(take, { what: `take ${address} for the swarm` });
    return address;
  }

  async releaseAddress({ PoolID, Address }: ReleaseAddressRequest): Promise<void> {
    const { space, use } = readPool(PoolID);
    const by = space === swarmSpace ? undefined : use;
    if (Address !== undefined) await (await this.#addresses(space)).release(space, Address, by);
  }

  /** In whose name an address is taken: what a swarm's managers take is the swarm's, whichever of them lives. */
  async #addresses(space: string): Promise<Addresses> {
    const { addresses } = await this.#central.ready(patienceMs);
    return space === swarmSpace ? addresses.inNameOf(swarmUser) : addresses;
  }
}

/** The address in {@link defaultPools} that stands for a subnet that was chosen. */
export function ticketOf(subnet: string): string | undefined {
  const third = /^10\.128\.(\d+)\.0\/24$/.exec(subnet)?.[1];
  return third === undefined ? undefined : `10.128.0.${third}`;
}

function readPool(id: string): ReadPool {
  const [space, subnet, range, ticket, nonce = '', ...more] = id.split('|');
  if ((space !== ownSpace && space !== swarmSpace) || subnet === undefined || more.length > 0) {
    throw new LinecardError('LC_NOT_FOUND', `there is no address pool "${id.slice(0, 100)}"`);
  }
  return {
    space,
    subnet: parseCidr(subnet),
    use: poolPrefix + nonce,
    ...(range ? { range: parseCidr(range) } : {}),
    ...(ticket ? { ticket } : {}),
  };
}
