import { addressesOf, reachability, southbound } from '@linecard/ovn';
import { OvsdbSession, Replica, type Uuid } from '@linecard/ovsdb';
import type { OpenvSwitch } from '@linecard/switch';
import type { PortMapping } from '../records.js';
import { type Central, type CentralLink, type HostSettings, tlsOf } from './central.js';
import { OverlayState } from './state.js';

/** A container's port on a logical switch, on whatever host it is. */
export interface OverlayPortInfo {
  /** The network's name, or that of its logical switch. */
  readonly network: string;
  readonly switch: string;
  /** Docker's ID of the network on this host; absent for another host's port. */
  readonly networkId?: string;
  readonly container?: string;
  readonly containerId?: string;
  /** The host that made it. */
  readonly host: string;
  /** The chassis that OVN has bound it to; absent while it is not up, or the southbound database does not answer. */
  readonly chassis?: string;
  /** Its OpenFlow port on that host's integration bridge. */
  readonly ofport?: number;
  /** The integration bridge. */
  readonly bridge: string;
  /** The host's end of its link. */
  readonly hostInterface: string;
  readonly mac: string;
  /** Of another host without prefix length. */
  readonly addresses: readonly string[];
  /** The name of the logical port: Docker's endpoint ID. */
  readonly logicalPort: string;
  /** OVN's number of the port within its switch, which tunnels carry. */
  readonly tunnelKey?: number;
  /** Published on its host; told of this host only. */
  readonly published: readonly PortMapping[];
}

/** The networks of this host over many hosts, and the ports of all hosts. */
export interface OverlayPorts {
  readonly networks: readonly { readonly id: string; readonly name?: string; readonly switch: string }[];
  readonly ports: readonly OverlayPortInfo[];
  /** Why ports of other hosts are missing. */
  readonly error?: unknown;
}

/** How long each of OVN's databases may take to answer, in ms: this host's own ports need neither. */
const patienceMs = 3000;

interface Binding {
  readonly tunnelKey: number;
  readonly chassis: string | undefined;
}

/** What the southbound database says of each logical port, by its name. */
async function bindings(settings: HostSettings): Promise<Map<string, Binding>> {
  if (settings.southbound === undefined) return new Map();
  const session = new OvsdbSession({ endpoint: settings.southbound, ...tlsOf(settings), ...reachability });
  const replica = new Replica(session, southbound, {
    Chassis: ['name'],
    Port_Binding: ['logical_port', 'tunnel_key', 'chassis'],
  });
  try {
    session.start();
    await replica.waitSynced(patienceMs);
    const chassis = replica.table('Chassis');
    const rows = [...replica.table('Port_Binding').values()];
    const nameOf = (uuid: Uuid | undefined) => (uuid === undefined ? undefined : chassis.get(uuid)?.name);
    return new Map(rows.map((row) => [row.logical_port, { tunnelKey: row.tunnel_key, chassis: nameOf(row.chassis) }]));
  } finally {
    replica.close();
    await session.close();
  }
}

/** What OVN's databases know of the containers of all hosts. */
async function remotePorts({ nb, settings }: Central): Promise<OverlayPortInfo[]> {
  const bound = await bindings(settings).catch(() => new Map<string, Binding>());
  const rows = [...nb.replica.table('Logical_Switch_Port').values()];
  return rows.flatMap((row): OverlayPortInfo[] => {
    const ids = row.external_ids;
    if (ids.get('linecard') !== 'endpoint') return [];
    const [container, containerId, ofport] = [ids.get('container'), ids.get('container-id'), Number(ids.get('ofport'))];
    const binding = bound.get(row.name);
    return [
      {
        network: ids.get('network') ?? ids.get('switch') ?? '',
        switch: ids.get('switch') ?? '',
        ...(container === undefined ? {} : { container }),
        ...(containerId === undefined ? {} : { containerId }),
        host: ids.get('host') ?? '',
        ...(binding?.chassis === undefined ? {} : { chassis: binding.chassis }),
        ...(ofport > 0 ? { ofport } : {}),
        bridge: settings.bridge,
        hostInterface: ids.get('interface') ?? '',
        mac: row.addresses[0]?.split(' ')[0] ?? '',
        addresses: addressesOf(row),
        logicalPort: row.name,
        ...(binding === undefined ? {} : { tunnelKey: binding.tunnelKey }),
        published: [],
      },
    ];
  });
}

/** What this host remembers of its own containers: all that is known while OVN's databases do not answer. */
function ownPorts(ovs: OpenvSwitch, state: OverlayState, { host, bridge }: HostSettings): OverlayPortInfo[] {
  return [...state.ports.values()].map((port): OverlayPortInfo => {
    const network = state.networks.get(port.networkId);
    const ofport = ovs.view.interface(port.link)?.ofport ?? -1;
    return {
      network: network?.name ?? network?.plan.switch ?? port.networkId.slice(0, 12),
      switch: network?.plan.switch ?? '',
      networkId: port.networkId,
      ...(port.container === undefined ? {} : { container: port.container.name, containerId: port.container.id }),
      host,
      ...(ofport > 0 ? { ofport } : {}),
      bridge,
      hostInterface: port.link,
      mac: port.mac,
      addresses: port.addresses,
      logicalPort: port.id,
      published: port.portMap,
    };
  });
}

/** The containers' ports of all hosts, sorted by network, host and container; this host's also while OVN is away. */
export async function listOverlayPorts(ovs: OpenvSwitch, link: CentralLink): Promise<OverlayPorts> {
  const settings = link.current?.settings;
  if (settings === undefined) return { networks: [], ports: [] };
  const state = new OverlayState();
  state.load(ovs.view, settings.bridge, () => undefined);
  let remote: readonly OverlayPortInfo[] = [];
  let error: unknown;
  try {
    remote = await remotePorts(await link.ready(patienceMs));
  } catch (cause) {
    error = cause;
  }
  const ports = new Map(remote.map((port) => [port.logicalPort, port]));
  for (const own of ownPorts(ovs, state, settings)) {
    ports.set(own.logicalPort, { ...ports.get(own.logicalPort), ...own });
  }
  const key = ({ network, host, container = '' }: OverlayPortInfo) => `${network} ${host} ${container}`;
  return {
    networks: [...state.networks.values()].map(({ plan, name }) => ({
      ...{ id: plan.id, switch: plan.switch },
      ...(name === undefined ? {} : { name }),
    })),
    ports: [...ports.values()].sort((a, b) => key(a).localeCompare(key(b))),
    ...(error === undefined ? {} : { error }),
  };
}
