import { type Link, readSysctl, writeSysctl } from '@linecard/linux';
import { appOf, type BridgeSpec, embeddedApps, type SwitchEdit } from '@linecard/switch';
import { explain, formatCidr, LinecardError } from '@linecard/wire';
import { ContainerLinks, type LinkParts } from './container-link.js';
import type { Firewall } from './firewall.js';
import { localLinks, stableMac } from './names.js';
import { defaultProtocols, gatewayAddresses, type NetworkPlan } from './network-plan.js';
import type { Attempt } from './reconcile-loop.js';
import { attachmentId, attachmentPrefix, type Port, portIdKeys, portIds, seatId, seatPrefix } from './records.js';
import type { Network, PlainBridge, State } from './state.js';
import { containerPort, fixedPorts, networkBridge, seatOfInterface } from './switch-specs.js';

/** What the daemon's own OpenFlow controller does for bridges whose controller is `embedded:APP`. */
export interface EmbeddedApps {
  /**
   * Lets an app, with its options as `APP?KEY=VALUE`, rule the switches that connect to its socket; nothing happens
   * when it does already. Rejects with `LC_NOT_FOUND` when there is no such app and `LC_INVALID` when it does not load
   * or does not take its options.
   */
  serve(app: string): Promise<void>;
  /** Ends all apps but these. */
  keepOnly(apps: ReadonlySet<string>): Promise<void>;
}

/** What a fabric is made of. */
export interface FabricParts extends LinkParts {
  readonly firewall: Firewall;
  readonly state: State;
  /** Undefined where no daemon runs. */
  readonly apps: EmbeddedApps | undefined;
  /** Whether containers may come at any time, and so links are to wait for them. */
  readonly isServing: () => boolean;
  /** Told when a port goes, so that what hangs on it can be let go. */
  readonly onPortGone: (id: string) => void;
  /** Told of each step on the way; tests kill the process there. */
  readonly checkpoint: (step: string) => void;
}

/** Characters of what is written into a row of why an app is not served: it may be all that a compiler says. */
const longestReason = 1000;
/** How long ovs-vswitchd may take to apply a change, in ms. */
const settleMs = 10_000;

/** Makes the switch, the kernel's links and addresses, and the firewall what the state wants: one piece at a time. */
export class Fabric {
  readonly parts: FabricParts;
  readonly links: ContainerLinks;
  #reaping: Promise<void> = Promise.resolve();

  constructor(parts: FabricParts) {
    this.parts = parts;
    const { state, isServing } = parts;
    this.links = new ContainerLinks(parts, localLinks, () => isServing() && state.networks.size > 0);
  }

  /** `netdev` where userspace is asked for or the kernel has no Open vSwitch, else `system`. */
  async datapathType(userspace: boolean): Promise<'system' | 'netdev'> {
    return userspace || !(await this.parts.net.hasGenlFamily('ovs_datapath')) ? 'netdev' : 'system';
  }

  /** Refuses a network whose bridge or interfaces are somebody else's, before anything is made. Throws `LC_CONFLICT`. */
  async refuseForeign(plan: NetworkPlan): Promise<void> {
    const { ovs, net } = this.parts;
    const row = ovs.view.bridge(plan.bridge);
    const owner = row?.external_ids.get('network-id');
    if (row !== undefined && owner !== plan.id) {
      const whose = owner === undefined ? 'not made by Linecard for a network' : `of network ${owner.slice(0, 12)}`;
      throw new LinecardError('LC_CONFLICT', `bridge ${plan.bridge} exists and is ${whose}`, {
        hint: 'choose another ovs.bridge.name',
      });
    }
    if (row === undefined && (await net.link(plan.bridge)) !== undefined) {
      throw new LinecardError('LC_CONFLICT', `the host has an interface ${plan.bridge} already`, {
        hint: 'choose another ovs.bridge.name',
      });
    }
    for (const { name } of plan.uplinks) await this.#refuseUplink(name, plan.bridge);
  }

