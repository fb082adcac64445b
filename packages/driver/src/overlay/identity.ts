import type { DockerEngine, DockerEvent, DockerNetwork, DockerWatch } from '@linecard/docker';
import type { Netlink } from '@linecard/linux';
import { LinecardError, parseCidr } from '@linecard/wire';
import type { DockerDriver } from '../docker-driver.js';
import type { OverlayFabric } from './fabric.js';
import type { OverlayIpam } from './overlay-ipam.js';
import { ownSpace, planOverlay } from './plan.js';
import type { OverlayReconciler } from './reconciler.js';
import type { OverlayNetwork, OverlayPort } from './records.js';

/** What identity works with. */
export interface OverlayIdentityParts {
  readonly engine: DockerEngine;
  readonly watch: DockerWatch;
  readonly net: Netlink;
  readonly fabric: OverlayFabric;
  readonly reconciler: OverlayReconciler;
  readonly driver: DockerDriver<OverlayNetwork, OverlayPort>;
  /** Told of networks of other drivers that have their addresses from it, which nobody else tells it of. */
  readonly ipam: Pick<OverlayIpam, 'opened'>;
  /** The name under which Docker knows the driver. */
  readonly driverName: string;
  /** How long, in ms, what Docker does not know must stay unknown before it is removed. */
  readonly graceMs: number;
  readonly onError: (what: string, error: unknown) => void;
  /** It is known now which container is behind an endpoint. */
  readonly onIdentified: () => void;
}

/** How long a look of Docker's waits for OVN, in ms. */
const patienceMs = 60_000;

/**
 * Learns from Docker, in the background, what its plugin protocol does not say: which container an endpoint belongs to,
 * so that its name is answered for on every host; and what Docker has forgotten.
 */
