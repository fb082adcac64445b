import type { CreateNetworkRequest } from '@linecard/docker';
import { type Cidr, contains, LinecardError, networkOf, parseCidr } from '@linecard/wire';
import { bridgeName, stableMac } from './names.js';
import { type NetworkOptions, parseNetworkOptions, type Tunnel, type Uplink } from './network-options.js';

/** An address range of a network and, where it has one, the gateway in it. */
export interface Subnet {
  readonly pool: Cidr;
  readonly gateway?: Cidr;
}

/** What Docker says of a network: all that is remembered of it, in the Bridge row. */
export interface NetworkRequest {
  readonly id: string;
  readonly internal: boolean;
  /** Gateway and pool as Docker sends them, of both families. */
  readonly subnets: readonly { readonly pool: string; readonly gateway?: string | undefined }[];
  readonly options: Readonly<Record<string, string>>;
}

/** The subnets of what Docker asks for. */
export function subnetsOf(request: Pick<CreateNetworkRequest, 'IPv4Data' | 'IPv6Data'>): NetworkRequest['subnets'] {
  return [...request.IPv4Data, ...request.IPv6Data].flatMap(({ Pool, Gateway }) =>
    Pool === undefined ? [] : [{ pool: Pool, ...(Gateway === undefined ? {} : { gateway: Gateway }) }],
  );
}

/** A network resolved: every default filled in, every contradiction refused. */
export interface NetworkPlan {
  readonly request: NetworkRequest;
  readonly id: string;
  readonly bridge: string;
  readonly mode: 'flat' | 'nat' | 'routed';
  readonly internal: boolean;
  readonly subnets: readonly Subnet[];
  /** 16 hex digits, when one was asked for. */
  readonly dpid?: string;
  readonly localMac: string;
  /** Targets of ovs-vsctl(8), or `embedded:APP`. */
  readonly controllers: readonly string[];
  readonly failMode: 'secure' | 'standalone';
  readonly protocols: readonly string[];
  /** The access VLAN of ports, which only a bridge without a controller applies. */
  readonly vlan?: number;
  readonly mtu: number;
  readonly uplinks: readonly Uplink[];
  readonly tunnels: readonly Tunnel[];
  readonly userspace: boolean;
  readonly dhcp: boolean;
}

