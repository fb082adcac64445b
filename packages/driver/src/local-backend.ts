import type { CreateEndpointRequest, CreateNetworkRequest } from '@linecard/docker';
import { LinecardError, parseCidr, parseIp, toHex } from '@linecard/wire';
import type { Backend, Joined } from './backend.js';
import type { DhcpClients } from './dhcp.js';
import type { Fabric } from './fabric.js';
import { localLinks, stableMac } from './names.js';
import { parseEndpointOptions } from './network-options.js';
import { gatewaysFor, type NetworkRequest, planNetwork } from './network-plan.js';
import type { Reconciler } from './reconciler.js';
import type { Port } from './records.js';
import type { Network } from './state.js';

/** What the backend works with. */
export interface LocalParts {
  readonly fabric: Fabric;
  readonly reconciler: Reconciler;
  readonly dhcp: DhcpClients;
}

/** How long a request waits for Open vSwitch to answer or to make a port, in ms. */
const patienceMs = 10_000;

/** Locally administered, and made of the address where there is one: the same address has the same MAC on every host. */
function macFor(id: string, addresses: readonly string[]): string {
  const v4 = addresses.map(parseCidr).find(({ family }) => family === 4);
  return v4 === undefined ? stableMac(id) : `02:42:${toHex(parseIp(v4.address), ':')}`;
}

/** Networks of one host on Open vSwitch: a bridge each. */
export class LocalBackend implements Backend<Network, Port> {
  readonly capabilities = { Scope: 'local', ConnectivityScope: 'local' } as const;
  readonly #parts: LocalParts;

  constructor(parts: LocalParts) {
    this.#parts = parts;
  }

  get state() {
    return this.#parts.fabric.parts.state;
  }

  get reconciler() {
    return this.#parts.reconciler;
  }

  get checkpoint() {
    return this.#parts.fabric.parts.checkpoint;
  }

  ready(): Promise<void> {
    return this.reconciler.whenReady(patienceMs);
  }

  async loaded(): Promise<void> {
    if (!this.reconciler.isLoaded) await this.ready();
  }

  planNetwork({ NetworkID, Options }: CreateNetworkRequest, subnets: NetworkRequest['subnets']): Network {
    const { internal, generic } = Options;
    return { plan: planNetwork({ id: NetworkID, internal, options: generic, subnets }), since: performance.now() };
  }

  async makeNetwork({ plan, since }: Network): Promise<void> {
    const { fabric } = this.#parts;
    const known = this.state.networks.get(plan.id);
    const holder = this.state.networkOf(plan.bridge);
    if (holder !== undefined && holder !== known) {
      throw new LinecardError('LC_CONFLICT', `bridge ${plan.bridge} is of network ${holder.name ?? holder.plan.id}`);
    }
    await fabric.refuseForeign(plan);
    const network = { since, ...known, plan };
    this.state.networks.set(plan.id, network);
    await fabric.makeBridge(network);
    await fabric.makeGateway(network);
    await this.syncFirewall();
    this.checkpoint('network-made');
  }

  async removeNetwork({ plan }: Network): Promise<void> {
    const { fabric } = this.#parts;
    const ports = this.state.portsOn(plan.bridge);
    this.state.networks.delete(plan.id);
    this.state.deleteBridge(plan.bridge);
    for (const { id } of ports) fabric.parts.onPortGone(id);
    await Promise.all([fabric.removeBridge(plan.bridge, ports), this.syncFirewall()]);
    await fabric.endUnusedApps();
    this.checkpoint('network-removed');
  }

  planPort(request: CreateEndpointRequest, { plan, name }: Network, addresses: readonly string[]): Port {
    const options = request.Options.driverOptions;
    const wanted = parseEndpointOptions(options)['ovs.port.number'];
    if (wanted !== undefined) this.#refuseTakenNumber(plan.bridge, wanted);
    const { fabric } = this.#parts;
    const ofport = wanted ?? fabric.freeNumber(plan.bridge);
    return {
      kind: 'endpoint',
      id: request.EndpointID,
      bridge: plan.bridge,
      networkId: plan.id,
      ...(name === undefined ? {} : { networkName: name }),
      ofport,
      mac: request.Interface.MacAddress ?? macFor(request.EndpointID, addresses),
      addresses,
      options,
      portMap: [],
      link: fabric.links.reserve(plan.bridge),
    };
  }

  /**
   * What is attached holds its number against everybody's wish, and a container that is not attached as long as Docker
   * has it. Only who once chose a number may be the very container that asks for it now; who that was is known later,
   * when the endpoint is identified.
   */
  #refuseTakenNumber(bridge: string, wanted: number): void {
    const live = this.state.portAt(bridge, wanted);
    const foreign = this.#parts.fabric.isTaken(bridge, wanted);
    const seats = this.state.seats(bridge);
    const owner = seats.ownerOf(wanted);
    const absent = owner !== undefined && seats.get(owner)?.chosen !== true ? owner : undefined;
    if (live === undefined && !foreign && absent === undefined) return;
    const unnamed = live ? `endpoint ${live.id.slice(0, 12)}` : 'an interface of the bridge';
    const holder = live?.container?.name ?? (foreign ? unnamed : (absent ?? unnamed));
    throw new LinecardError('LC_CONFLICT', `option ovs.port.number: ${wanted} on ${bridge} belongs to ${holder}`, {
      hint: '`linecard ports` shows the numbers in use',
    });
  }

  makePort(port: Port, { plan }: Network): Promise<void> {
    return this.#parts.fabric.makePort(port, plan.mtu);
  }

  async removePort({ id }: Port): Promise<void> {
    const { fabric } = this.#parts;
    const port = this.state.deletePort(id);
    if (port === undefined) return;
    fabric.parts.onPortGone(id);
    if (port.portMap.length > 0) {
      await this.syncFirewall();
      this.checkpoint('ports-closed');
    }
    await fabric.removePort(port);
  }

  async join(port: Port, { plan }: Network, sandbox: string): Promise<Joined> {
    const { fabric, dhcp } = this.#parts;
    // The kernel makes the link ready while ovs-vswitchd is at work; done before, it would keep the database waiting.
    await Promise.all([fabric.parts.ovs.ofport(port.link, patienceMs), fabric.links.ready(port.link, port.bridge)]);
    fabric.links.refill();
    if (plan.dhcp || port.options['ovs.port.rate'] !== undefined) {
      this.state.changePort(port.id, (now) => ({ ...now, sandbox }));
      await this.savePort(port.id);
      if (plan.dhcp) dhcp.start({ ...port, sandbox });
    }
    this.checkpoint('joined');
    return { peer: localLinks.peerOf(port.link), gateways: gatewaysFor(plan, port.addresses) };
  }

  async leave(endpointId: string): Promise<void> {
    await this.#parts.dhcp.release(endpointId);
    this.checkpoint('left');
  }

  async refusePublishing({ plan }: Network): Promise<void> {
    if (plan.mode !== 'flat') return;
    const why = 'ports cannot be published on a flat network: the host has no address there';
    throw new LinecardError('LC_INVALID', why, {
      hint: 'create the network with -o ovs.bridge.mode=nat or routed',
    });
  }

  syncFirewall(): Promise<void> {
    return this.#parts.fabric.parts.firewall.sync();
  }

  savePort(id: string): Promise<void> {
    return this.#parts.fabric.saveIds(id);
  }

  describe(port: Port): Readonly<Record<string, string>> {
    return {
      'ovs.port.number': String(port.ofport),
      'ovs.port.interface': port.link,
      'ovs.bridge.name': port.bridge,
      'com.docker.network.endpoint.macaddress': port.mac,
    };
  }
}
