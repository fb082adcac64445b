import { editNetworkGone, endpointsOf, networksOf } from '@linecard/ovn';
import { type Attempt, type KernelEvent, type LoopHooks, ReconcileLoop } from '../reconcile-loop.js';
import type { Central } from './central.js';
import type { OverlayFabric } from './fabric.js';
import { portMark } from './records.js';

/** What the reconciler tells of its work. */
export interface OverlayHooks extends LoopHooks {
  /** An endpoint whose container is gone was removed. */
  readonly onPortGone: (id: string) => void;
}

/**
 * Holds this host's interfaces, links and rows of the northbound database against what the host remembers, and puts
 * right what differs: after the start, after every reconnect to either database, and when a link of ours goes away. A
 * northbound database that was restored from an older backup gets back what it lacks, and loses what is no more.
 */
export class OverlayReconciler extends ReconcileLoop<OverlayHooks> {
  readonly #fabric: OverlayFabric;

  constructor(fabric: OverlayFabric, hooks: OverlayHooks) {
    super(fabric.parts, hooks);
    this.#fabric = fabric;
  }

  protected concerns(event: KernelEvent): boolean {
    this.#fabric.tunnelMtu.noticed(event);
    if (event.kind !== 'link' || event.change !== 'delete') return false;
    return [...this.#fabric.parts.state.ports.values()].some(({ link }) => link === event.link.name);
  }

  /** Resolves when both databases answer and the host's memory was read. */
  async ready(timeoutMs: number): Promise<Central> {
    const central = await this.#fabric.parts.central.ready(timeoutMs);
    await central.addresses.settle();
    this.#load(central);
    return central;
  }

  /** A logical port or network of this host has come up: one that a dead process had sent, or a backup, is stale. */
  noticed(id: string): void {
    const { ports, networks } = this.#fabric.parts.state;
    if (this.isLoaded && !ports.has(id) && !networks.has(id) && !this.underway.has(id)) this.schedule();
  }

  #load(central: Central): void {
    const { state, ovs } = this.#fabric.parts;
    const report = (error: unknown) => this.hooks.onError('read the networks over many hosts from OVSDB', error);
    this.loadOnce(() => state.load(ovs.view, central.settings.bridge, report));
  }

  protected async look(attempt: Attempt): Promise<void> {
    const { central: link, ovs, state } = this.#fabric.parts;
    // Without settings this host has no part in OVN; without an answer, the answer's coming leads here again.
    if (!ovs.ready || link.current === undefined || !link.current.nb.ready) return;
    const central = link.current;
    this.#load(central);
    // What the kernel has told may have been lost.
    this.#fabric.tunnelMtu.forget();
    await central.addresses.settle();
    await this.#removeDead(central, attempt);
    const networks = [...state.networks.values()].filter(({ plan }) => !this.underway.has(plan.id));
    for (const network of networks) {
      if (!state.networks.has(network.plan.id) || this.underway.has(network.plan.id)) continue;
      const name = network.name ?? network.plan.id.slice(0, 12);
      await attempt(`hold network ${name}`, () => this.#fabric.makeNetwork(network, central));
    }
    const ports = [...state.ports.values()].filter(({ id }) => !this.underway.has(id));
    await Promise.all(
      ports.map((port) => attempt(`hold port ${port.id.slice(0, 12)}`, () => this.#mend(port.id, central))),
    );
    await attempt('remove stale rows', () => this.#removeStale(central));
    await attempt('remove ways out', () => this.#fabric.removeExits(central.settings));
    const exits = this.#fabric.exits(central.settings);
    await attempt('set the firewall', () => this.#fabric.firewall.sync(exits, true));
  }

  async #mend(id: string, central: Central): Promise<void> {
    if (this.underway.has(id)) return;
    await this.#fabric.savePort(id, central);
    await this.#fabric.writePort(id, central);
  }

  /** A port whose link is gone has no container any more, whatever anybody remembers. */
  async #removeDead(central: Central, attempt: Attempt): Promise<void> {
    const { state, net } = this.#fabric.parts;
    const before = [...state.ports.values()].filter(({ id }) => !this.underway.has(id));
    const links = new Set((await net.links()).map(({ name }) => name));
    for (const { id } of before.filter(({ link }) => !links.has(link))) {
      await attempt(`remove port ${id.slice(0, 12)}`, () => this.removePort(id, central));
    }
  }

  /** Removes an endpoint everywhere. Its addresses become free when nobody else manages them. */
  async removePort(id: string, central: Central): Promise<void> {
    const { ports } = this.#fabric.parts.state;
    const port = ports.get(id);
    ports.delete(id);
    this.hooks.onPortGone(id);
    const unplugged = port === undefined ? undefined : this.#fabric.unplug(port);
    await Promise.all([unplugged, this.#fabric.removePort(id, central)]);
  }

  /** Removes what carries this host's mark and is not wanted: rows here and in the northbound database, and links. */
  async #removeStale(central: Central): Promise<void> {
    const { state, ovs, net } = this.#fabric.parts;
    const { nb, addresses, settings } = central;
    const wanted = (id: string) => state.ports.has(id) || this.underway.has(id);
    const rows = [...ovs.view.interfacesOf(settings.bridge)].filter(({ external_ids }) => {
      return external_ids.get('linecard') === portMark && !wanted(external_ids.get('endpoint-id') ?? '');
    });
    await ovs.commit((edit) => {
      for (const { name } of rows) edit.removePort(name);
    });
    const logical = [...endpointsOf(nb, settings.host)].filter(({ name }) => !wanted(name));
    for (const { name } of logical) await this.#fabric.removePort(name, central);
    const networks = [...networksOf(nb, settings.host)].filter(
      ({ id }) => !state.networks.has(id) && !this.underway.has(id),
    );
    for (const network of networks) {
      const gone = { ...network, host: settings.host };
      await nb.write((tx) => editNetworkGone(nb, tx, addresses, gone), {
        what: `leave logical switch ${network.switch}`,
      });
    }
    const links = await net.links();
    const used = new Set([...state.ports.values()].map(({ link }) => link));
    await this.#fabric.links.removeOrphans(links, (name) => used.has(name));
  }
}
