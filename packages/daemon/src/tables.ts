import type { ControllerInfo, NetworkInfo, PortInfo } from '@linecard/api';
import type { Host, Network, Port } from '@linecard/driver';
import { appErrorKey, appOf, type InterfaceRow } from '@linecard/switch';
import { formatCidr, LinecardError } from '@linecard/wire';
import type { AppSession } from './embedded-apps.js';
import type { InnerNames } from './inner-names.js';

/** Drops what is undefined, so that it is absent. */
export function present<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

/** The bridges that concern Linecard: of networks, made by `linecard attach`, or with something attached. */
function bridgesOf({ state }: Host): Set<string> {
  return new Set([
    ...[...state.networks.values()].map(({ plan }) => plan.bridge),
    ...state.plainBridges.keys(),
    ...[...state.attachments.values()].map(({ bridge }) => bridge),
  ]);
}

/** What Open vSwitch says of a bridge; nothing when it is not there. */
export function bridgeInfo({ ovs }: Pick<Host, 'ovs'>, name: string) {
  const row = ovs.view.bridge(name);
  if (row === undefined) return { controllers: [] };
  const datapath: NetworkInfo['datapath'] = row.datapath_type === 'netdev' ? 'userspace' : 'kernel';
  return {
    controllers: ovs.view.controllersOf(row).map(({ target, is_connected }) => ({ target, connected: is_connected })),
    dpid: row.datapath_id,
    datapath,
    failMode: row.fail_mode,
  };
}

/** One line for each network of one host, and one for each bridge without a network that has or may have container ports. */
export function networkTable(host: Host): NetworkInfo[] {
  const { state } = host;
  const lines = [...bridgesOf(host)].map((bridge): NetworkInfo => {
    const network = state.networkOf(bridge);
    const common = { bridge, ports: state.portsOn(bridge).length, ...bridgeInfo(host, bridge) };
    if (network === undefined) {
      return present<NetworkInfo>({ kind: 'attach', internal: false, subnets: [], gateways: [], ...common });
    }
    const { plan, name } = network;
    return present<NetworkInfo>({
      kind: 'network',
      id: plan.id,
      name,
      mode: plan.mode,
      internal: plan.internal,
      subnets: plan.subnets.map(({ pool }) => formatCidr(pool)),
      gateways: plan.subnets.flatMap(({ gateway }) => gateway?.address ?? []),
      vlan: plan.vlan,
      mtu: plan.mtu,
      ...common,
    });
  });
  return lines;
}

/** One line for each controller of each bridge, whoever made the bridge. */
export function controllerTable(host: Host, sessions: readonly AppSession[]): ControllerInfo[] {
  const { view } = host.ovs;
  const bridges = [...view.bridges()].sort((a, b) => a.name.localeCompare(b.name));
  return bridges.flatMap((bridge) => {
    const dpid = bridge.datapath_id;
    return view.controllersOf(bridge).map((row) => {
      const app = appOf(row);
      const session = sessions.find((one) => one.app === app && one.sw.name === dpid);
      return present<ControllerInfo>({
        bridge: bridge.name,
        network: host.state.networkOf(bridge.name)?.name,
        dpid,
        target: row.target,
        // Open vSwitch tells only every few seconds.
        connected: app === undefined ? row.is_connected : session !== undefined,
        app,
        error: row.external_ids.get(appErrorKey),
        version: session?.version,
        packetIns: session?.sw.counters.packetIns,
        sent: session?.sw.counters.sent,
        errors: session?.errors,
      });
    });
  });
}

function matches(line: NetworkInfo, ref: string): boolean {
  return line.name === ref || line.id === ref || line.bridge === ref;
}

/** The bridge that a network's name, ID, beginning of an ID, or a bridge's name means. Throws `LC_NOT_FOUND`, `LC_INVALID`. */
export function bridgeOf(host: Host, ref: string): string {
  const lines = networkTable(host);
  const exact = lines.filter((line) => matches(line, ref));
  const found = exact.length > 0 ? exact : lines.filter(({ id }) => ref !== '' && id?.startsWith(ref));
  if (found.length === 1) return found[0]!.bridge;
  if (found.length === 0) {
    throw new LinecardError('LC_NOT_FOUND', `there is no network or bridge "${ref}"`, {
      hint: '`linecard networks` lists them',
    });
  }
  throw new LinecardError('LC_INVALID', `"${ref}" is the beginning of ${found.length} network IDs`);
}

type State = Pick<PortInfo, 'ofport' | 'state' | 'error'>;

/** What ovs-vswitchd made of an interface. */
function stateOf(row: InterfaceRow | undefined): State {
  if (row?.error) return { state: 'error', error: row.error };
  if (row?.ofport !== undefined && row.ofport > 0) return { state: 'up', ofport: row.ofport };
  return { state: 'pending' };
}

function containerPort(host: Host, port: Port, names: InnerNames): PortInfo {
  const { ovs, state } = host;
  const { link: name } = port;
  const network = state.networks.get(port.networkId ?? '');
  const leased = port.lease === undefined ? [] : [port.lease.address];
  return present<PortInfo>({
    kind: port.kind,
    bridge: port.bridge,
    network: network?.name ?? port.networkName,
    networkId: port.networkId,
    container: port.container?.name,
    containerId: port.container?.id,
    endpointId: port.id,
    ifname: names.get(name) ?? state.attachments.get(port.id)?.ifname,
    hostInterface: name,
    mac: port.mac,
    addresses: [...port.addresses, ...leased],
    vlan: ovs.view.port(name)?.tag,
    mtu: network?.plan.mtu ?? state.attachments.get(port.id)?.mtu,
    published: [...port.portMap],
    lease: port.lease,
    ...stateOf(ovs.view.interface(name)),
  });
}

function otherPort(host: Host, row: InterfaceRow, bridge: string, network: Network | undefined): PortInfo {
  const mark = row.external_ids.get('linecard');
  return present<PortInfo>({
    kind: mark === 'uplink' || mark === 'tunnel' ? mark : 'other',
    bridge,
    network: network?.name,
    networkId: network?.plan.id,
    hostInterface: row.name,
    mac: row.mac_in_use ?? '',
    addresses: [],
    vlan: host.ovs.view.port(row.name)?.tag,
    published: [],
    ...stateOf(row),
  });
}

/** The ports of one bridge: containers, and whatever else is plugged in. Its local port is left out. */
function portsOf(host: Host, bridge: string, names: InnerNames): PortInfo[] {
  const containers = host.state.portsOn(bridge);
  const ours = new Set(containers.map(({ link }) => link));
  const others = host.ovs.view.interfacesOf(bridge).filter(({ name }) => name !== bridge && !ours.has(name));
  const network = host.state.networkOf(bridge);
  const lines = [
    ...containers.map((port) => containerPort(host, port, names)),
    ...others.map((row) => otherPort(host, row, bridge, network)),
  ];
  return lines.sort((a, b) => (a.ofport ?? 0x10000) - (b.ofport ?? 0x10000));
}

/** One line for each port of all bridges, or of one. */
export function portTable(host: Host, bridge: string | undefined, names: InnerNames): PortInfo[] {
  const bridges = bridge === undefined ? [...bridgesOf(host)].sort() : [bridge];
  return bridges.flatMap((name) => portsOf(host, name, names));
}
