/** How a bridge is to be. Keys of maps that are not named here are left as they are. */
export interface BridgeSpec {
  readonly name: string;
  /** `system` is the kernel's datapath, `netdev` the userspace one. */
  readonly datapathType: 'system' | 'netdev';
  /** ovs-vswitchd.conf.db(5), Bridge `fail_mode`; what was set stays when absent. */
  readonly failMode?: 'secure' | 'standalone';
  /** Targets of ovs-vsctl(8), or `embedded:APP`; all of them. What is there stays when absent. */
  readonly controllers?: readonly string[];
  /** Keys in `external_ids` of the Controller rows that are made; rows that are there already do not get them. */
  readonly controllerIds?: ReadonlyMap<string, string>;
  readonly protocols?: readonly string[];
  readonly otherConfig: ReadonlyMap<string, string>;
  readonly externalIds: ReadonlyMap<string, string>;
  readonly local: { readonly mtu?: number; readonly tag?: number };
}

/** How a port with its one interface is to be. */
export interface PortSpec {
  readonly bridge: string;
  readonly name: string;
  /** Interface `type`: empty for a device of the system, `patch` for one end of a cable between two bridges. */
  readonly type: '' | 'internal' | 'vxlan' | 'geneve' | 'gre' | 'patch';
  readonly options?: ReadonlyMap<string, string>;
  /** Interface `ofport_request`, 1 to 65279. */
  readonly ofport?: number;
  /** Access VLAN, or the native one of a trunk. */
  readonly tag?: number;
  readonly trunks?: readonly number[];
  /** Interface `ingress_policing_rate` (kbit/s) and `ingress_policing_burst` (kbit). */
  readonly policing?: { readonly rate: number; readonly burst: number };
  readonly externalIds: ReadonlyMap<string, string>;
  /** Keys of `external_ids` that are removed unless `externalIds` has them. */
  readonly ownedIds?: readonly string[];
}

/** What a port does with what leaves through it (ovs-vswitchd.conf.db(5), table QoS). */
export interface QosSpec {
  readonly type: 'linux-htb';
  /** Bits per second that all of it may have together. */
  readonly maxRate: number;
  readonly externalIds: ReadonlyMap<string, string>;
}
