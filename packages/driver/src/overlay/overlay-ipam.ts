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
import { type Pool, poolSpan } from '@linecard/ovn';
import { type Cidr, formatCidr, LinecardError, networkOf, parseCidr, toHex } from '@linecard/wire';
import type { CentralLink } from './central.js';
import { ownSpace } from './plan.js';

/** Subnets for networks that name none come from here: each is one of these addresses, taken as a whole. */
const defaultPools: Pool = { space: 'linecard-subnets', subnet: parseCidr('10.128.0.0/24') };
const patienceMs = 15_000;

/** A pool as its ID says it. */
interface ReadPool extends Pool {
  /** The address that stands for an automatic subnet in {@link defaultPools}. */
  readonly ticket?: string;
}

/**
 * Docker's remote address manager: addresses that are unique over all hosts, because each is a row of the northbound
 * database. A pool's ID says all about it, so that nothing needs to be remembered of it.
 */
export class OverlayIpam implements IpamDriver {
  readonly #central: CentralLink;
  /** Pools of networks that are just being made: what is asked for by address then is reserved on all hosts. */
  readonly #opening = new Map<string, string>();

  constructor(central: CentralLink) {
    this.#central = central;
  }

  async getCapabilities(): Promise<IpamCapabilities> {
    return { RequiresMACAddress: false, RequiresRequestReplay: false };
  }

  async getDefaultAddressSpaces(): Promise<AddressSpacesReply> {
    return { LocalDefaultAddressSpace: ownSpace, GlobalDefaultAddressSpace: ownSpace };
  }

  async requestPool(request: RequestPoolRequest): Promise<RequestPoolReply> {
    const option = Object.keys(request.Options)[0];
    if (option !== undefined) throw new LinecardError('LC_INVALID', `--ipam-opt ${option} is not known`);
    const chosen =
      request.Pool === undefined ? await this.#chooseSubnet(request.V6) : { subnet: parseCidr(request.Pool) };
    const subnet = networkOf(chosen.subnet);
    const range = request.SubPool === undefined ? undefined : networkOf(parseCidr(request.SubPool));
    poolSpan({ space: ownSpace, subnet, ...(range === undefined ? {} : { range }) });
    const ticket = 'ticket' in chosen ? chosen.ticket : '';
    const id = [ownSpace, formatCidr(subnet), range ? formatCidr(range) : '', ticket, toHex(randomBytes(4))].join('|');
    this.#opening.set(id, formatCidr(subnet));
    return { PoolID: id, Pool: formatCidr(subnet) };
  }

  /** A /24 of 10.128.0.0/16 that no other network has; of IPv6 a random unique local one (RFC 4193, section 3.2.2). */
  async #chooseSubnet(v6: boolean): Promise<{ subnet: Cidr; ticket: string }> {
    if (v6) {
      const groups = toHex(randomBytes(5)).replace(/^(..)(....)(....)$/, '$1:$2:$3');
      return { subnet: parseCidr(`fd${groups}::/64`), ticket: '' };
    }
    const { addresses } = await this.#central.ready(patienceMs);
    const ticket = await addresses.allocate(defaultPools);
    return { subnet: parseCidr(`10.128.${ticket.split('.')[3]}.0/24`), ticket };
  }

  /** A network with this subnet is made: what is asked for from now on is for endpoints. */
  opened(subnet: Cidr): void {
    const text = formatCidr(networkOf(subnet));
    for (const [id, of] of this.#opening) if (of === text) this.#opening.delete(id);
  }

  async releasePool({ PoolID }: ReleasePoolRequest): Promise<void> {
    this.#opening.delete(PoolID);
    const { ticket } = readPool(PoolID);
    if (ticket === undefined) return;
    const { addresses } = await this.#central.ready(patienceMs);
    await addresses.release(defaultPools.space, ticket);
  }

  async requestAddress({ PoolID, Address, Options }: RequestAddressRequest): Promise<RequestAddressReply> {
    const pool = readPool(PoolID);
    const { addresses } = await this.#central.ready(patienceMs);
    const shared = Options.gateway
      ? 'gateway'
      : Address !== undefined && this.#opening.has(PoolID)
        ? 'reserved'
        : undefined;
    const address = await (shared === undefined
      ? addresses.allocate(pool, Address)
      : addresses.share(pool, shared, Address));
    return { Address: `${address}/${pool.subnet.prefix}` };
  }

  async releaseAddress({ PoolID, Address }: ReleaseAddressRequest): Promise<void> {
    const { space } = readPool(PoolID);
    if (Address === undefined) return;
    const { addresses } = await this.#central.ready(patienceMs);
    await addresses.release(space, Address);
  }
}

function readPool(id: string): ReadPool {
  const [space, subnet, range, ticket, , ...more] = id.split('|');
  if (space !== ownSpace || subnet === undefined || more.length > 0) {
    throw new LinecardError('LC_NOT_FOUND', `there is no address pool "${id.slice(0, 100)}"`);
  }
  return {
    space,
    subnet: parseCidr(subnet),
    ...(range ? { range: parseCidr(range) } : {}),
    ...(ticket ? { ticket } : {}),
  };
}
