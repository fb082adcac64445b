import type { ContainerInterfaceInfo, NetworkInfo, PortInfo } from '@linecard/api';
import type { ContainerInterface, Host, OverlayNetworkInfo, OverlayPortInfo, OverlayPorts } from '@linecard/driver';
import { formatCidr, LinecardError } from '@linecard/wire';
import { bridgeInfo, present } from './tables.js';

function placeOf({ host, chassis, logicalPort, tunnelKey }: OverlayPortInfo) {
  return { host, chassis, logicalPort, tunnelKey };
}

/** One line for each network over many hosts that this host has. */
export function overlayNetworkTable(host: Pick<Host, 'ovs'>, networks: readonly OverlayNetworkInfo[]): NetworkInfo[] {
  return networks.map(({ plan, name, bridge, mtu, ports }) =>
    present<NetworkInfo>({
      kind: 'overlay',
      id: plan.id,
      name,
      bridge,
      switch: plan.switch,
      router: plan.router,
      internal: plan.request.internal,
      subnets: plan.subnets.map(({ pool }) => formatCidr(pool)),
      gateways: plan.subnets.flatMap(({ gateway }) => gateway?.address ?? []),
      vlan: plan.localnet?.vlan,
      mtu,
      ...bridgeInfo(host, bridge),
      ports,
    }),
  );
}

/** One line for each container of any host on a network over many hosts. */
export function overlayPortTable({ ports }: Pick<OverlayPorts, 'ports'>): PortInfo[] {
  return ports.map((port) =>
    present<PortInfo>({
      kind: 'endpoint',
      bridge: port.bridge,
      network: port.network,
      networkId: port.networkId,
      container: port.container,
      containerId: port.containerId,
      endpointId: port.logicalPort,
      hostInterface: port.hostInterface,
      ofport: port.ofport,
      ...placeOf(port),
      mac: port.mac,
      addresses: [...port.addresses],
      published: [...port.published],
      state: port.ofport === undefined ? 'pending' : 'up',
    }),
  );
}

/** The ports of one network over many hosts, by its name, that of its switch, its ID or a beginning of that; undefined when there is none. */
export function overlayPortsOf({ networks, ports }: OverlayPorts, ref: string): readonly OverlayPortInfo[] | undefined {
  const named = networks.filter(({ id, name, switch: own }) => name === ref || own === ref || id === ref);
  const found = named.length > 0 ? named : networks.filter(({ id }) => ref !== '' && id.startsWith(ref));
  if (found.length > 0) {
    const switches = new Set(found.map((one) => one.switch));
    return ports.filter((port) => switches.has(port.switch));
  }
  const elsewhere = ports.filter(({ network, switch: own }) => network === ref || own === ref);
  return elsewhere.length === 0 ? undefined : elsewhere;
}

/** Adds to the interfaces of a container of this host where those on networks over many hosts are. */
export function withPlaces(
  interfaces: readonly ContainerInterface[],
  { ports }: Pick<OverlayPorts, 'ports'>,
): ContainerInterfaceInfo[] {
  return interfaces.map((one) => {
    const port = ports.find(({ hostInterface }) => hostInterface === one.hostInterface);
    return port === undefined ? one : present<ContainerInterfaceInfo>({ ...one, ...placeOf(port) });
  });
}

/** The interfaces of a container of another host. Throws `LC_INVALID` when several hosts have one of this name. */
export function remoteInterfaces({ ports }: Pick<OverlayPorts, 'ports'>, ref: string): ContainerInterfaceInfo[] {
  const named = ports.filter(({ container, containerId }) => container === ref || containerId === ref);
  const found =
    named.length > 0 ? named : ports.filter(({ containerId }) => ref !== '' && containerId?.startsWith(ref));
  const ids = new Map(found.map(({ containerId, host }) => [containerId, host]));
  if (ids.size > 1) {
    throw new LinecardError('LC_INVALID', `hosts ${[...ids.values()].sort().join(', ')} have a container "${ref}"`, {
      hint: 'name it by its ID: `linecard ports --json` has it',
    });
  }
  return found.map((port) =>
    present<ContainerInterfaceInfo>({
      ifname: '',
      mac: port.mac,
      bridge: port.bridge,
      ofport: port.ofport,
      hostInterface: port.hostInterface,
      ...placeOf(port),
    }),
  );
}
