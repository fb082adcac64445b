import type {
  AllocateNetworkReply,
  AllocateNetworkRequest,
  ConnectivityRequest,
  CreateEndpointReply,
  CreateEndpointRequest,
  CreateNetworkRequest,
  EndpointInfoReply,
  EndpointRequest,
  JoinReply,
  JoinRequest,
  NetworkCapabilities,
  NetworkDriver,
  NetworkRequest,
} from '@linecard/docker';
import { editNetworkGone, macOf } from '@linecard/ovn';
import { LinecardError, parseCidr } from '@linecard/wire';
import type { HostPorts } from '../host-ports.js';
import { Locks } from '../locks.js';
import type { Central } from './central.js';
import type { OverlayFabric } from './fabric.js';
import { overlayInterface, overlayPeer } from './names.js';
import type { OverlayIpam } from './overlay-ipam.js';
import { overlayGateways, ownSpace, planOverlay } from './plan.js';
import type { OverlayReconciler } from './reconciler.js';
import type { OverlayNetwork, OverlayPort } from './records.js';

/** What the driver works with. */
export interface OverlayDriverParts {
  readonly fabric: OverlayFabric;
  readonly reconciler: OverlayReconciler;
  readonly ipam: OverlayIpam;
  readonly hostPorts: HostPorts;
}

/** How long a request waits for a database or for Open vSwitch, in ms: longer than an election takes. */
const patienceMs = 15_000;

/**
 * Docker's remote network driver for networks over many hosts: logical switches of OVN. Networks are local to each
 * host's Docker; those with the same `ovn.switch` are one. Every call may come twice, late, or for something that is
 * gone.
 */
export class OverlayDriver implements NetworkDriver {
  readonly #parts: OverlayDriverParts;
  readonly #locks = new Locks();

  constructor(parts: OverlayDriverParts) {
    this.#parts = parts;
  }

  async getCapabilities(): Promise<NetworkCapabilities> {
    return { Scope: 'local', ConnectivityScope: 'global' };
  }

  async allocateNetwork(request: AllocateNetworkRequest): Promise<AllocateNetworkReply> {
    return { Options: request.Options };
  }

  async freeNetwork(): Promise<void> {}
  async discoverNew(): Promise<void> {}
  async discoverDelete(): Promise<void> {}
  async leave(): Promise<void> {}

