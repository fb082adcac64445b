import type { LogicalNetwork, LogicalSubnet } from '@linecard/ovn';
import { contains, LinecardError, networkOf, parseCidr } from '@linecard/wire';
import type { NetworkRequest } from '../network-plan.js';
import { parseOverlayOptions } from './options.js';

/** What is remembered of a network: what Docker said of it. */
export interface OverlayRequest extends NetworkRequest {
  /** Whether its addresses come from Linecard's own address management. */
  readonly ownAddresses: boolean;
  /** Addresses that no container may have (`--aux-address`), with prefix length. */
  readonly reserved: readonly string[];
}

/** A network over many hosts, resolved. */
export interface OverlayPlan {
  readonly request: OverlayRequest;
  readonly id: string;
  /** The logical switch. */
  readonly switch: string;
  readonly subnets: readonly LogicalSubnet[];
  /** The name of the logical router; absent: no way out. */
  readonly router?: string;
  readonly gateway: LogicalNetworkGateway;
  readonly localnet?: NonNullable<LogicalNetwork['localnet']>;
  /** What the user asked for. */
  readonly mtu?: number;
  /** The groups that the ACLs of all its containers come from, from their beginning on. */
  readonly groups: readonly string[];
  /** Where the addresses are unique. */
  readonly space: string;
}

type LogicalNetworkGateway = NonNullable<LogicalNetwork['router']>['gateway'];

/** The space of the addresses that Linecard gives out itself: unique over all hosts and networks. */
export const ownSpace = 'linecard';

/** Resolves a network. Throws `LC_INVALID` for options that are not allowed or contradict one another. */
export function planOverlay(request: OverlayRequest): OverlayPlan {
  const options = parseOverlayOptions(request.options);
  const pools = request.subnets.filter(({ pool }) => !/^(0\.0\.0\.0|::)\/0$/.test(pool));
  if (pools.length === 0) {
    throw new LinecardError('LC_INVALID', 'a network over many hosts needs a subnet', {
      hint: 'give --subnet, and --ipam-driver openvswitch for addresses that are unique over all hosts',
    });
  }
  const subnets = pools.map(({ pool, gateway }) => ({
    pool: networkOf(parseCidr(pool)),
    ...(gateway ? { gateway: parseCidr(gateway) } : {}),
  }));
  const name = options['ovn.switch'] ?? request.id;
  const gateway = options['ovn.gateway'] ?? 'distributed';
  const mtu = options['ovn.mtu'] ?? options['com.docker.network.driver.mtu'];
  if (mtu !== undefined && mtu < 1280 && subnets.some(({ pool }) => pool.family === 6)) {
    throw new LinecardError('LC_INVALID', `option ovn.mtu: ${mtu} is too small for IPv6`, {
      hint: 'IPv6 needs at least 1280 (RFC 8200, section 5)',
    });
  }
  if (request.internal && options['ovn.router'] !== undefined) {
    throw new LinecardError('LC_INVALID', 'option ovn.router: an internal network has no router', {
      hint: 'leave out --internal or ovn.router',
    });
  }
  const localnet = options['ovn.localnet'];
  // The gateway of a physical network stands there: a router with its address on every host would be taken for it.
  const router = options['ovn.router'] ?? (localnet === undefined ? name : undefined);
  return {
    request,
    id: request.id,
    switch: name,
    subnets,
    ...(request.internal || router === undefined ? {} : { router }),
    gateway: gateway === 'distributed' ? gateway : { host: gateway },
    ...(localnet === undefined ? {} : { localnet }),
    ...(mtu === undefined ? {} : { mtu }),
    groups: options['ovn.acl'] ?? [],
    space: request.ownAddresses ? ownSpace : `switch:${name}`,
  };
}

/** Whether a network's gateways lead anywhere: to its own router, or on the physical network that it is a part of. */
export function leadsOut({ router, localnet, request }: OverlayPlan): boolean {
  return router !== undefined || (localnet !== undefined && !request.internal);
}

/** The gateways for a container with these addresses (with prefix length). */
export function overlayGateways(plan: OverlayPlan, addresses: readonly string[]): { v4?: string; v6?: string } {
  const found: { v4?: string; v6?: string } = {};
  if (!leadsOut(plan)) return found;
  for (const address of addresses.map(parseCidr)) {
    const gateway = plan.subnets.find(({ pool }) => contains(pool, address.address))?.gateway;
    if (gateway !== undefined) found[gateway.family === 4 ? 'v4' : 'v6'] ??= gateway.address;
  }
  return found;
}
