import type { Uuid } from '@linecard/ovsdb';
import { formatCidr } from '@linecard/wire';
import { rowIdentity } from './identity.js';
import { macOf } from './mac.js';
import type { LogicalNetwork, LogicalSubnet } from './networks.js';
import type { Northbound, NorthboundTransaction } from './northbound.js';

/** Seconds that an address is granted for; OVN gives the same one again. */
const leaseTime = 3600;

/** What machines on a switch are told beside their addresses. */
export interface DhcpSettings {
  readonly mtu: number;
  /** Whether the gateways lead anywhere. */
  readonly routed: boolean;
}

/** The row of DHCP_Options that a switch has for a subnet. */
export function dhcpIdentity(switchName: string, subnet: LogicalSubnet['pool']): Uuid {
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
    const uuid = dhcpIdentity(network.switch, pool);
    if (gateway === undefined || nb.replica.table('DHCP_Options').has(uuid)) continue;
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
    tx.insert('DHCP_Options', row, uuid);
  }
}

/** Takes the answers of a switch away that is going. */
export function editDhcpGone(tx: NorthboundTransaction, switchName: string): void {
  tx.delete('DHCP_Options', [['external_ids', 'includes', { linecard: 'dhcp', switch: switchName }]]);
}
