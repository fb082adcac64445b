import type { BridgeSpec, PortSpec } from '@linecard/switch';
import { tunnelInterface } from './names.js';
import { parseEndpointOptions } from './network-options.js';
import type { NetworkPlan } from './network-plan.js';
import { rateLimitOf } from './rate-limit.js';
import { networkIds, type Port, portIdKeys, portIds } from './records.js';
import type { Seats } from './seats.js';
import type { Network } from './state.js';

/** The access VLAN of a network's ports: a controller that rules the bridge does its own VLANs. */
function accessVlan(plan: NetworkPlan): number | undefined {
  return plan.controllers.length === 0 ? plan.vlan : undefined;
}

/** The bridge that a network wants. */
export function networkBridge({ plan, name }: Network, datapathType: 'system' | 'netdev'): BridgeSpec {
  const tag = plan.mode === 'flat' ? undefined : accessVlan(plan);
  return {
    name: plan.bridge,
    datapathType,
    failMode: plan.failMode,
    controllers: plan.controllers,
    protocols: plan.protocols,
    otherConfig: new Map([
      // A fixed address: otherwise the bridge takes the lowest one of its ports, and the gateway's changes with them.
      ['hwaddr', plan.localMac],
      ['disable-in-band', 'true'],
      ...(plan.dpid === undefined ? [] : [['datapath-id', plan.dpid] as const]),
    ]),
    externalIds: networkIds({ request: plan.request, name }),
    local: { mtu: plan.mtu, ...(tag === undefined ? {} : { tag }) },
  };
}

/** The name under which an interface of the host keeps its number among the seats; no container's name looks so. */
export function seatOfInterface(name: string): string {
  return `~${name}`;
}

/** The ports of a network that are no containers': interfaces plugged in, and tunnels. They have seats too. */
export function fixedPorts({ plan, name }: Network, seats: Seats): PortSpec[] {
  const number = (ifname: string) => {
    const seat = seats.get(seatOfInterface(ifname));
    return seat === undefined ? {} : { ofport: seat.ofport };
  };
  const ids = (kind: string) =>
    new Map([
      ['linecard', kind],
      ['network-id', plan.id],
      ...(name === undefined ? [] : [['network-name', name] as const]),
    ]);
  const vlan = accessVlan(plan);
  const uplinks = plan.uplinks.map((uplink): PortSpec => {
    const tag = uplink.vlan ?? vlan;
    return {
      bridge: plan.bridge,
      name: uplink.name,
      type: '',
      ...number(uplink.name),
      ...(tag === undefined ? {} : { tag }),
      externalIds: ids('uplink'),
    };
  });
  const tunnels = plan.tunnels.map((tunnel): PortSpec => {
    const ifname = tunnelInterface(plan.id, tunnel);
    return {
      bridge: plan.bridge,
      name: ifname,
      type: tunnel.type,
      options: new Map([
        ['remote_ip', tunnel.remote],
        ...(tunnel.key === 0 ? [] : [['key', String(tunnel.key)] as const]),
      ]),
      ...number(ifname),
      ...(vlan === undefined ? {} : { tag: vlan }),
      externalIds: ids('tunnel'),
    };
  });
  return [...uplinks, ...tunnels];
}

/** The switch port of a container. */
export function containerPort(port: Port, plan: NetworkPlan | undefined): PortSpec {
  const options = parseEndpointOptions(port.options);
  const tag = options['ovs.port.vlan'] ?? (plan && accessVlan(plan));
  const trunks = options['ovs.port.trunk'];
  const policing = rateLimitOf(port.options);
  return {
    bridge: port.bridge,
    name: port.link,
    type: '',
    ofport: port.ofport,
    ...(tag === undefined ? {} : { tag }),
    ...(trunks === undefined ? {} : { trunks }),
    ...(policing === undefined ? {} : { policing }),
    externalIds: portIds(port),
    ownedIds: portIdKeys,
  };
}