  async #refuseUplink(name: string, bridge: string): Promise<void> {
    const { ovs, net } = this.parts;
    const link = await net.link(name);
    if (link === undefined) {
      throw new LinecardError('LC_NOT_FOUND', `option ovs.bridge.add_ports: the host has no interface ${name}`, {
        hint: '`ip link` lists what there is',
      });
    }
    const holder = ovs.view.bridgeOf(name);
    if (holder !== undefined && holder !== bridge) {
      throw new LinecardError('LC_CONFLICT', `option ovs.bridge.add_ports: ${name} is a port of bridge ${holder}`);
    }
    const master = link.master === undefined || holder === bridge ? undefined : await net.link(link.master);
    if (master !== undefined && master.kind !== 'openvswitch') {
      throw new LinecardError('LC_CONFLICT', `option ovs.bridge.add_ports: ${name} belongs to ${master.name}`, {
        hint: `ip link set ${name} nomaster`,
      });
    }
  }

  /** Seats every interface and tunnel of a network that has none yet. */
  seatFixedPorts({ plan }: Network): void {
    const { state } = this.parts;
    const seats = state.seats(plan.bridge);
    for (const uplink of plan.uplinks) {
      if (uplink.ofport !== undefined) seats.takeForHost(seatOfInterface(uplink.name), uplink.ofport);
    }
    for (const { name } of fixedPorts({ plan, since: 0 }, seats)) {
      const seat = seatOfInterface(name);
      if (seats.get(seat) === undefined) seats.takeForHost(seat, this.freeNumber(plan.bridge));
    }
  }

  /** Whether an interface of a bridge has an OpenFlow port number or asks for it, whoever plugged it in. */
  isTaken(bridge: string, ofport: number): boolean {
    return this.parts.ovs.view.interfacesNumbered(bridge, ofport).length > 0;
  }

  /** The lowest OpenFlow port number of a bridge that nobody has or keeps. */
  freeNumber(bridge: string): number {
    return this.parts.state.freeNumber(bridge, (ofport) => this.isTaken(bridge, ofport));
  }

  /** Writes what a network wants of Open vSwitch into an edit. */
  editNetwork(edit: SwitchEdit, network: Network, datapathType: 'system' | 'netdev'): void {
    const seats = this.parts.state.seats(network.plan.bridge);
    this.#editBridge(edit, networkBridge(network, datapathType));
    for (const port of fixedPorts(network, seats)) edit.ensurePort(port);
  }

  /** A bridge with what its row is to remember: a new row has it from the start. */
  #editBridge(edit: SwitchEdit, spec: BridgeSpec): void {
    const isNew = this.parts.ovs.view.bridge(spec.name) === undefined;
    const memory = isNew ? this.#memoryOf(spec.name) : [];
    edit.ensureBridge({ ...spec, externalIds: new Map([...spec.externalIds, ...memory]) });
    this.editMemory(edit, spec.name);
  }

  /** The seats and attachments of a bridge as keys of its row. */
  #memoryOf(bridge: string): Map<string, string> {
    const { state } = this.parts;
    const attachments = [...state.attachments.values()].filter((attachment) => attachment.bridge === bridge);
    const seats = [...state.seats(bridge).entries()];
    return new Map([...seats.map(([name, seat]) => seatId(name, seat)), ...attachments.map(attachmentId)]);
  }

  /** Writes the seats and attachments of a bridge into its row, if it has one, and removes those that are no more. */
  editMemory(edit: SwitchEdit, bridge: string): void {
    const owned = [...(this.parts.ovs.view.bridge(bridge)?.external_ids.keys() ?? [])].filter(
      (key) => key.startsWith(seatPrefix) || key.startsWith(attachmentPrefix),
    );
    edit.setIds('Bridge', bridge, this.#memoryOf(bridge), owned);
  }

  /** The embedded apps that rule a bridge, whoever made it, or are to rule one of a network. */
  #wantedApps(): Set<string> {
    const { state, ovs } = this.parts;
    const planned = [...state.networks.values()].flatMap(({ plan }) => embeddedApps(plan.controllers));
    const present = [...ovs.view.controllers()].flatMap((row) => appOf(row) ?? []);
    return new Set([...planned, ...present]);
  }

  /** Lets every embedded app that is wanted await its switches, and ends all others. */
  async holdApps(attempt: Attempt): Promise<void> {
    const { apps } = this.parts;
    if (apps === undefined) return;
    const work = [...this.#wantedApps()].map((app) => attempt(`serve the app ${app}`, () => this.#serve(apps, app)));
    await Promise.all(work);
    await this.endUnusedApps();
  }

  /** Serves an app. Why that cannot be done is said in the rows, too: who has written them may not hear of it else. */
  async #serve(apps: EmbeddedApps, app: string): Promise<void> {
    const failure = await apps.serve(app).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const reason = failure && explain(failure.error).slice(0, longestReason);
    await this.parts.ovs.commit((edit) => edit.setAppError(app, reason));
    if (failure !== undefined) throw failure.error;
  }

  /** Ends the embedded apps that rule no bridge any more. */
  async endUnusedApps(): Promise<void> {
    await this.parts.apps?.keepOnly(this.#wantedApps());
  }

  /** Makes a network's bridge with its ports and waits until it works. */
  async makeBridge(network: Network): Promise<void> {
    const { ovs, apps, checkpoint } = this.parts;
    const { plan } = network;
    for (const app of embeddedApps(plan.controllers)) await apps?.serve(app);
    const datapathType = await this.datapathType(plan.userspace);
    this.seatFixedPorts(network);
    await ovs.commit((edit) => this.editNetwork(edit, network, datapathType));
    checkpoint('bridge-committed');
    await ovs.settled(settleMs);
    for (const name of [plan.bridge, ...fixedPorts(network, this.parts.state.seats(plan.bridge)).map((p) => p.name)]) {
      await ovs.ofport(name, settleMs);
    }
  }

  /** Makes or mends a bridge that belongs to no network. */
  async makePlainBridge(name: string, { controllers }: PlainBridge): Promise<void> {
    const { ovs } = this.parts;
    const present = ovs.view.bridge(name)?.datapath_type;
    const type = present === 'netdev' || present === 'system' ? present : await this.datapathType(false);
    await ovs.commit((edit) => {
      this.#editBridge(edit, {
        name,
        datapathType: type,
        // Without a controller the bridge is a learning switch; with one it does what the controller says, or nothing.
        failMode: controllers.length > 0 ? 'secure' : 'standalone',
        controllers,
        protocols: defaultProtocols,
        otherConfig: new Map([['hwaddr', stableMac('bridge', name)]]),
        externalIds: new Map([['linecard', 'attach']]),
        local: {},
      });
    });
  }

  /** Sets the controllers of a bridge that belongs to no network. */
  async setControllers(name: string, controllers: readonly string[]): Promise<void> {
    const { state, ovs } = this.parts;
    if (state.plainBridges.has(name)) {
      state.plainBridges.set(name, { controllers });
      return this.makePlainBridge(name, { controllers });
    }
    await ovs.commit((edit) => edit.setControllers(name, controllers));
  }

  /** Sets up what the kernel must know of a network: links up, gateway addresses, forwarding. */
  async makeGateway({ plan }: Network): Promise<void> {
    const { net, checkpoint } = this.parts;
    for (const { name } of plan.uplinks) await net.setLink(name, { up: true });
    const wanted = gatewayAddresses(plan);
    if (wanted.length === 0) return;
    const link = await net.link(plan.bridge);
    if (link === undefined) return;
    if (!link.flags.up) await net.setLink(link.index, { up: true });
    const present = new Set((await net.addresses({ ifindex: link.index })).map(({ cidr }) => formatCidr(cidr)));
    for (const cidr of wanted.filter((one) => !present.has(formatCidr(one)))) {
      await net.addAddress(link.index, cidr);
      checkpoint('address-set');
    }
    await this.#enableForwarding(plan, new Set(wanted.map(({ family }) => family)));
  }

  async #enableForwarding(plan: NetworkPlan, families: ReadonlySet<4 | 6>): Promise<void> {
    if (families.has(4)) {
      await writeSysctl(['net', 'ipv4', 'conf', plan.bridge, 'route_localnet'], 1);
      await writeSysctl(['net', 'ipv4', 'ip_forward'], 1);
    }
    if (families.has(6)) await enableIPv6Forwarding(await this.parts.net.links());
  }

  /** Removes a bridge and everything on it. */
  async removeBridge(bridge: string, ports: readonly Port[]): Promise<void> {
    const { ovs, reaper, checkpoint } = this.parts;
    await ovs.commit((edit) => edit.removeBridge(bridge));
    checkpoint('bridge-removed');
    await Promise.all([reaper.remove(ports.map(({ link }) => link)), this.links.trim()]);
    checkpoint('links-removed');
  }

  /** The plan of the network that a port belongs to. */
  planOf(port: Port): NetworkPlan | undefined {
    return this.parts.state.networks.get(port.networkId ?? '')?.plan;
  }

  /** Makes a port: its veth pair, up outside, and its row. */
  async makePort(port: Port, mtu: number): Promise<void> {
    const { checkpoint } = this.parts;
    await this.links.make(port.link, { bridge: port.bridge, mtu });
    checkpoint('link-created');
    await this.savePort(port.id);
    checkpoint('row-committed');
  }

  /** Writes into an edit all that is wanted of a port by now; nothing for one that is gone. */
  editPort(edit: SwitchEdit, id: string): void {
    const port = this.parts.state.ports.get(id);
    if (port !== undefined) edit.ensurePort(containerPort(port, this.planOf(port)));
  }

  /** Adds or mends a port's row; Open vSwitch picks it up in its own time. */
  async savePort(id: string): Promise<void> {
    await this.parts.ovs.commit((edit) => this.editPort(edit, id));
  }

  /** Writes only the identity of a port, when it has a row. */
  async saveIds(id: string): Promise<void> {
    await this.parts.ovs.commit((edit) => {
      const port = this.parts.state.ports.get(id);
      if (port !== undefined) edit.setIds('Interface', port.link, portIds(port), portIdKeys);
    });
  }

  /** Removes the links that wait, and resolves when those of all ports that were removed are gone, too. */
  async close(): Promise<void> {
    await this.links.close();
    await this.#reaping;
  }

  /** Removes a port's row; the link follows off the event loop, because deleting one blocks for 16 ms. */
  async removePort({ link }: Port): Promise<void> {
    const { ovs, reaper, checkpoint } = this.parts;
    try {
      await ovs.commit((edit) => edit.removePort(link));
      checkpoint('row-removed');
    } finally {
      // A link that survives this process is found and removed at the next start.
      const gone = reaper.remove([link]).catch(() => undefined);
      this.#reaping = Promise.all([this.#reaping, gone]).then(() => undefined);
    }
  }
}

/** Forwarding turns router advertisements off; an uplink that lives on them must keep them (kernel ip-sysctl). */
export async function enableIPv6Forwarding(links: readonly Link[]): Promise<void> {
  for (const { name, flags } of links) {
    if (flags.loopback) continue;
    const key = ['net', 'ipv6', 'conf', name, 'accept_ra'];
    if ((await readSysctl(key)) === '1') await writeSysctl(key, 2);
  }
  await writeSysctl(['net', 'ipv6', 'conf', 'all', 'forwarding'], 1);
}
