import { writeSysctl } from '@linecard/linux';
import {
  editEndpoint,
  editEndpointGone,
  editNetwork,
  hostPortName,
  type LogicalEndpoint,
  type LogicalNetwork,
  type NorthboundTransaction,
  readGroups,
  transit,
} from '@linecard/ovn';
import { contains, LinecardError, parseCidr } from '@linecard/wire';
import { ContainerLinks, type LinkParts } from '../container-link.js';
import { enableIPv6Forwarding } from '../fabric.js';
import { Locks } from '../locks.js';
import type { Central, CentralLink, HostSettings } from './central.js';
import { OverlayFirewall } from './firewall.js';
import { TunnelMtu } from './mtu.js';
import { gatewayInterface, overlayLinks } from './names.js';
import { parseOverlayEndpoint } from './options.js';
import { leadsOut } from './plan.js';
import {
  gatewayMark,
  networkId,
  networkPrefix,
  type OverlayNetwork,
  type OverlayPort,
  overlayPortIds,
  overlayPortKeys,
} from './records.js';
import type { OverlayState } from './state.js';

/** What an overlay fabric is made of. */
export interface OverlayParts extends LinkParts {
  readonly central: CentralLink;
  readonly state: OverlayState;
  /** Told of what works, but not as it should. */
  readonly onWarning: (text: string) => void;
  /** Told of each step on the way; tests kill the process there. */
  readonly checkpoint: (step: string) => void;
}

/** How long ovs-vswitchd may take to make a port, in ms. */
const portMs = 10_000;

/** Makes the northbound database, the integration bridge and the kernel what the state wants: one piece at a time. */
export class OverlayFabric {
  readonly parts: OverlayParts;
  readonly firewall: OverlayFirewall;
  readonly tunnelMtu: TunnelMtu;
  readonly links: ContainerLinks;
  /** Changes of one logical port, one after the other. */
  readonly #logicalPorts = new Locks();
  /** What {@link makePort} has begun with for the endpoints that are here. */
  readonly #begun = new Map<string, Promise<void>>();
  readonly #warned = new Set<string>();

  constructor(parts: OverlayParts) {
    this.parts = parts;
    this.firewall = new OverlayFirewall(parts.state, parts.net);
    this.tunnelMtu = new TunnelMtu(parts.net);
    this.links = new ContainerLinks(parts, overlayLinks, () => parts.state.networks.size > 0);
  }

  /** A network as the northbound database is to have it. */
  logicalNetwork({ plan, name }: OverlayNetwork, host: string, mtu: number): LogicalNetwork {
    return {
      switch: plan.switch,
      host,
      id: plan.id,
      ...(name === undefined ? {} : { label: name }),
      subnets: plan.subnets,
      space: plan.space,
      dhcp: { mtu, routed: leadsOut(plan) },
      ...(plan.router === undefined ? {} : { router: { name: plan.router, gateway: plan.gateway } }),
      ...(plan.localnet === undefined ? {} : { localnet: plan.localnet }),
    };
  }

