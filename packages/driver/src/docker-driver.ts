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
import { LinecardError, parseCidr, parseIp, toHex } from '@linecard/wire';
import type { DhcpClients } from './dhcp.js';
import type { Fabric } from './fabric.js';
import type { Firewall } from './firewall.js';
import type { HostPorts } from './host-ports.js';
import { Locks } from './locks.js';
import { hostInterface, peerInterface, stableMac } from './names.js';
import { parseEndpointOptions } from './network-options.js';
import { gatewaysFor, type NetworkPlan, planNetwork } from './network-plan.js';
import type { Reconciler } from './reconciler.js';
import type { Port } from './records.js';
import type { Network, State } from './state.js';

/** What the driver works with. */
export interface DriverParts {
  readonly state: State;
  readonly fabric: Fabric;
  readonly reconciler: Reconciler;
  readonly firewall: Firewall;
  readonly hostPorts: HostPorts;
  readonly dhcp: DhcpClients;
}

/** How long a request waits for Open vSwitch to answer or to make a port, in ms. */
const patienceMs = 10_000;

/** Locally administered, and made of the address where there is one: the same address has the same MAC on every host. */
function macFor(id: string, addresses: readonly string[]): string {
  const v4 = addresses.map(parseCidr).find(({ family }) => family === 4);
  return v4 === undefined ? stableMac(id) : `02:42:${toHex(parseIp(v4.address), ':')}`;
}

/**
 * Docker's remote network driver (libnetwork, docs/remote.md) for networks of one host on Open vSwitch. Every call may
 * come twice, late, or for something that is gone; calls for one endpoint or network run one after the other.
 */
export class DockerDriver implements NetworkDriver {
  readonly #parts: DriverParts;
  readonly #locks = new Locks();

  constructor(parts: DriverParts) {
    this.#parts = parts;
  }

  async getCapabilities(): Promise<NetworkCapabilities> {
    return { Scope: 'local', ConnectivityScope: 'local' };
  }

  async allocateNetwork(request: AllocateNetworkRequest): Promise<AllocateNetworkReply> {
    return { Options: request.Options };
  }

  async freeNetwork(): Promise<void> {}
  async discoverNew(): Promise<void> {}
  async discoverDelete(): Promise<void> {}

  async createNetwork(request: CreateNetworkRequest): Promise<void> {
    const { generic, internal } = request.Options;
    const subnets = [...request.IPv4Data, ...request.IPv6Data].flatMap(({ Pool, Gateway }) =>
      Pool === undefined ? [] : [{ pool: Pool, ...(Gateway === undefined ? {} : { gateway: Gateway }) }],
    );
    const plan = planNetwork({ id: request.NetworkID, internal, options: generic, subnets });
    await this.#locks.run(plan.id, () => this.#createNetwork(plan));
  }