export class OverlayIdentity {
  readonly #parts: OverlayIdentityParts;
  /** Since when Docker does not know an endpoint or network, in ms of the monotonic clock, and the network as it was then. */
  readonly #suspects = new Map<string, { readonly since: number; readonly network: OverlayNetwork | undefined }>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: OverlayIdentityParts) {
    this.#parts = parts;
  }

  /** Follows Docker from now on; somebody else starts the watch. */
  start(): void {
    const { watch } = this.#parts;
    watch.on('up', () => this.#try('read the networks of Docker', () => this.#resync()));
    watch.on('event', (event) => this.#try(`follow ${event.type} ${event.action}`, () => this.#onEvent(event)));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  get #state() {
    return this.#parts.fabric.parts.state;
  }

  #try(what: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#closed) this.#parts.onError(what, error);
    });
  }

  async #onEvent({ type, action, id, attributes }: DockerEvent): Promise<void> {
    const what = `${type} ${action}`;
    if (what === 'network connect' && this.#state.networks.has(id)) return this.#inspect(id);
    if (what === 'network create') return this.#created(id, attributes.name);
    if (what === 'network destroy' || what === 'network remove') return this.#collect();
    if (what === 'container rename') return this.#renamed(id, attributes.name);
  }

  async #created(id: string, name: string | undefined): Promise<void> {
    if (this.#state.networks.has(id)) {
      if (name !== undefined) await this.#rename(id, name);
      return;
    }
    const { engine, ipam, driverName } = this.#parts;
    const { ipamDriver, subnets } = await engine.network(id);
    if (ipamDriver === driverName) for (const { subnet } of subnets) if (subnet) ipam.opened(parseCidr(subnet));
  }

  async #rename(id: string, name: string): Promise<void> {
    const network = this.#state.networks.get(id);
    if (network === undefined || network.name === name) return;
    this.#state.networks.set(id, { ...network, name });
    this.#parts.reconciler.schedule();
  }

  async #inspect(id: string): Promise<void> {
    await this.#learn(await this.#parts.engine.network(id));
  }

  async #learn(network: DockerNetwork): Promise<void> {
    await this.#rename(network.id, network.name);
    for (const { endpointId, containerId, name } of network.endpoints) {
      if (containerId !== undefined) await this.#identify(endpointId, { id: containerId, name });
    }
  }

  /** Writes the container into the endpoint's interface and logical port, and its name into OVN's DNS. */
  async #identify(endpointId: string, container: { id: string; name: string }): Promise<void> {
    const { fabric, reconciler } = this.#parts;
    const port = this.#state.ports.get(endpointId);
    if (port === undefined || (port.container?.id === container.id && port.container.name === container.name)) return;
    const central = await reconciler.ready(patienceMs);
    const label = port.container?.id === container.id ? port.label : await this.#label(container.id);
    const identify = (now: OverlayPort) => ({ ...now, container, ...(label === undefined ? {} : { label }) });
    if (!this.#state.changePort(endpointId, identify)) return;
    await fabric.savePort(endpointId, central);
    await fabric.writePort(endpointId, central);
    this.#parts.onIdentified();
  }

  /** The groups that a container's label puts it into; undefined when it has none, or is gone already. */
  async #label(containerId: string): Promise<string | undefined> {
    try {
      return (await this.#parts.engine.container(containerId)).labels['linecard.acl'];
    } catch (error) {
      if (error instanceof LinecardError && error.code === 'LC_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async #renamed(containerId: string, name: string | undefined): Promise<void> {
    if (name === undefined) return;
    for (const { id, container } of [...this.#state.ports.values()]) {
      if (container?.id === containerId) await this.#identify(id, { id: containerId, name });
    }
  }

  async #resync(): Promise<void> {
    const { engine, reconciler, driverName, fabric } = this.#parts;
    // Docker may answer before Open vSwitch does, which knows whether this host has a part in OVN.
    await fabric.parts.ovs.whenReady(patienceMs);
    if (fabric.parts.central.current === undefined) return;
    await reconciler.ready(patienceMs);
    const networks = await engine.networks();
    for (const { id, driver } of networks) {
      if (driver.replace(/:latest$/, '') === driverName) await this.#adopt(await engine.network(id));
    }
    // A Docker that has just started has made its FORWARD chain, and may have flushed what was there.
    reconciler.schedule();
    await this.#collect();
  }

  /** Takes a network back that Docker has and this host's OVSDB has lost. */
  async #adopt(network: DockerNetwork): Promise<void> {
    if (!this.#state.networks.has(network.id)) {
      const { addresses } = await this.#parts.reconciler.ready(patienceMs);
      const ownAddresses = network.ipamDriver === this.#parts.driverName;
      const subnets = network.subnets.flatMap(({ subnet, gateway }) => {
        if (subnet === undefined) return [];
        const prefix = subnet.split('/')[1];
        // Docker does not tell a gateway that nobody asked for by address.
        const chosen = gateway ?? addresses.gatewayOf({ space: ownSpace, subnet: parseCidr(subnet) });
        return [{ pool: subnet, gateway: `${chosen.split('/')[0]}/${prefix}` }];
      });
      const { id, internal, options, name } = network;
      const plan = planOverlay({ id, internal, options, subnets, ownAddresses, reserved: [] });
      this.#state.networks.set(id, { plan, name });
    }
    await this.#learn(network);
  }

  /** Removes what stays unknown to Docker over the grace period, and never a port whose link is in a container. */
  async #collect(): Promise<void> {
    const { engine, watch, net, graceMs, driver } = this.#parts;
    if (!watch.connected || this.#closed || this.#state.networks.size === 0) return;
    // What Docker asks for again, now or since it was unknown, is another one than it was.
    const before = new Map(this.#state.networks);
    const [containers, networks] = await Promise.all([engine.containers(), engine.networks()]);
    const endpoints = containers.flatMap((container) => container.networks.map(({ endpointId }) => endpointId ?? ''));
    const known = new Set([...endpoints, ...networks.map(({ id }) => id)]);
    const now = performance.now();
    const unknown = [...this.#state.ports.keys(), ...before.keys()].filter((id) => !known.has(id));
    for (const id of this.#suspects.keys()) if (!unknown.includes(id)) this.#suspects.delete(id);
    for (const id of unknown) {
      const network = before.get(id);
      const suspect = this.#suspects.get(id);
      if (suspect === undefined || suspect.network !== network) this.#suspects.set(id, { since: now, network });
    }
    for (const id of unknown) {
      const { since, network } = this.#suspects.get(id)!;
      if (now - since < graceMs) continue;
      const port = this.#state.ports.get(id);
      if (port !== undefined) {
        if ((await net.link(port.link))?.peerNetnsid !== undefined) continue;
        await driver.deleteEndpoint({ NetworkID: port.networkId, EndpointID: id });
      } else if (network !== undefined && ![...this.#state.ports.values()].some(({ networkId }) => networkId === id)) {
        await driver.forgetNetwork(id, network);
      }
    }
    clearTimeout(this.#timer);
    if (unknown.length === 0 || this.#closed) return;
    this.#timer = setTimeout(() => this.#try('collect what Docker forgot', () => this.#collect()), graceMs + 50);
  }
}
