import type { Cidr } from '@linecard/wire';
import type { RouterSpec } from './routers.js';

/** What machines on a switch are told beside their addresses. */
export interface DhcpSettings {
  readonly mtu: number;
  /** Whether the gateways lead anywhere. */
  readonly routed: boolean;
}

/** A subnet of a logical switch and, where it has one, the gateway in it. */
export interface LogicalSubnet {
  readonly pool: Cidr;
  readonly gateway?: Cidr;
}

/** A network of one host as the northbound database is to have it: a logical switch that hosts may share. */
export interface LogicalNetwork {
  /** The name of the logical switch. */
  readonly switch: string;
  /** The host that has the network: OVN's name of its chassis. */
  readonly host: string;
  /** The network's ID on that host. */
  readonly id: string;
  /** What people call it; absent: as before. */
  readonly label?: string;
  readonly subnets: readonly LogicalSubnet[];
  /** The address space in which its addresses are unique. */
  readonly space?: string;
  /** What machines on the switch are told; without it OVN tells them nothing. */
  readonly dhcp?: DhcpSettings;
  /** Absent: no way out. */
  readonly router?: RouterSpec;
  /** The physical network that the switch is bridged to. */
  readonly localnet?: { readonly network: string; readonly vlan?: number };
}
