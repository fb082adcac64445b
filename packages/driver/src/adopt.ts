import type { ContainerDetail, DockerNetwork, NetworkEndpoint } from '@linecard/docker';
import { formatCidr, formatIp, networkOf, parseCidr, parseIp } from '@linecard/wire';
import { type NetworkPlan, planNetwork } from './network-plan.js';
import type { Port, PortMapping } from './records.js';

/*
 * Takes networks and endpoints back that Docker has and OVSDB has lost: its database was emptied while nobody was there
 * to remember. What only OVSDB knew, the OpenFlow port numbers that were not asked for and the attachments, is gone.
 */

/**
 * The gateway of a subnet that was given none, with the subnet's prefix length. Docker tells the plugin, but not those
 * who inspect the network; it takes the first address of the range, or of the subnet, that is not the network's own.
 */
export function defaultGateway(subnet: string, range = subnet): string {
  const { prefix } = parseCidr(subnet);
  const base = networkOf(parseCidr(subnet)).address;
  const first = networkOf(parseCidr(range)).address;
  if (first !== base) return formatCidr({ ...parseCidr(subnet), address: first, prefix });
  const bytes = parseIp(base).slice();
  bytes[bytes.length - 1]! += 1;
  return formatCidr({ ...parseCidr(subnet), address: formatIp(bytes), prefix });
}

/** The plan of a network as Docker tells it. Throws `LC_INVALID`. */
export function adoptedNetwork(network: DockerNetwork): NetworkPlan {
  const withGateways = network.ipamDriver !== 'null';
  return planNetwork({
    id: network.id,
    internal: network.internal,
    options: network.options,
    subnets: network.subnets.flatMap(({ subnet, gateway, ipRange }) => {
      if (subnet === undefined) return [];
      if (!withGateways) return [{ pool: subnet }];
      const prefix = subnet.split('/')[1];
      return [
        { pool: subnet, gateway: gateway ? `${gateway.split('/')[0]}/${prefix}` : defaultGateway(subnet, ipRange) },
      ];
    }),
  });
}

/** Docker publishes a container's ports on the one network that it takes its default route from. */
function mappingsOf(container: ContainerDetail, networkId: string): PortMapping[] {
  const routed = container.networks.filter(({ gateway }) => gateway !== undefined);
  const [first] = routed.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (first?.networkId !== networkId) return [];
  // Which port of the host Docker left to the driver, nobody knows any more.
  return container.portBindings.filter(({ hostPort }) => hostPort > 0);
}

/** An endpoint of an adopted network with a living link; `container` is absent when Docker does not tell it. */
export function adoptedPort(
  plan: NetworkPlan,
  networkName: string,
  endpoint: NetworkEndpoint,
  container: ContainerDetail | undefined,
): Omit<Port, 'ofport' | 'link'> {
  const { endpointId, mac, ipv4, ipv6 } = endpoint;
  const options = container?.networks.find((one) => one.endpointId === endpointId)?.options ?? {};
  const sandbox = plan.dhcp ? container?.sandboxKey : undefined;
  return {
    kind: 'endpoint',
    id: endpointId,
    bridge: plan.bridge,
    networkId: plan.id,
    networkName,
    mac: mac ?? '',
    addresses: [ipv4, ipv6].filter((address) => address !== undefined),
    options,
    portMap: container === undefined || plan.mode === 'flat' ? [] : mappingsOf(container, plan.id),
    ...(sandbox === undefined ? {} : { sandbox }),
  };
}
