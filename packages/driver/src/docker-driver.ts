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
import { LinecardError } from '@linecard/wire';
import type { Backend, BackendPort } from './backend.js';
import type { HostPorts } from './host-ports.js';
import { Locks } from './locks.js';
import { subnetsOf } from './network-plan.js';

/**
 * Docker's remote network driver (libnetwork, docs/remote.md) over a backend. Every call may come twice, late, or for
 * something that is gone; calls for one endpoint or network run one after the other.
 */
export class DockerDriver<N, P extends BackendPort> implements NetworkDriver {
  readonly #backend: Backend<N, P>;
  readonly #hostPorts: HostPorts;
  readonly #locks = new Locks();

  constructor(backend: Backend<N, P>, hostPorts: HostPorts) {
    this.#backend = backend;
    this.#hostPorts = hostPorts;
  }

  async getCapabilities(): Promise<NetworkCapabilities> {
    return this.#backend.capabilities;
  }

  async allocateNetwork(request: AllocateNetworkRequest): Promise<AllocateNetworkReply> {
    return { Options: request.Options };
  }

  async freeNetwork(): Promise<void> {}
  async discoverNew(): Promise<void> {}
  async discoverDelete(): Promise<void> {}

  async createNetwork(request: CreateNetworkRequest): Promise<void> {
    const id = request.NetworkID;
    const network = this.#backend.planNetwork(request, subnetsOf(request));
    await this.#locks.run(id, async () => {
      await this.#backend.ready();
      await this.#backend.reconciler.guarded(id, () => this.#makeNetwork(id, network));
    });
  }

  async #makeNetwork(id: string, network: N): Promise<void> {
    const { state } = this.#backend;
    const wasKnown = state.networks.has(id);
    try {
      await this.#backend.makeNetwork(network);
    } catch (error) {
      // What was refused never came into the state; there is nothing of ours to remove then.
      const begun = wasKnown ? undefined : state.networks.get(id);
      if (begun !== undefined) await this.#backend.removeNetwork(begun).catch(() => undefined);
      throw error;
    }
  }

  deleteNetwork({ NetworkID }: NetworkRequest): Promise<void> {
    return this.#removeNetwork(NetworkID);
  }

  /** Removes a network that Docker has forgotten, unless Docker has asked for it again and it is not `network` any more. */
  forgetNetwork(id: string, network: N): Promise<void> {
    return this.#removeNetwork(id, network);
  }

  #removeNetwork(id: string, only?: N): Promise<void> {
    return this.#locks.run(id, async () => {
      const { reconciler, state } = this.#backend;
      await this.#backend.loaded();
      const network = state.networks.get(id);
      if (network === undefined || (only !== undefined && network !== only)) return;
      const remove = reconciler.guarded(id, () => this.#backend.removeNetwork(network));
      // Docker ignores an error and never asks again; what is left is stale to a later look.
      await remove.finally(() => reconciler.schedule());
    });
  }

  #network(id: string): N {
    const network = this.#backend.state.networks.get(id);
    if (network !== undefined) return network;
    throw new LinecardError('LC_NOT_FOUND', `network ${id.slice(0, 12)} is not known to this host`, {
      hint: 'Open vSwitch lost it while Linecard was not running; it comes back once Docker answers, try again then',
    });
  }

  #port(request: EndpointRequest): P {
    const port = this.#backend.state.ports.get(request.EndpointID);
    if (port !== undefined) return port;
    throw new LinecardError('LC_NOT_FOUND', `endpoint ${request.EndpointID.slice(0, 12)} does not exist`);
  }

  createEndpoint(request: CreateEndpointRequest): Promise<CreateEndpointReply> {
    return this.#locks.run(request.EndpointID, async () => {
      await this.#backend.ready();
      const network = this.#network(request.NetworkID);
      const { Address, AddressIPv6, MacAddress } = request.Interface;
      const addresses = [Address, AddressIPv6].filter((address) => address !== undefined);
      let port = this.#backend.state.ports.get(request.EndpointID);
      if (port === undefined) {
        port = this.#backend.planPort(request, network, addresses);
        await this.#makePort(port, network);
      }
      return MacAddress === undefined ? { Interface: { MacAddress: port.mac } } : {};
    });
  }

  #makePort(port: P, network: N): Promise<void> {
    const { reconciler, state } = this.#backend;
    return reconciler.guarded(port.id, async () => {
      state.setPort(port);
      try {
        await this.#backend.makePort(port, network);
      } catch (error) {
        await this.#backend.removePort(port).catch(() => reconciler.schedule());
        throw error;
      }
    });
  }

  join(request: JoinRequest): Promise<JoinReply> {
    return this.#locks.run(request.EndpointID, async () => {
      await this.#backend.ready();
      const port = this.#port(request);
      const { peer, gateways } = await this.#backend.join(port, this.#network(request.NetworkID), request.SandboxKey);
      const { v4, v6 } = gateways;
      return {
        InterfaceName: { SrcName: peer, DstPrefix: 'eth' },
        ...(v4 === undefined ? {} : { Gateway: v4 }),
        ...(v6 === undefined ? {} : { GatewayIPv6: v6 }),
        ...(v4 === undefined && v6 === undefined ? { DisableGatewayService: true } : {}),
      };
    });
  }

  leave({ EndpointID }: EndpointRequest): Promise<void> {
    return this.#locks.run(EndpointID, () => this.#backend.leave(EndpointID));
  }

  deleteEndpoint({ EndpointID }: EndpointRequest): Promise<void> {
    return this.#locks.run(EndpointID, async () => {
      const { reconciler, state } = this.#backend;
      await this.#backend.loaded();
      const port = state.ports.get(EndpointID);
      if (port === undefined) return;
      try {
        await reconciler.guarded(EndpointID, () => this.#backend.removePort(port));
      } catch (error) {
        // Docker ignores the error and never asks again; the state has forgotten the port, so a later look removes it.
        reconciler.schedule();
        throw error;
      }
    });
  }

  async endpointOperInfo(request: EndpointRequest): Promise<EndpointInfoReply> {
    return { Value: this.#backend.describe(this.#port(request), this.#network(request.NetworkID)) };
  }

  programExternalConnectivity(request: ConnectivityRequest): Promise<void> {
    return this.#locks.run(request.EndpointID, async () => {
      const { state, checkpoint } = this.#backend;
      const wanted = request.Options.portBindings;
      if (wanted.length === 0) return;
      await this.#backend.ready();
      const port = this.#port(request);
      await this.#backend.refusePublishing(this.#network(request.NetworkID));
      const portMap = await this.#hostPorts.hold(port, wanted);
      try {
        // While ports were being held the container may have become known, or the endpoint may be gone.
        if (!state.changePort(port.id, (now) => ({ ...now, portMap }))) this.#port(request);
        checkpoint('ports-held');
        await this.#backend.syncFirewall();
        checkpoint('ports-open');
        await this.#backend.savePort(port.id);
        checkpoint('ports-saved');
      } catch (error) {
        this.#hostPorts.release(port.id);
        state.changePort(port.id, (now) => ({ ...now, portMap: port.portMap }));
        await this.#backend.syncFirewall().catch(() => undefined);
        throw error;
      }
    });
  }

  revokeExternalConnectivity({ EndpointID }: EndpointRequest): Promise<void> {
    return this.#locks.run(EndpointID, async () => {
      const { state, checkpoint } = this.#backend;
      const port = state.ports.get(EndpointID);
      if (port === undefined || port.portMap.length === 0) return;
      state.changePort(EndpointID, (now) => ({ ...now, portMap: [] }));
      this.#hostPorts.release(EndpointID);
      await this.#backend.syncFirewall();
      checkpoint('ports-closed');
      await this.#backend.savePort(EndpointID);
      checkpoint('ports-forgotten');
    });
  }
}
