import type { ContainerSummary, DockerEvent, DockerNetwork, NetworkEndpoint } from '@linecard/docker';
import type { Link } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import { adoptedNetwork, adoptedPort } from './adopt.js';
import type { Attacher } from './attach.js';
import type { Firewall } from './firewall.js';
import { Garbage, type GarbageParts } from './garbage.js';
import { localLinks } from './names.js';
import { parseEndpointOptions } from './network-options.js';
import type { NetworkPlan } from './network-plan.js';
import type { Reconciler } from './reconciler.js';
import type { ContainerRef, Port } from './records.js';
import type { Network } from './state.js';

/** What identity works with. */
export interface IdentityParts extends GarbageParts {
  readonly reconciler: Reconciler;
  readonly attacher: Attacher;
  readonly firewall: Firewall;
  /** Starts what hangs on a port and dies with this process: held host ports, a DHCP client. */
  readonly revive: (port: Port) => void;
  /** Names under which Docker knows this driver. */
  readonly driverNames: readonly string[];
}

const firstRetryMs = 1000;
const longestRetryMs = 30_000;

/**
 * Learns from Docker, in the background, what its plugin protocol does not say: which container an endpoint belongs to,
 * names and labels, and what Docker has forgotten. The event of a connect comes between Join and the start of the
 * container's process, so that a container has its own OpenFlow port number before its first packet. Without Docker
 * everything works but for this.
 */