  get #state() {
    return this.#parts.fabric.parts.state;
  }

  createNetwork(request: CreateNetworkRequest): Promise<void> {
    const { generic, internal } = request.Options;
    const data = [...request.IPv4Data, ...request.IPv6Data];
    const subnets = data.flatMap(({ Pool, Gateway }) =>
      Pool === undefined ? [] : [{ pool: Pool, ...(Gateway === undefined ? {} : { gateway: Gateway }) }],
    );
    const ownAddresses = data.some(({ AddressSpace }) => AddressSpace === ownSpace);
    const reserved = data.flatMap(({ AuxAddresses }) => Object.values(AuxAddresses));
    const plan = planOverlay({ id: request.NetworkID, internal, options: generic, subnets, ownAddresses, reserved });
    return this.#locks.run(plan.id, () => this.#createNetwork({ plan }));
  }

  async #createNetwork(network: OverlayNetwork): Promise<void> {
    const { reconciler, fabric, ipam } = this.#parts;
    const { id } = network.plan;
    const central = await reconciler.ready(patienceMs);
    await reconciler.guarded(id, async () => {
      const known = this.#state.networks.get(id);
      this.#state.networks.set(id, known ?? network);
      try {
        await fabric.makeNetwork(known ?? network, central);
        await fabric.firewall.sync(fabric.exits(central.settings));
        for (const { pool } of network.plan.subnets) ipam.opened(pool);
      } catch (error) {
        if (known === undefined) await this.#removeNetwork(id, central).catch(() => undefined);
        throw error;
      }
    });
  }

  deleteNetwork({ NetworkID }: NetworkRequest): Promise<void> {
    return this.#locks.run(NetworkID, async () => {
      const { reconciler } = this.#parts;
      const central = await reconciler.ready(patienceMs);
      if (!this.#state.networks.has(NetworkID)) return;
      await reconciler
        .guarded(NetworkID, () => this.#removeNetwork(NetworkID, central))
        .finally(() => {
          // Docker ignores the error and never asks again; what is left is stale to a later look.
          reconciler.schedule();
        });
    });
  }

  async #removeNetwork(id: string, central: Central): Promise<void> {
    const { fabric, reconciler } = this.#parts;
    const network = this.#state.networks.get(id);
    if (network === undefined) return;
    for (const port of this.#state.ports.values()) {
      if (port.networkId === id) await reconciler.removePort(port.id, central);
    }
    this.#state.networks.delete(id);
    const { nb, settings } = central;
    // What a look has begun for this network is done then, and no later one knows it.
    await reconciler.idle();
    await this.#releaseShared(network, central);
    await fabric.forgetNetwork(id, settings);
    const gone = { switch: network.plan.switch, host: settings.host, id };
    await nb.write((tx) => editNetworkGone(nb, tx, gone), { what: `leave logical switch ${gone.switch}` });
    await fabric.removeExits(settings);
    await fabric.firewall.sync(fabric.exits(settings));
  }

  /** Docker gives gateways back before it removes their network: a look in between has taken them again. */
  async #releaseShared({ plan }: OverlayNetwork, { addresses }: Central): Promise<void> {
    if (!plan.request.ownAddresses) return;
    const others = [...this.#state.networks.values()].flatMap((other) => sharedAddresses(other));
    for (const address of sharedAddresses({ plan }).filter((one) => !others.includes(one))) {
      await addresses.release(plan.space, address);
    }
  }

  #network(id: string): OverlayNetwork {
    const network = this.#state.networks.get(id);
    if (network !== undefined) return network;
    throw new LinecardError('LC_NOT_FOUND', `network ${id.slice(0, 12)} is not known to this host`, {
      hint: 'it comes back once Docker answers; try again then',
    });
  }

  #port(request: EndpointRequest): OverlayPort {
    const port = this.#state.ports.get(request.EndpointID);
    if (port !== undefined) return port;
    throw new LinecardError('LC_NOT_FOUND', `endpoint ${request.EndpointID.slice(0, 12)} does not exist`);
  }

  createEndpoint(request: CreateEndpointRequest): Promise<CreateEndpointReply> {
    return this.#locks.run(request.EndpointID, () => this.#createEndpoint(request));
  }

  async #createEndpoint(request: CreateEndpointRequest): Promise<CreateEndpointReply> {
    const { reconciler, fabric } = this.#parts;
    const unknown = Object.keys(request.Options.driverOptions)[0];
    if (unknown !== undefined) throw new LinecardError('LC_INVALID', `option ${unknown} is not known`);
    const central = await reconciler.ready(patienceMs);
    const network = this.#network(request.NetworkID);
    const { Address, AddressIPv6, MacAddress } = request.Interface;
    const addresses = [Address, AddressIPv6].filter((address) => address !== undefined);
    const plain = addresses.map((text) => parseCidr(text).address);
    const known = this.#state.ports.get(request.EndpointID);
    const port: OverlayPort = known ?? {
      id: request.EndpointID,
      networkId: request.NetworkID,
      mac: MacAddress ?? macOf(plain),
      addresses,
      portMap: [],
    };
    if (known === undefined) {
      await reconciler.guarded(port.id, async () => {
        this.#state.ports.set(port.id, port);
        try {
          await fabric.makePort(port, network, central);
        } catch (error) {
          await reconciler.removePort(port.id, central).catch(() => reconciler.schedule());
          throw error;
        }
      });
    }
    return MacAddress === undefined ? { Interface: { MacAddress: port.mac } } : {};
  }

  async join(request: JoinRequest): Promise<JoinReply> {
    const { fabric, reconciler } = this.#parts;
    await reconciler.ready(patienceMs);
    const port = this.#port(request);
    const { plan } = this.#network(request.NetworkID);
    await fabric.parts.ovs.ofport(overlayInterface(port.id), patienceMs);
    const { v4, v6 } = overlayGateways(plan, port.addresses);
    return {
      InterfaceName: { SrcName: overlayPeer(port.id), DstPrefix: 'eth' },
      ...(v4 === undefined ? {} : { Gateway: v4 }),
      ...(v6 === undefined ? {} : { GatewayIPv6: v6 }),
      ...(v4 === undefined && v6 === undefined ? { DisableGatewayService: true } : {}),
    };
  }

  deleteEndpoint(request: EndpointRequest): Promise<void> {
    return this.#locks.run(request.EndpointID, async () => {
      const { reconciler, fabric } = this.#parts;
      const central = await reconciler.ready(patienceMs);
      const port = this.#state.ports.get(request.EndpointID);
      if (port === undefined) return;
      try {
        await reconciler.guarded(port.id, () => reconciler.removePort(port.id, central));
        if (port.portMap.length > 0) await fabric.firewall.sync(fabric.exits(central.settings));
      } catch (error) {
        // Docker ignores the error and never asks again; the state has forgotten the port, so a later look removes it.
        reconciler.schedule();
        throw error;
      }
    });
  }

  async endpointOperInfo(request: EndpointRequest): Promise<EndpointInfoReply> {
    const port = this.#port(request);
    const { plan } = this.#network(port.networkId);
    return {
      Value: { 'ovn.switch': plan.switch, 'ovn.port': port.id, 'ovs.port.interface': overlayInterface(port.id) },
    };
  }

  programExternalConnectivity(request: ConnectivityRequest): Promise<void> {
    return this.#locks.run(request.EndpointID, async () => {
      const { hostPorts, reconciler, fabric } = this.#parts;
      const wanted = request.Options.portBindings;
      if (wanted.length === 0) return;
      const { settings } = await reconciler.ready(patienceMs);
      const port = this.#port(request);
      const { plan } = this.#network(request.NetworkID);
      if (!fabric.exits(settings).has(plan.router ?? '')) {
        const where = plan.gateway === 'distributed' ? 'nowhere' : `on host ${plan.gateway.host}`;
        throw new LinecardError('LC_INVALID', `ports cannot be published here: the network's way out is ${where}`, {
          hint: 'leave out ovn.gateway: then every host publishes the ports of its own containers',
        });
      }
      const published = { ...port, portMap: await hostPorts.hold(port, wanted) };
      await this.#publish(published, port);
    });
  }

  revokeExternalConnectivity(request: EndpointRequest): Promise<void> {
    return this.#locks.run(request.EndpointID, async () => {
      const port = this.#state.ports.get(request.EndpointID);
      if (port === undefined || port.portMap.length === 0) return;
      this.#parts.hostPorts.release(port.id);
      await this.#publish({ ...port, portMap: [] }, port);
    });
  }

  async #publish(port: OverlayPort, before: OverlayPort): Promise<void> {
    const { fabric, reconciler, hostPorts } = this.#parts;
    const { settings } = await reconciler.ready(patienceMs);
    this.#state.ports.set(port.id, port);
    try {
      await fabric.firewall.sync(fabric.exits(settings));
      const network = this.#network(port.networkId);
      await fabric.parts.ovs.commit((edit) => fabric.editPort(edit, port, network, settings.bridge));
    } catch (error) {
      hostPorts.release(port.id);
      this.#state.ports.set(port.id, before);
      throw error;
    }
  }
}

/** The addresses that a network has on every host: gateways, and those that no container may have. */
function sharedAddresses({ plan }: OverlayNetwork): string[] {
  const gateways = plan.subnets.flatMap(({ gateway }) => (gateway === undefined ? [] : [gateway.address]));
  return [...gateways, ...plan.request.reserved.map((text) => parseCidr(text).address)];
}