/** The OpenFlow versions that a bridge speaks unless told otherwise. */
export const defaultProtocols = ['OpenFlow10', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'] as const;
const ethernetMtu = 1500;
// What each tunnel adds to an Ethernet frame over IPv4: outer IP and Ethernet header, UDP, and its own header.
const tunnelOverhead = { vxlan: 50, geneve: 58, gre: 42 } as const;
const extraOverheadOfIPv6 = 20;

/** How many bytes a packet grows by in a tunnel: its MTU must be that much smaller than that of the way to the peer. */
export function overheadOf({ type, remote }: Tunnel): number {
  return tunnelOverhead[type] + (remote.includes(':') ? extraOverheadOfIPv6 : 0);
}

function defaultMtu(tunnels: readonly Tunnel[]): number {
  return ethernetMtu - Math.max(0, ...tunnels.map(overheadOf));
}

function planSubnets(request: NetworkRequest): Subnet[] {
  // The null IPAM driver sends the pool 0.0.0.0/0: no addresses of Docker's.
  const pools = request.subnets.filter(({ pool }) => !/^(0\.0\.0\.0|::)\/0$/.test(pool));
  return pools.map(({ pool, gateway }) => ({
    pool: networkOf(parseCidr(pool)),
    ...(gateway ? { gateway: parseCidr(gateway) } : {}),
  }));
}

function planUplinks(options: NetworkOptions): readonly Uplink[] {
  const bound = options['ovs.bridge.bind_interface'];
  const uplinks = options['ovs.bridge.add_ports'] ?? [];
  const all =
    bound === undefined || uplinks.some(({ name }) => name === bound) ? uplinks : [...uplinks, { name: bound }];
  const numbers = all.flatMap(({ ofport }) => (ofport === undefined ? [] : [ofport]));
  if (new Set(numbers).size !== numbers.length || new Set(all.map(({ name }) => name)).size !== all.length) {
    throw new LinecardError('LC_INVALID', 'option ovs.bridge.add_ports names an interface or an OpenFlow port twice');
  }
  return all;
}

function refuseContradictions(plan: NetworkPlan): void {
  const addressed = plan.subnets.some(({ gateway }) => gateway !== undefined);
  if (plan.mode !== 'flat' && !addressed) {
    throw new LinecardError('LC_INVALID', `mode ${plan.mode} needs a gateway address and the network has none`, {
      hint: 'give --subnet and --gateway, or leave out --ipam-driver null',
    });
  }
  if (plan.dhcp && plan.mode !== 'flat') {
    throw new LinecardError('LC_INVALID', `option ovs.bridge.dhcp goes with mode flat, not ${plan.mode}`);
  }
  if (plan.dhcp && plan.subnets.length > 0) {
    throw new LinecardError('LC_INVALID', 'option ovs.bridge.dhcp needs a network without addresses of Docker', {
      hint: 'add --ipam-driver null',
    });
  }
  if (plan.mtu < 1280 && plan.subnets.some(({ pool }) => pool.family === 6)) {
    throw new LinecardError('LC_INVALID', `option ovs.bridge.mtu: ${plan.mtu} is too small for IPv6`, {
      hint: 'IPv6 needs at least 1280 (RFC 8200, section 5)',
    });
  }
}

/** Resolves a network. Throws `LC_INVALID` for options that are not allowed or contradict one another. */
export function planNetwork(request: NetworkRequest): NetworkPlan {
  const options = parseNetworkOptions(request.options);
  const controllers = options['ovs.bridge.controller'] ?? [];
  const tunnels = options['ovs.bridge.tunnels'] ?? [];
  const dpid = options['ovs.bridge.dpid'];
  const vlan = options['ovs.bridge.vlan'];
  const plan: NetworkPlan = {
    request,
    id: request.id,
    bridge: options['ovs.bridge.name'] ?? bridgeName(request.id),
    mode: options['ovs.bridge.mode'] ?? 'flat',
    internal: request.internal,
    subnets: planSubnets(request),
    ...(dpid === undefined ? {} : { dpid }),
    localMac: options['ovs.bridge.ovs_local_mac'] ?? stableMac(request.id),
    controllers,
    failMode: options['ovs.bridge.fail_mode'] ?? (controllers.length > 0 ? 'secure' : 'standalone'),
    protocols: options['ovs.bridge.protocols'] ?? defaultProtocols,
    ...(vlan === undefined ? {} : { vlan }),
    mtu: options['ovs.bridge.mtu'] ?? options['com.docker.network.driver.mtu'] ?? defaultMtu(tunnels),
    uplinks: planUplinks(options),
    tunnels,
    userspace: options['ovs.bridge.userspace'] ?? false,
    dhcp: options['ovs.bridge.dhcp'] ?? false,
  };
  refuseContradictions(plan);
  return plan;
}

/** The addresses that the bridge's local port carries: the gateways, unless the network is flat. */
export function gatewayAddresses(plan: NetworkPlan): readonly Cidr[] {
  return plan.mode === 'flat' ? [] : plan.subnets.flatMap(({ gateway }) => (gateway === undefined ? [] : [gateway]));
}

/**
 * The gateways that a container with these addresses gets from Docker's Join. A flat network has none of ours, but
 * where interfaces are plugged in, the gateway that the user named is a router behind them.
 */
export function gatewaysFor(plan: NetworkPlan, addresses: readonly string[]): { v4?: string; v6?: string } {
  if (plan.internal || (plan.mode === 'flat' && plan.uplinks.length === 0)) return {};
  const found: { v4?: string; v6?: string } = {};
  for (const address of addresses.map(parseCidr)) {
    const subnet = plan.subnets.find(({ pool }) => contains(pool, address.address));
    const gateway = subnet?.gateway;
    if (gateway === undefined || gateway.address === address.address) continue;
    found[gateway.family === 4 ? 'v4' : 'v6'] ??= gateway.address;
  }
  return found;
}