export class Identity {
  readonly #parts: IdentityParts;
  readonly #labels = new Map<string, Readonly<Record<string, string>>>();
  readonly #inspections = new Map<string, { again: boolean }>();
  readonly #garbage: Garbage;
  #resyncTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: IdentityParts) {
    this.#parts = parts;
    this.#garbage = new Garbage(parts);
  }

  /** Follows Docker from now on. */
  start(): void {
    const { watch } = this.#parts;
    watch.on('up', () => this.#resyncIn(0));
    watch.on('event', (event) => this.#try(`follow ${event.type} ${event.action}`, () => this.#onEvent(event)));
    watch.start();
  }

  close(): void {
    this.#closed = true;
    this.#garbage.close();
    clearTimeout(this.#resyncTimer);
    this.#parts.watch.close();
  }

  /** The labels of a container, as far as Docker has told. */
  labelsOf(containerId: string): Readonly<Record<string, string>> {
    return this.#labels.get(containerId) ?? {};
  }

  #try(what: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#closed) this.#parts.onError(what, error);
    });
  }

  async #onEvent(event: DockerEvent): Promise<void> {
    const { attacher, fabric } = this.#parts;
    const { state } = fabric.parts;
    const { id, attributes } = event;
    const what = `${event.type} ${event.action}`;
    if (what === 'network connect' && state.networks.has(id)) return this.#inspect(id);
    if (what === 'network create') return this.#learnName(id, attributes.name);
    if (what === 'network destroy' || what === 'network remove') return this.#garbage.collect();
    if (what === 'container start') return attacher.restore(id);
    if (what === 'container rename') return this.#rename(id, attributes.name);
    if (what === 'container destroy') return this.#forget(id);
  }

  async #learnName(id: string, name: string | undefined): Promise<void> {
    const network = this.#state.networks.get(id);
    if (network === undefined || name === undefined || network.name === name) return;
    this.#state.networks.set(id, { ...network, name });
    this.#parts.reconciler.schedule();
  }

  get #state() {
    return this.#parts.fabric.parts.state;
  }

  /** Asks a network for its endpoints; asked again while that is under way, once more afterwards. */
  async #inspect(id: string): Promise<void> {
    const running = this.#inspections.get(id);
    if (running !== undefined) {
      running.again = true;
      return;
    }
    const mine = { again: true };
    this.#inspections.set(id, mine);
    try {
      while (mine.again) {
        mine.again = false;
        await this.#learnEndpoints(await this.#parts.engine.network(id));
      }
    } finally {
      this.#inspections.delete(id);
    }
  }

  async #learnEndpoints(network: DockerNetwork): Promise<void> {
    await this.#learnName(network.id, network.name);
    const unknown = network.endpoints.filter(({ endpointId, containerId }) => {
      const port = this.#state.ports.get(endpointId);
      return port !== undefined && containerId !== undefined && port.container?.id !== containerId;
    });
    await Promise.all(
      unknown.map(({ endpointId, containerId, name }) => this.identify(endpointId, { id: containerId!, name })),
    );
    if (unknown.some(({ containerId }) => !this.#labels.has(containerId!))) await this.#learnLabels();
  }

  async #learnLabels(): Promise<void> {
    for (const { id, labels } of await this.#parts.engine.containers()) this.#labels.set(id, labels);
  }

  /**
   * Binds an endpoint to its container: its name goes into the row, and it takes the container's own OpenFlow port
   * number. An endpoint that nobody has identified yet makes way.
   */
  async identify(endpointId: string, container: ContainerRef): Promise<void> {
    const { fabric } = this.#parts;
    const port = this.#state.ports.get(endpointId);
    if (port === undefined) return;
    const seats = this.#state.seats(port.bridge);
    seats.rename(container.id, container.name); // what it was called when it was last plugged in
    const explicit = parseEndpointOptions(port.options)['ovs.port.number'];
    const wanted = explicit ?? seats.get(container.name)?.ofport ?? port.ofport;
    const holder = this.#state.portAt(port.bridge, wanted);
    const another = holder !== undefined && holder.id !== port.id;
    // A container has one endpoint on a network: an older one is what a Docker that was killed has left behind.
    const isOld = holder?.container?.id === container.id || holder?.container?.name === container.name;
    const held = (another && holder.container !== undefined && !isOld) || this.#isForeign(port, wanted);
    const ofport = this.#withoutOwner(port, container, held ? port.ofport : wanted);
    const name = this.#state.networks.get(port.networkId ?? '')?.name;
    const known: Port = { ...port, container, ofport, ...(name === undefined ? {} : { networkName: name }) };
    seats.take(container.name, ofport, container.id, ofport === explicit);
    this.#state.setPort(known);
    if (another && ofport === wanted) this.#state.setPort({ ...holder, ofport: fabric.freeNumber(port.bridge) });
    await fabric.parts.ovs.commit((edit) => {
      for (const id of another ? [holder.id, port.id] : [port.id]) fabric.editPort(edit, id);
      fabric.editMemory(edit, port.bridge);
    });
    fabric.parts.checkpoint('identified');
  }

  /** The number, or a free one when the seat belongs to another container that Docker has. */
  #withoutOwner(port: Port, container: ContainerRef, ofport: number): number {
    const owner = this.#state.seats(port.bridge).ownerOf(ofport);
    if (owner === undefined || owner === container.name) return ofport;
    const other = this.#parts.fabric.freeNumber(port.bridge);
    const why = `it belongs to container ${owner}, ${container.name} gets ${other}`;
    const error = new LinecardError('LC_CONFLICT', `OpenFlow port ${ofport} on ${port.bridge}: ${why}`);
    this.#parts.onError('give a container the number that it asked for', error);
    return other;
  }

  /** Whether an interface that is no container's has a number. */
  #isForeign(port: Port, ofport: number): boolean {
    const rows = this.#parts.fabric.parts.ovs.view.interfacesNumbered(port.bridge, ofport);
    return rows.some((row) => !localLinks.isHost(row.name));
  }

  /**
   * What is plugged in goes by the new name, and so does its seat. A container that is not leaves its seat under the
   * old name until it is plugged in again: to replace a container, Compose stops and renames it, and starts another one
   * under its name, which is to have its number.
   */
  async #rename(containerId: string, name: string | undefined): Promise<void> {
    if (name === undefined) return;
    const { fabric } = this.#parts;
    const touched = new Set<string>();
    const ports = [...this.#state.ports.values()].filter(({ container }) => container?.id === containerId);
    for (const port of ports) {
      this.#state.setPort({ ...port, container: { id: containerId, name } });
      touched.add(port.bridge);
    }
    for (const attachment of this.#state.attachments.values()) {
      if (attachment.container.id !== containerId) continue;
      this.#state.attachments.set(attachment.id, { ...attachment, container: { id: containerId, name } });
      touched.add(attachment.bridge);
    }
    for (const bridge of touched) this.#state.seats(bridge).rename(containerId, name);
    await fabric.parts.ovs.commit((edit) => {
      for (const { id } of ports) fabric.editPort(edit, id);
      for (const bridge of touched) fabric.editMemory(edit, bridge);
    });
  }

  /** A container was removed: its seats become free for others, and what was attached to it is not any more. */
  async #forget(containerId: string): Promise<void> {
    this.#labels.delete(containerId);
    await this.#keepOnly((id) => id !== containerId);
  }

  async #keepOnly(exists: (containerId: string) => boolean): Promise<void> {
    const { fabric } = this.#parts;
    for (const [id, { container }] of this.#state.attachments) {
      if (!exists(container.id)) this.#state.attachments.delete(id);
    }
    for (const [, seats] of this.#state.allSeats()) seats.vacate(exists);
    await fabric.parts.ovs.commit((edit) => {
      for (const [bridge] of this.#state.allSeats()) fabric.editMemory(edit, bridge);
    });
  }

  /** Lists everything after `delayMs`, and again until it has succeeded or Docker is away. */
  #resyncIn(delayMs: number): void {
    clearTimeout(this.#resyncTimer);
    this.#resyncTimer = setTimeout(() => {
      if (!this.#parts.watch.connected) return;
      this.#try('read the containers of Docker', async () => {
        try {
          await this.#resync();
        } catch (error) {
          if (!this.#closed) this.#resyncIn(Math.min(Math.max(delayMs * 2, firstRetryMs), longestRetryMs));
          throw error;
        }
      });
    }, delayMs);
  }

  /** Lists everything: after Docker has come (back), when events were missed. */
  async #resync(): Promise<void> {
    const { engine, attacher, reconciler, firewall } = this.#parts;
    await reconciler.whenReady(60_000);
    // A Docker that has just started has made its FORWARD chain, and may have flushed what was there.
    await firewall.sync(true);
    const networks = (await engine.networks()).filter(({ driver }) => this.#isOurs(driver));
    // One network that cannot be taken back (its bridge is somebody else's now) must not keep the others from it.
    for (const { id, name } of networks) {
      await this.#adopt(id).catch((error: unknown) => this.#parts.onError(`take network ${name} back`, error));
    }
    const containers = await engine.containers({ all: true });
    for (const { id, labels } of containers) this.#labels.set(id, labels);
    for (const container of containers) await this.#identifyAll(container);
    const ids = new Set(containers.map(({ id }) => id));
    await this.#keepOnly((id) => ids.has(id));
    await Promise.all(
      containers
        .filter(({ state }) => state === 'running')
        .map(({ id }) => attacher.restore(id).catch((error: unknown) => this.#parts.onError('attach again', error))),
    );
    await this.#garbage.collect();
  }

  async #identifyAll(container: ContainerSummary): Promise<void> {
    for (const { endpointId } of container.networks) {
      const port = this.#state.ports.get(endpointId ?? '');
      if (port === undefined || (port.container?.id === container.id && port.container.name === container.name))
        continue;
      await this.identify(port.id, { id: container.id, name: container.name });
    }
  }

  #isOurs(driver: string): boolean {
    return this.#parts.driverNames.includes(driver.replace(/:latest$/, ''));
  }

  /** Takes a network back that Docker has and OVSDB has lost, and the containers that are still wired to one. */
  async #adopt(id: string): Promise<void> {
    const { engine, reconciler } = this.#parts;
    const network = await engine.network(id);
    const known = this.#state.networks.get(id);
    if (known === undefined) {
      const adopted: Network = { plan: adoptedNetwork(network), name: network.name, since: performance.now() };
      this.#state.networks.set(id, adopted);
    } else await this.#learnName(id, network.name);
    const { plan } = this.#state.networks.get(id)!;
    const unknown = network.endpoints.filter(({ endpointId }) => !this.#state.ports.has(endpointId));
    const links = unknown.length === 0 ? new Map<string, Link>() : await this.#linksById();
    const found = await Promise.all(
      unknown.map((endpoint) => this.#adoptEndpoint(plan, network.name, endpoint, links.get(endpoint.endpointId))),
    );
    if (known !== undefined && !found.includes(true)) return;
    reconciler.schedule();
    await reconciler.idle();
  }

  /** The links of ours by the endpoints that they say they belong to. */
  async #linksById(): Promise<Map<string, Link>> {
    const links = await this.#parts.net.links();
    return new Map(links.filter(({ name }) => localLinks.isHost(name)).map((link) => [link.alias ?? '', link]));
  }

  /** Returns whether it has a link. */
  async #adoptEndpoint(
    plan: NetworkPlan,
    networkName: string,
    endpoint: NetworkEndpoint,
    link: Link | undefined,
  ): Promise<boolean> {
    const { engine, fabric, net, revive } = this.#parts;
    const { endpointId, containerId } = endpoint;
    if (link === undefined) return false;
    const container = containerId === undefined ? undefined : await engine.container(containerId);
    const isThere = (await net.link(link.index)) !== undefined;
    if (!isThere || this.#state.ports.has(endpointId)) return false;
    const adopted = { ...adoptedPort(plan, networkName, endpoint, container), link: link.name };
    const wanted = parseEndpointOptions(adopted.options)['ovs.port.number'];
    const isFree = wanted !== undefined && this.#state.portAt(plan.bridge, wanted) === undefined;
    const port = { ...adopted, ofport: isFree ? wanted : fabric.freeNumber(plan.bridge) };
    this.#state.setPort(port);
    revive(port);
    return true;
  }
}
