import type { Host, Network, Port } from '@linecard/driver';
import type { InterfaceRow } from '@linecard/switch';
import type { InnerNames } from './inner-names.js';

/*
 * The JSON that dovesnap serves at /networks and its users scrape: names and forms are dovesnap's, also where they are
 * odd (options as they were typed, one gateway, a prefix length as text).
 */

/** dovesnap's short form of Docker's engine ID: its first group, base 36, as at least 6 hex digits. */
export function shortEngineId(engineId: string): string {
  const value = Number.parseInt(engineId.split(/[:-]/)[0] ?? '', 36);
  return Number.isSafeInteger(value) ? value.toString(16).toUpperCase().padStart(6, '0') : '';
}

const withoutPrefix = (address: string | undefined) => address?.split('/')[0] ?? '';

function ofportOf(row: InterfaceRow | undefined): number {
  return row?.ofport !== undefined && row.ofport > 0 ? row.ofport : 0;
}

function containerState(host: Host, port: Port, names: InnerNames) {
  const { link: name } = port;
  return {
    Name: port.container?.name ?? '',
    Id: port.container?.id ?? '',
    OFPort: ofportOf(host.ovs.view.interface(name)),
    MacAddress: port.mac,
    HostIP: withoutPrefix(port.lease?.address ?? port.addresses[0]),
    Labels: port.container === undefined ? {} : host.identity.labelsOf(port.container.id),
    IfName: names.get(name) ?? '',
  };
}

function dynamicState(host: Host, { plan }: Network, names: InnerNames, engineId: string) {
  const external = plan.uplinks.map(({ name }) => {
    const row = host.ovs.view.interface(name);
    return [name, { Name: name, OFPort: ofportOf(row), MacAddress: row?.mac_in_use ?? '' }];
  });
  const containers = host.state.portsOn(plan.bridge).map((port) => [port.id, containerState(host, port, names)]);
  return {
    ShortEngineId: shortEngineId(engineId),
    Containers: Object.fromEntries(containers) as Record<string, ReturnType<typeof containerState>>,
    ExternalPorts: Object.fromEntries(external) as object,
    OtherBridgePorts: {},
  };
}

function networkState(host: Host, network: Network, names: InnerNames, engineId: string) {
  const { plan, name } = network;
  const option = (key: string) => plan.request.options[`ovs.bridge.${key}`] ?? '';
  const gateway = plan.subnets.find((subnet) => subnet.gateway !== undefined)?.gateway;
  const dpid = BigInt(`0x${host.ovs.view.bridge(plan.bridge)?.datapath_id ?? plan.dpid ?? '0'}`);
  return {
    NetworkName: name ?? '',
    BridgeName: plan.bridge,
    BridgeDpid: `0x${dpid.toString(16)}`,
    BridgeDpidUint: `${dpid}`,
    BridgeVLAN: plan.vlan ?? 0,
    MTU: plan.mtu,
    PreAllocatePorts: Number(option('preallocate_ports')),
    Mode: plan.mode,
    AddPorts: option('add_ports'),
    AddCoproPorts: option('add_copro_ports'),
    Gateway: gateway?.address ?? '',
    GatewayMask: gateway === undefined ? '' : String(gateway.prefix),
    FlatBindInterface: option('bind_interface') || (plan.request.options.bind_interface ?? ''),
    UseDHCP: plan.dhcp,
    Userspace: plan.userspace,
    NATAcl: option('nat_acl'),
    VLANOutAcl: option('vlan_out_acl'),
    DefaultAcl: option('default_acl'),
    OvsLocalMac: plan.localMac,
    Controller: plan.controllers.join(','),
    DynamicNetworkStates: dynamicState(host, network, names, engineId),
  };
}

/** The networks as dovesnap tells them, as JSON: datapath IDs are numbers of 64 bits, more than JavaScript's have. */
export function dovesnapJson(host: Host, names: InnerNames, engineId: string): string {
  const networks = [...host.state.networks].map(([id, network]) => [id, networkState(host, network, names, engineId)]);
  return JSON.stringify(Object.fromEntries(networks)).replace(/"BridgeDpidUint":"(\d+)"/g, '"BridgeDpidUint":$1');
}
