import type { Uuid } from '@linecard/ovsdb';
import { formatCidr } from '@linecard/wire';
import { rowIdentity } from './identity.js';
import type { DhcpSettings, LogicalNetwork, LogicalSubnet } from './logical-network.js';
import { macOf } from './mac.js';
import type { Northbound, NorthboundTransaction } from './northbound.js';
import { routerPortName } from './routers.js';

/** Seconds that an address is granted for; OVN gives the same one again. */
const leaseTime = 3600;

/** The row of DHCP_Options that a switch has for a subnet: also one that `ovsdb-client restore` gave another identity. */
export function dhcpRow(
  nb: Northbound,
  switchName: string,
  subnet: LogicalSubnet['pool'],
): { readonly _uuid: Uuid } | undefined {
  const rows = nb.replica.table('DHCP_Options');
  const known = rows.get(dhcpIdentity(switchName, subnet));
  const cidr = formatCidr(subnet);
  return known ?? [...rows.values()].find((row) => row.cidr === cidr && row.external_ids.get('switch') === switchName);
}

/** Of two hosts that make the row at once, the database refuses the second one. */
function dhcpIdentity(switchName: string, subnet: LogicalSubnet['pool']): Uuid {
  return rowIdentity('dhcp', switchName, formatCidr(subnet));
}

/**
 * Makes what OVN answers to machines on a switch that ask for their address (ovn-nb(5), table DHCP_Options). Only ports
 * that refer to it are answered: containers never are.
 */
export function editDhcp(nb: Northbound, tx: NorthboundTransaction, network: LogicalNetwork): void {
  if (network.dhcp === undefined) return;
  const { mtu, routed } = network.dhcp;
  const gateways = network.subnets.flatMap(({ gateway }) => gateway?.address ?? []);
  for (const { pool, gateway } of network.subnets) {
    if (gateway === undefined || dhcpRow(nb, network.switch, pool) !== undefined) continue;
    const mac = macOf(gateways);
    const v4 = {
      server_id: gateway.address,
      server_mac: mac,
      lease_time: String(leaseTime),
      mtu: String(mtu),
      ...(routed ? { router: gateway.address } : {}),
    };
    const row = {
      cidr: formatCidr(pool),
      options: pool.family === 4 ? v4 : { server_id: mac },
      external_ids: { linecard: 'dhcp', switch: network.switch },
    };
    tx.insert('DHCP_Options', row, dhcpIdentity(network.switch, pool));
  }
}

/**
 * How a router advertises itself to machines once there are any (ovn-nb(5), `ipv6_ra_configs`): DHCPv6 tells neither a
 * way out nor an MTU. Containers hear it as well, so it is the last that they choose: Docker has given them their routes.
 */
export function advertisements(settings: DhcpSettings | undefined): Readonly<Record<string, string>> {
  const mtu: Record<string, string> = settings === undefined ? {} : { mtu: String(settings.mtu) };
  return { router_preference: 'LOW', send_periodic: 'true', ...mtu };
}

/** Lets the router of a switch advertise itself, or not any more. Without a router nothing happens. */
export function editAdvertising(nb: Northbound, tx: NorthboundTransaction, switchName: string, on: boolean): void {
  const port = nb.routerPort(routerPortName(switchName));
  if (!port?.networks.some((cidr) => cidr.includes(':'))) return;
  const mode = { address_mode: on ? 'dhcpv6_stateful' : undefined };
  tx.setKeys('Logical_Router_Port', port._uuid, 'ipv6_ra_configs', mode);
}

/** Takes the answers of a switch away that is going. */
export function editDhcpGone(tx: NorthboundTransaction, switchName: string): void {
  tx.delete('DHCP_Options', [['external_ids', 'includes', { linecard: 'dhcp', switch: switchName }]]);
}