  async #createNetwork(plan: NetworkPlan): Promise<void> {
    const { state, fabric, reconciler, firewall } = this.#parts;
    await reconciler.whenReady(patienceMs);
    const known = state.networks.get(plan.id);
    const holder = state.networkOf(plan.bridge);
    if (holder !== undefined && holder !== known) {
      throw new LinecardError('LC_CONFLICT', `bridge ${plan.bridge} is of network ${holder.name ?? holder.plan.id}`);
    }
    await fabric.refuseForeign(plan);
    const network: Network = { plan, since: known?.since ?? performance.now() };
    state.networks.set(plan.id, network);
    try {
      await fabric.makeBridge(network);
      await fabric.makeGateway(network);
      await firewall.sync();
      fabric.parts.checkpoint('network-made');
    } catch (error) {
      if (known === undefined) await this.#removeNetwork(network).catch(() => undefined);
      throw error;
    }
  }

  async deleteNetwork({ NetworkID }: NetworkRequest): Promise<void> {
    await this.#locks.run(NetworkID, async () => {
      const network = this.#parts.state.networks.get(NetworkID);
      if (network !== undefined) await this.#removeNetwork(network);
    });
  }

  /** What fails here is done by the reconciler: the state has forgotten the network. */
  async #removeNetwork({ plan }: Network): Promise<void> {
    const { state, fabric, firewall, hostPorts, dhcp } = this.#parts;
    const ports = state.portsOn(plan.bridge);
    state.networks.delete(plan.id);
    state.deleteBridge(plan.bridge);
    for (const port of ports) {
      hostPorts.release(port.id);
      dhcp.stop(port.id);
    }
    await Promise.all([fabric.removeBridge(plan.bridge, ports), firewall.sync()]);
    await fabric.endUnusedApps();
    fabric.parts.checkpoint('network-removed');
  }

  #network(id: string): Network {
    const network = this.#parts.state.networks.get(id);
    if (network !== undefined) return network;
    throw new LinecardError('LC_NOT_FOUND', `network ${id.slice(0, 12)} is not known to Open vSwitch`, {
      hint: 'its bridge was lost while Linecard was not running; it comes back once Docker answers, try again then',
    });
  }

  #port(request: EndpointRequest): Port {
    const port = this.#parts.state.ports.get(request.EndpointID);
    if (port !== undefined) return port;
    throw new LinecardError('LC_NOT_FOUND', `endpoint ${request.EndpointID.slice(0, 12)} does not exist`);
  }

  createEndpoint(request: CreateEndpointRequest): Promise<CreateEndpointReply> {
    return this.#locks.run(request.EndpointID, () => this.#createEndpoint(request));
  }

  async #createEndpoint(request: CreateEndpointRequest): Promise<CreateEndpointReply> {
    const { state, fabric, reconciler } = this.#parts;
    const raw = request.Options.driverOptions;
    const options = parseEndpointOptions(raw);
    await reconciler.whenReady(patienceMs);
    const { plan, name } = this.#network(request.NetworkID);
    const { Address, AddressIPv6, MacAddress } = request.Interface;
    const addresses = [Address, AddressIPv6].filter((address) => address !== undefined);
    const known = state.ports.get(request.EndpointID);
    const port: Port = known ?? {
      kind: 'endpoint',
      id: request.EndpointID,
      bridge: plan.bridge,
      networkId: plan.id,
      ...(name === undefined ? {} : { networkName: name }),
      ofport: options['ovs.port.number'] ?? fabric.freeNumber(plan.bridge),
      mac: MacAddress ?? macFor(request.EndpointID, addresses),
      addresses,
      options: raw,
      portMap: [],
    };
    if (known === undefined) {
      this.#refuseTakenNumber(port, options['ovs.port.number']);
      await this.#plug(port, plan.mtu);
    }
    return MacAddress === undefined ? { Interface: { MacAddress: port.mac } } : {};
  }

  /**
   * What is attached holds its number against everybody's wish, and a container that is not attached as long as Docker
   * has it. Only who once chose a number may be the very container that asks for it now; who that was is known later,
   * when the endpoint is identified.
   */
  #refuseTakenNumber(port: Port, wanted: number | undefined): void {
    if (wanted === undefined) return;
    const { state, fabric } = this.#parts;
    const live = state.portAt(port.bridge, wanted);
    const foreign = fabric.isTaken(port.bridge, wanted);
    const seats = state.seats(port.bridge);
    const owner = seats.ownerOf(wanted);
    const absent = owner !== undefined && seats.get(owner)?.chosen !== true ? owner : undefined;
    if (live === undefined && !foreign && absent === undefined) return;
    const unnamed = live ? `endpoint ${live.id.slice(0, 12)}` : 'an interface of the bridge';
    const holder = live?.container?.name ?? (foreign ? unnamed : (absent ?? unnamed));
    throw new LinecardError('LC_CONFLICT', `option ovs.port.number: ${wanted} on ${port.bridge} belongs to ${holder}`, {
      hint: '`linecard ports` shows the numbers in use',
    });
  }

  async #plug(port: Port, mtu: number): Promise<void> {
    const { state, fabric, reconciler } = this.#parts;
    reconciler.guard(port.id);
    state.setPort(port);
    try {
      await fabric.makePort(port, mtu);
    } catch (error) {
      state.deletePort(port.id);
      await fabric.removePort(port).catch(() => undefined);
      throw error;
    } finally {
      reconciler.unguard(port.id);
    }
  }

  join(request: JoinRequest): Promise<JoinReply> {
    return this.#locks.run(request.EndpointID, async () => {
      const { state, fabric, dhcp, reconciler } = this.#parts;
      await reconciler.whenReady(patienceMs);
      const port = this.#port(request);
      const { plan } = this.#network(request.NetworkID);
      await fabric.parts.ovs.ofport(hostInterface(port.id), patienceMs);
      if (plan.dhcp || port.options['ovs.port.rate'] !== undefined) {
        const joined = { ...port, sandbox: request.SandboxKey };
        state.setPort(joined);
        await fabric.saveIds(joined);
        if (plan.dhcp) dhcp.start(joined);
      }
      fabric.parts.checkpoint('joined');
      const { v4, v6 } = gatewaysFor(plan, port.addresses);
      return {
        InterfaceName: { SrcName: peerInterface(port.id), DstPrefix: 'eth' },
        ...(v4 === undefined ? {} : { Gateway: v4 }),
        ...(v6 === undefined ? {} : { GatewayIPv6: v6 }),
        ...(v4 === undefined && v6 === undefined ? { DisableGatewayService: true } : {}),
      };
    });
  }

  async leave(request: EndpointRequest): Promise<void> {
    await this.#locks.run(request.EndpointID, async () => {
      await this.#parts.dhcp.release(request.EndpointID);
      this.#parts.fabric.parts.checkpoint('left');
    });
  }

  deleteEndpoint(request: EndpointRequest): Promise<void> {
    return this.#locks.run(request.EndpointID, async () => {
      const { state, fabric, hostPorts, firewall, dhcp, reconciler } = this.#parts;
      const port = state.deletePort(request.EndpointID);
      if (port === undefined) return;
      dhcp.stop(port.id);
      hostPorts.release(port.id);
      try {
        if (port.portMap.length > 0) {
          await firewall.sync();
          fabric.parts.checkpoint('ports-closed');
        }
        await fabric.removePort(port);
      } catch (error) {
        // Docker ignores the error and never asks again; the state has forgotten the port, so a later look removes it.
        reconciler.schedule();
        throw error;
      }
    });
  }

  async endpointOperInfo(request: EndpointRequest): Promise<EndpointInfoReply> {
    const port = this.#port(request);
    return {
      Value: {
        'ovs.port.number': String(port.ofport),
        'ovs.port.interface': hostInterface(port.id),
        'ovs.bridge.name': port.bridge,
        'com.docker.network.endpoint.macaddress': port.mac,
      },
    };
  }

  programExternalConnectivity(request: ConnectivityRequest): Promise<void> {
    return this.#locks.run(request.EndpointID, async () => {
      const { state, fabric, hostPorts, firewall } = this.#parts;
      const { plan } = this.#network(request.NetworkID);
      const wanted = request.Options.portBindings;
      if (wanted.length === 0) return;
      const port = this.#port(request);
      if (plan.mode === 'flat') {
        throw new LinecardError(
          'LC_INVALID',
          'ports cannot be published on a flat network: the host has no address there',
          {
            hint: 'create the network with -o ovs.bridge.mode=nat or routed',
          },
        );
      }
      const published = { ...port, portMap: await hostPorts.hold(port, wanted) };
      state.setPort(published);
      fabric.parts.checkpoint('ports-held');
      try {
        await firewall.sync();
        fabric.parts.checkpoint('ports-open');
        await fabric.saveIds(published);
        fabric.parts.checkpoint('ports-saved');
      } catch (error) {
        hostPorts.release(port.id);
        state.setPort(port);
        await firewall.sync().catch(() => undefined);
        throw error;
      }
    });
  }

  revokeExternalConnectivity(request: EndpointRequest): Promise<void> {
    return this.#locks.run(request.EndpointID, async () => {
      const { state, fabric, hostPorts, firewall } = this.#parts;
      const port = state.ports.get(request.EndpointID);
      if (port === undefined || port.portMap.length === 0) return;
      const closed = { ...port, portMap: [] };
      state.setPort(closed);
      hostPorts.release(port.id);
      await firewall.sync();
      fabric.parts.checkpoint('ports-closed');
      await fabric.saveIds(closed);
      fabric.parts.checkpoint('ports-forgotten');
    });
  }
}
