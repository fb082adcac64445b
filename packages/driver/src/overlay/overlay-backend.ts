import type { CreateEndpointRequest, CreateNetworkRequest } from '@linecard/docker';
import { editNetworkGone, macOf } from '@linecard/ovn';
import { LinecardError, parseCidr } from '@linecard/wire';
import type { Backend, Joined } from '../backend.js';
import type { NetworkRequest } from '../network-plan.js';
import type { Central } from './central.js';
import type { OverlayFabric } from './fabric.js';
import { overlayLinks } from './names.js';
import { parseOverlayEndpoint } from './options.js';
import type { OverlayIpam } from './overlay-ipam.js';
import { overlayGateways, ownSpace, planOverlay } from './plan.js';
import type { OverlayReconciler } from './reconciler.js';
import type { OverlayNetwork, OverlayPort } from './records.js';

/** What the backend works with. */
export interface OverlayBackendParts {
  readonly fabric: OverlayFabric;
  readonly reconciler: OverlayReconciler;
  readonly ipam: OverlayIpam;
}

/** How long a request waits for a database or for Open vSwitch, in ms: longer than an election takes. */
const patienceMs = 15_000;

/**
 * Networks over many hosts: logical switches of OVN. Networks are local to each host's Docker; those with the same
 * `ovn.switch` are one.
 */
export class OverlayBackend implements Backend<OverlayNetwork, OverlayPort> {
  readonly capabilities = { Scope: 'local', ConnectivityScope: 'global' } as const;
  readonly #parts: OverlayBackendParts;

  constructor(parts: OverlayBackendParts) {
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

  async ready(): Promise<void> {
    await this.reconciler.ready(patienceMs);
  }

  loaded(): Promise<void> {
    return this.ready();
  }

  /** What {@link ready} has waited for: nobody waits again on the way back from what has failed. */
  async #central(): Promise<Central> {
    return this.#parts.fabric.parts.central.current ?? this.reconciler.ready(patienceMs);
  }

  planNetwork(request: CreateNetworkRequest, subnets: NetworkRequest['subnets']): OverlayNetwork {
    const { generic, internal } = request.Options;
    const data = [...request.IPv4Data, ...request.IPv6Data];
    const ownAddresses = data.some(({ AddressSpace }) => AddressSpace === ownSpace);
    const reserved = data.flatMap(({ AuxAddresses }) => Object.values(AuxAddresses));
    const id = request.NetworkID;
    return { plan: planOverlay({ id, internal, options: generic, subnets, ownAddresses, reserved }) };
  }

  async makeNetwork(wanted: OverlayNetwork): Promise<void> {
    const { id } = wanted.plan;
    const central = await this.#central();
    // Another one than before, also when it is known: a swarm asks again for what its host had forgotten.
    const network = { ...(this.state.networks.get(id) ?? wanted) };
    this.state.networks.set(id, network);
    await this.#parts.fabric.makeNetwork(network, central);
    await this.syncFirewall();
    for (const { pool } of wanted.plan.subnets) this.#parts.ipam.opened(pool);
  }

  async removeNetwork(network: OverlayNetwork): Promise<void> {
    const { fabric, reconciler } = this.#parts;
    const { id } = network.plan;
    const central = await this.#central();
    for (const port of this.state.ports.values()) {
      if (port.networkId === id) await reconciler.removePort(port.id, central);
    }
    this.state.networks.delete(id);
    const { nb, addresses, settings } = central;
    // What a look has begun for this network is done then, and no later one knows it.
    await reconciler.idle();
    await fabric.forgetNetwork(id, settings);
    this.checkpoint('network-forgotten');
    const gone = { switch: network.plan.switch, host: settings.host, id };
    await nb.write((tx) => editNetworkGone(nb, tx, addresses, gone), { what: `leave logical switch ${gone.switch}` });
    this.checkpoint('network-left');
    await Promise.all([fabric.removeExits(settings), fabric.links.trim()]);
    this.checkpoint('exits-removed');
    await this.syncFirewall();
  }

  planPort(request: CreateEndpointRequest, { plan }: OverlayNetwork, addresses: readonly string[]): OverlayPort {
    const options = request.Options.driverOptions;
    parseOverlayEndpoint(options);
    const { links, parts } = this.#parts.fabric;
    return {
      id: request.EndpointID,
      networkId: plan.id,
      mac: request.Interface.MacAddress ?? macOf(addresses.map((text) => parseCidr(text).address)),
      addresses,
      options,
      portMap: [],
      link: links.reserve(parts.central.current?.settings.bridge ?? ''),
    };
  }

  async makePort(port: OverlayPort, network: OverlayNetwork): Promise<void> {
    await this.#parts.fabric.makePort(port, network, await this.#central());
  }

  async removePort({ id, portMap }: OverlayPort): Promise<void> {
    await this.reconciler.removePort(id, await this.#central());
    if (portMap.length > 0) await this.syncFirewall();
  }

  async join(port: OverlayPort, { plan }: OverlayNetwork): Promise<Joined> {
    const { fabric } = this.#parts;
    const central = await this.#central();
    await Promise.all([
      fabric.needPort(port.id, central),
      fabric.links.ready(port.link, central.settings.bridge),
      fabric.parts.ovs.ofport(port.link, patienceMs),
    ]);
    fabric.links.refill();
    return { peer: overlayLinks.peerOf(port.link), gateways: overlayGateways(plan, port.addresses) };
  }

  async leave(): Promise<void> {}

  async refusePublishing({ plan }: OverlayNetwork): Promise<void> {
    const { settings } = await this.#central();
    if (this.#parts.fabric.exits(settings).has(plan.router ?? '')) return;
    if (plan.localnet !== undefined && plan.router === undefined) {
      throw new LinecardError('LC_INVALID', 'ports cannot be published here: the network has no router of its own', {
        hint: 'hosts of the physical network reach the containers at their addresses; or give ovn.router=NAME',
      });
    }
    const where = plan.gateway === 'distributed' ? 'nowhere' : `on host ${plan.gateway.host}`;
    throw new LinecardError('LC_INVALID', `ports cannot be published here: the network's way out is ${where}`, {
      hint: 'leave out ovn.gateway: then every host publishes the ports of its own containers',
    });
  }

  async syncFirewall(): Promise<void> {
    const { fabric } = this.#parts;
    const { settings } = await this.#central();
    await fabric.firewall.sync(fabric.exits(settings));
  }

  async savePort(id: string): Promise<void> {
    await this.#parts.fabric.savePort(id, await this.#central());
  }

  describe({ id, link }: OverlayPort, { plan }: OverlayNetwork): Readonly<Record<string, string>> {
    return { 'ovn.switch': plan.switch, 'ovn.port': id, 'ovs.port.interface': link };
  }
}
