import type { Netlink } from '@linecard/linux';
import type { OpenvSwitch } from '@linecard/switch';
import type { CentralLink } from './central.js';
import { TunnelMtu } from './mtu.js';
import type { OverlayNetwork } from './records.js';
import { OverlayState } from './state.js';

/** A network of this host over many hosts. */
export interface OverlayNetworkInfo extends OverlayNetwork {
  /** The integration bridge. */
  readonly bridge: string;
  /** What its containers on this host get. */
  readonly mtu: number;
  /** How many container ports it has on this host. */
  readonly ports: number;
}

/** The networks of this host over many hosts, as its own OVSDB remembers them: OVN need not answer. */
export async function listOverlayNetworks(
  ovs: OpenvSwitch,
  net: Netlink,
  { current }: CentralLink,
): Promise<OverlayNetworkInfo[]> {
  if (current === undefined) return [];
  const { settings } = current;
  const state = new OverlayState();
  state.load(ovs.view, settings.bridge, () => undefined);
  if (state.networks.size === 0) return [];
  const largest = await new TunnelMtu(net).largest(settings);
  const ports = [...state.ports.values()];
  return [...state.networks.values()].map((network) => ({
    ...network,
    bridge: settings.bridge,
    mtu: network.plan.mtu ?? largest,
    ports: ports.filter(({ networkId }) => networkId === network.plan.id).length,
  }));
}