  /** An endpoint as the northbound database is to have it; undefined when it or its network is gone. */
  logicalEndpoint(id: string, host: string): LogicalEndpoint | undefined {
    const port = this.parts.state.ports.get(id);
    const network = this.parts.state.networks.get(port?.networkId ?? '');
    if (port === undefined || network === undefined) return undefined;
    const ofport = this.parts.ovs.view.interface(port.link)?.ofport;
    const { groups, qos } = parseOverlayEndpoint(port.options);
    return {
      id: port.id,
      switch: network.plan.switch,
      host,
      interface: port.link,
      mac: port.mac,
      addresses: port.addresses.map((text) => parseCidr(text).address),
      space: network.plan.space,
      groups: [...new Set([...network.plan.groups, ...groups, ...this.#labelGroups(port)])].sort(),
      ...(qos === undefined ? {} : { qos }),
      ...(ofport === undefined || ofport <= 0 ? {} : { ofport }),
      ...(network.name === undefined ? {} : { network: network.name }),
      ...(port.container === undefined ? {} : { container: port.container }),
    };
  }

  /** The groups of a container's label. One that cannot be read is told of, and the container has none by it. */
  #labelGroups({ label, container }: OverlayPort): readonly string[] {
    if (label === undefined) return [];
    try {
      return readGroups(label);
    } catch (error) {
      this.#warn(`label of container ${container?.name}: ${(error as Error).message}`);
      return [];
    }
  }

  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.parts.onWarning(text);
  }

  /** The integration bridge's name. Throws `LC_NOT_FOUND` when ovn-controller has not made it. */
  bridge({ bridge }: HostSettings): string {
    if (this.parts.ovs.view.bridge(bridge) !== undefined) return bridge;
    throw new LinecardError('LC_NOT_FOUND', `there is no integration bridge ${bridge}`, {
      hint: 'ovn-controller makes it: does it run? `linecard ovn join` starts it',
    });
  }

  /** Makes a network: its logical switch and router, this host's way out, and the memory of it. */
  async makeNetwork(network: OverlayNetwork, central: Central): Promise<void> {
    const { nb, settings } = central;
    const logical = this.logicalNetwork(network, settings.host, await this.mtuOf(network.plan.mtu, settings));
    const bridge = this.bridge(settings);
    await this.parts.ovs.commit((edit) => edit.setIds('Bridge', bridge, new Map([networkId(network)])));
    this.parts.checkpoint(`network-remembered ${logical.switch}`);
    const write = (tx: NorthboundTransaction) => {
      // Removed in the meantime, as by a request while a look is under way.
      if (!this.parts.state.networks.has(network.plan.id)) return;
      editNetwork(nb, tx, logical);
      if (network.plan.request.ownAddresses) this.#keepAddresses(tx, network, central);
    };
    await nb.write(write, { what: `make logical switch ${logical.switch}` });
    this.parts.checkpoint(`network-written ${logical.switch}`);
    await this.makeExit(network, settings);
  }

  /** Gateways and reserved addresses are there from the start; a database that was lost gets them back. */
  #keepAddresses(tx: NorthboundTransaction, { plan }: OverlayNetwork, { addresses }: Central): void {
    const pools = plan.subnets.map(({ pool }) => ({ space: plan.space, subnet: pool }));
    for (const { pool, gateway } of plan.subnets) {
      if (gateway === undefined) continue;
      const use = { kind: 'gateway', by: plan.id } as const;
      addresses.editShare(tx, { space: plan.space, subnet: pool }, gateway.address, use);
    }
    for (const { address } of plan.request.reserved.map(parseCidr)) {
      const pool = pools.find(({ subnet }) => contains(subnet, address));
      if (pool !== undefined) addresses.editShare(tx, pool, address, { kind: 'reserved', by: plan.id });
    }
  }

  /** Forgets a network in this host's memory. */
  async forgetNetwork(id: string, settings: HostSettings): Promise<void> {
    await this.parts.ovs.commit((edit) => edit.setIds('Bridge', settings.bridge, new Map(), [networkPrefix + id]));
  }

  /** The routers whose packets leave for the world on this host. */
  exits(settings: HostSettings): Set<string> {
    const here = [...this.parts.state.networks.values()].filter(({ plan: { gateway } }) => {
      return gateway === 'distributed' || gateway.host === settings.host;
    });
    return new Set(here.map(({ plan }) => plan.router).filter((router) => router !== undefined));
  }

  /** Makes the interface through which a network's router reaches this host's stack, when packets leave here. */
  async makeExit({ plan }: OverlayNetwork, settings: HostSettings): Promise<void> {
    const { ovs, net } = this.parts;
    const { router } = plan;
    if (router === undefined || !this.exits(settings).has(router)) return;
    const name = gatewayInterface(router);
    const externalIds = new Map([
      ['linecard', gatewayMark],
      ['iface-id', hostPortName(router)],
      ['router', router],
    ]);
    await ovs.commit((edit) => edit.ensurePort({ bridge: this.bridge(settings), name, type: 'internal', externalIds }));
    await ovs.ofport(name, portMs);
    const mtu = await this.mtuOf(plan.mtu, settings);
    await net.setLink(name, { mac: transit.host.mac, mtu, up: true });
    const link = await net.link(name);
    if (link === undefined) return;
    await net.addAddress(link.index, `${transit.host.v4}/${transit.prefix.v4}`);
    await writeSysctl(['net', 'ipv4', 'conf', name, 'route_localnet'], 1);
    await writeSysctl(['net', 'ipv4', 'ip_forward'], 1);
    if (plan.subnets.some(({ pool }) => pool.family === 6)) {
      await net.addAddress(link.index, `${transit.host.v6}/${transit.prefix.v6}`);
      await enableIPv6Forwarding(await net.links());
    }
    for (const { pool } of plan.subnets) {
      const gateway = pool.family === 4 ? transit.router.v4 : transit.router.v6;
      await net.addRoute({ destination: pool, gateway, ifindex: link.index });
    }
    this.parts.checkpoint(`exit-made ${plan.switch}`);
  }

