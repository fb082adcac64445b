import type { DockerEngine, DockerWatch, NetworkDriver } from '@linecard/docker';
import type { Netlink } from '@linecard/linux';
import type { LinecardError } from '@linecard/wire';
import type { Fabric } from './fabric.js';
import { localLinks } from './names.js';

/** What collecting works with. */
export interface GarbageParts {
  readonly engine: DockerEngine;
  readonly watch: DockerWatch;
  readonly net: Netlink;
  readonly fabric: Fabric;
  readonly driver: NetworkDriver;
  /** How long, in ms, what Docker does not know must stay unknown before it is removed. Docker repeats calls for 15 s. */
  readonly graceMs: number;
  readonly onError: (what: string, error: unknown) => void;
}

/** Finds endpoints, networks and links of ours that Docker has forgotten, and removes them. */
export class Garbage {
  readonly #parts: GarbageParts;
  /** When each was first found unknown to Docker, in ms of the monotonic clock. */
  readonly #suspects = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: GarbageParts) {
    this.#parts = parts;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  get #state() {
    return this.#parts.fabric.parts.state;
  }

  /**
   * Removes what Docker has forgotten: it was killed, or it removed things while nobody answered. Only what stays
   * unknown to Docker over the grace period goes, and never a port whose link is in a container.
   */
  async collect(): Promise<void> {
    const { watch } = this.#parts;
    clearTimeout(this.#timer);
    if (!watch.connected || this.#closed) return;
    const again = await this.#collectOnce().catch((error: unknown) => {
      this.#parts.onError('collect what Docker forgot', error);
      return true;
    });
    clearTimeout(this.#timer);
    if (!again || this.#closed) return;
    this.#timer = setTimeout(() => void this.collect(), this.#parts.graceMs + 50);
  }

  /** Returns whether something is left to be looked at again. */
  async #collectOnce(): Promise<boolean> {
    const { engine, net, graceMs, driver, fabric } = this.#parts;
    const { reaper } = fabric.parts;
    const known = await this.#knownToDocker(engine);
    const now = performance.now();
    const unknownPorts = [...this.#state.ports.values()].filter(
      ({ kind, id }) => kind === 'endpoint' && !known.endpoints.has(id),
    );
    const unknownNetworks = [...this.#state.networks.keys()].filter((id) => !known.networks.has(id));
    const unknownLinks = await this.#unknownLinks(known.endpoints);
    const unknown = new Set([...unknownPorts.map(({ id }) => id), ...unknownNetworks, ...unknownLinks]);
    for (const id of this.#suspects.keys()) if (!unknown.has(id)) this.#suspects.delete(id);
    for (const id of unknown) if (!this.#suspects.has(id)) this.#suspects.set(id, now);
    const ripe = (id: string) => now - (this.#suspects.get(id) ?? now) >= graceMs;
    for (const port of unknownPorts.filter(({ id }) => ripe(id))) {
      const link = await net.link(port.link);
      if (link?.peerNetnsid !== undefined) continue;
      await driver.deleteEndpoint({ NetworkID: port.networkId ?? '', EndpointID: port.id });
    }
    await reaper.remove(unknownLinks.filter(ripe));
    for (const id of unknownNetworks.filter(ripe)) {
      const bridge = this.#state.networks.get(id)?.plan.bridge ?? '';
      if (this.#state.portsOn(bridge).length === 0) await driver.deleteNetwork({ NetworkID: id });
    }
    return unknown.size > 0;
  }

  /**
   * Veth pairs of ours that neither the state nor Docker knows, though a container holds the other end: a detaching
   * process was killed, or an attachment's memory was lost with the database.
   */
  async #unknownLinks(endpoints: ReadonlySet<string>): Promise<string[]> {
    const links = await this.#parts.net.links();
    return links
      .filter(({ name, kind }) => kind === 'veth' && localLinks.isHost(name))
      .filter(({ alias, peerNetnsid }) => peerNetnsid !== undefined && !endpoints.has(alias ?? ''))
      .map(({ name }) => name)
      .filter((name) => this.#state.portOfInterface(name) === undefined);
  }

  async #knownToDocker(engine: DockerEngine): Promise<{ endpoints: Set<string>; networks: Set<string> }> {
    const [containers, networks] = await Promise.all([engine.containers(), engine.networks()]);
    const running = containers.flatMap((container) => container.networks.map(({ endpointId }) => endpointId ?? ''));
    // A container that is being started is not in that list yet, for as long as it takes; its networks know it by now.
    const known = new Set(running);
    const starting = networks.filter(({ id }) =>
      [...this.#state.ports.values()].some((port) => port.networkId === id && !known.has(port.id)),
    );
    const details = await Promise.allSettled(starting.map(({ id }) => engine.network(id)));
    for (const answer of details) {
      const gone = answer.status === 'rejected' && (answer.reason as LinecardError).code === 'LC_NOT_FOUND';
      if (answer.status === 'rejected' && !gone) throw answer.reason;
      const endpoints = answer.status === 'rejected' ? [] : answer.value.endpoints;
      for (const { endpointId, containerId } of endpoints) if (containerId !== undefined) known.add(endpointId);
    }
    return { endpoints: known, networks: new Set(networks.map(({ id }) => id)) };
  }
}
