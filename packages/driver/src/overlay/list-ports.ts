import { addressesOf, reachability, southbound } from '@linecard/ovn';
import { OvsdbSession, Replica, type Uuid } from '@linecard/ovsdb';
import { type Central, type HostSettings, tlsOf } from './central.js';

/** A container's port on a logical switch, on whatever host it is. */
export interface RemotePort {
  /** The network's name, or that of its logical switch. */
  readonly network: string;
  readonly switch: string;
  readonly container?: string;
  /** The host that made it. */
  readonly host: string;
  /** The chassis that OVN has bound it to; absent while it is not up. */
  readonly chassis?: string;
  /** Its OpenFlow port on that host's integration bridge. */
  readonly ofport?: number;
  readonly mac: string;
  readonly addresses: readonly string[];
  /** The name of the logical port: Docker's endpoint ID. */
  readonly port: string;
  /** OVN's number of the port within its switch, which tunnels carry. */
  readonly tunnelKey?: number;
}

const patienceMs = 10_000;

/** What the southbound database says of each logical port, by its name. */
async function bindings(
  settings: HostSettings,
): Promise<Map<string, { tunnelKey: number; chassis: string | undefined }>> {
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

/** The containers' ports of all hosts, sorted by network, host and container. */
export async function listRemotePorts({ nb, settings }: Central): Promise<RemotePort[]> {
  const bound = await bindings(settings);
  const rows = [...nb.replica.table('Logical_Switch_Port').values()];
  const ports = rows.flatMap((row): RemotePort[] => {
    const ids = row.external_ids;
    if (ids.get('linecard') !== 'endpoint') return [];
    const [container, ofport] = [ids.get('container'), Number(ids.get('ofport'))];
    const binding = bound.get(row.name);
    return [
      {
        network: ids.get('network') ?? ids.get('switch') ?? '',
        switch: ids.get('switch') ?? '',
        ...(container === undefined ? {} : { container }),
        host: ids.get('host') ?? '',
        ...(binding?.chassis === undefined ? {} : { chassis: binding.chassis }),
        ...(ofport > 0 ? { ofport } : {}),
        mac: row.addresses[0]?.split(' ')[0] ?? '',
        addresses: addressesOf(row),
        port: row.name,
        ...(binding === undefined ? {} : { tunnelKey: binding.tunnelKey }),
      },
    ];
  });
  const key = ({ network, host, container = '' }: RemotePort) => `${network} ${host} ${container}`;
  return ports.sort((a, b) => key(a).localeCompare(key(b)));
}