  /** Removes the interfaces of routers that no network of this host is at. */
  async removeExits(settings: HostSettings): Promise<void> {
    const { ovs } = this.parts;
    const exits = this.exits(settings);
    const stale = [...ovs.view.interfacesOf(settings.bridge)].filter(({ external_ids }) => {
      return external_ids.get('linecard') === gatewayMark && !exits.has(external_ids.get('router') ?? '');
    });
    if (stale.length === 0) return;
    await ovs.commit((edit) => {
      for (const { name } of stale) edit.removePort(name);
    });
  }

  /** The MTU for containers of this host: what was asked for, else what the tunnels leave of the underlay's. */
  async mtuOf(wanted: number | undefined, settings: HostSettings): Promise<number> {
    const largest = await this.tunnelMtu.largest(settings);
    if (wanted !== undefined && wanted > largest) {
      const what = `MTU ${wanted} is more than the ${largest} that fit through the ${settings.encapType} tunnels`;
      this.#warn(`${what}: large packets to other hosts will be lost`);
    }
    return wanted ?? largest;
  }

  /**
   * Makes an endpoint's link and its interface on the integration bridge, and begins with its logical port, which is
   * there when {@link needPort} says so.
   */
  async makePort(port: OverlayPort, network: OverlayNetwork, central: Central): Promise<void> {
    const { checkpoint } = this.parts;
    const bridge = this.bridge(central.settings);
    const mtu = await this.mtuOf(network.plan.mtu, central.settings);
    await this.links.make(port.link, { bridge, mtu });
    checkpoint('overlay-link-created');
    // First, because what is written to the northbound database wakes all of OVN, and ovs-vswitchd would wait for it.
    const plugged = this.savePort(port.id, central);
    const written = this.writePort(port.id, central);
    written.catch(() => undefined); // whoever joins is told
    this.#begun.set(port.id, written);
    await plugged;
    checkpoint('overlay-row-committed');
  }

  /** Writes what is wanted of a logical port as far as it is missing, when all that was asked for it before is done. */
  writePort(id: string, central: Central): Promise<void> {
    return this.#logicalPorts.run(id, () => this.#writePort(id, central));
  }

  /** Resolves when the logical port is there. Rejects with the reason why {@link makePort} could not make it. */
  needPort(id: string, central: Central): Promise<void> {
    return this.#begun.get(id) ?? this.writePort(id, central);
  }

  /** Removes the logical port and gives its addresses back. */
  removePort(id: string, { nb, addresses }: Central): Promise<void> {
    const what = `remove logical port ${id.slice(0, 12)}`;
    this.#begun.delete(id);
    return this.#logicalPorts.run(id, () => nb.write((tx) => editEndpointGone(nb, tx, addresses, id), { what }));
  }

  async #writePort(id: string, { nb, addresses, settings }: Central): Promise<void> {
    const logical = this.logicalEndpoint(id, settings.host);
    if (logical === undefined) return;
    const what = `make logical port ${id.slice(0, 12)}`;
    const holder = await nb.write((tx) => editEndpoint(nb, tx, addresses, logical), { what });
    if (holder !== undefined) {
      this.#warn(
        `name ${logical.container?.name} on logical switch ${logical.switch} is that of host ${holder}'s container`,
      );
    }
    this.parts.checkpoint('logical-port-written');
  }

  /** Writes all that is wanted of an endpoint's interface by now; nothing for one that is gone. */
  async savePort(id: string, { settings }: Central): Promise<void> {
    const { ovs, state } = this.parts;
    const bridge = this.bridge(settings);
    await ovs.commit((edit) => {
      const port = state.ports.get(id);
      const network = state.networks.get(port?.networkId ?? '');
      if (port === undefined || network === undefined) return;
      const externalIds = overlayPortIds(port, network.name);
      edit.ensurePort({ bridge, name: port.link, type: '', externalIds, ownedIds: overlayPortKeys });
    });
  }

  /** Removes an endpoint's interface and link from this host. */
  async unplug({ link }: OverlayPort): Promise<void> {
    const { ovs, reaper, checkpoint } = this.parts;
    await ovs.commit((edit) => edit.removePort(link));
    checkpoint('overlay-row-removed');
    reaper.remove([link]).catch(() => undefined);
  }
}
