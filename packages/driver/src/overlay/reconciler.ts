import { editEndpointGone, editNetworkGone, endpointsOf, networksOf } from '@linecard/ovn';
import type { Central } from './central.js';
import type { OverlayFabric } from './fabric.js';
import { overlayHostOf, overlayInterface } from './names.js';
import { portMark } from './records.js';

/** What the reconciler tells of its work. */
export interface OverlayHooks {
  readonly onError: (what: string, error: unknown) => void;
  /** An endpoint whose container is gone was removed. */
  readonly onPortGone: (id: string) => void;
  /** What the host remembers was read, once, before any request is served. */
  readonly onLoaded: () => void;
}

const firstRetryMs = 250;
const longestRetryMs = 30_000;

/**
 * Holds this host's interfaces, links and rows of the northbound database against what the host remembers, and puts
 * right what differs: after the start, after every reconnect to either database, and when a link of ours goes away. A
 * northbound database that was restored from an older backup gets back what it lacks, and loses what is no more.
 */
export class OverlayReconciler {
  readonly #fabric: OverlayFabric;
  readonly #hooks: OverlayHooks;
  readonly #guarded = new Set<string>();
  readonly #cleanups: (() => void)[] = [];
  #isLoaded = false;
  #running: Promise<void> | undefined;
  #dirty = false;
  #retryMs = firstRetryMs;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(fabric: OverlayFabric, hooks: OverlayHooks) {
    this.#fabric = fabric;
    this.#hooks = hooks;
  }

  /** Follows Open vSwitch and the kernel from now on. */
  start(): void {
    const { ovs, net, state } = this.#fabric.parts;
    const replica = ovs.view.replica;
    const onSynced = () => this.schedule();
    replica.on('synced', onSynced);
    this.#cleanups.push(
      () => void replica.off('synced', onSynced),
      net.watch((event) => {
        if (event.kind === 'overrun') return this.schedule();
        if (event.kind !== 'link' || event.change !== 'delete') return;
        const gone = [...state.ports.keys()].some((id) => overlayInterface(id) === event.link.name);
        if (gone) this.schedule();
      }),
    );
    if (replica.synced) onSynced();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const cleanup of this.#cleanups) cleanup();
    await this.#running;
  }

  /** Resolves when both databases answer and the host's memory was read. */
  async ready(timeoutMs: number): Promise<Central> {
    const central = await this.#fabric.parts.central.ready(timeoutMs);
    this.#load(central);
    return central;
  }

  /** Keeps what is being made or removed from being taken for stale. */
  async guarded<T>(id: string, work: () => Promise<T>): Promise<T> {
    this.#guarded.add(id);
    try {
      return await work();
    } finally {
      this.#guarded.delete(id);
    }
  }

  /** A logical port of this host has come up in the northbound database: one that a dead process had still sent is stale. */
  noticed(id: string): void {
    if (this.#isLoaded && !this.#fabric.parts.state.ports.has(id) && !this.#guarded.has(id)) this.schedule();
  }

  /** Resolves when the look that is under way is over. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Looks once more, now or right after the look under way. */
  schedule(): void {
    if (this.#closed) return;
    this.#dirty = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
    });
  }

  #load(central: Central): void {
    if (this.#isLoaded) return;
    const { state, ovs } = this.#fabric.parts;
    const report = (error: unknown) => this.#hooks.onError('read the networks over many hosts from OVSDB', error);
    state.load(ovs.view, central.settings.bridge, report);
    this.#isLoaded = true;
    this.#hooks.onLoaded();
  }

  async #loop(): Promise<void> {
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      const failures: [string, unknown][] = [];
      await this.#look((what, error) => failures.push([what, error])).catch((error: unknown) =>
        failures.push(['hold the networks over many hosts as they are wanted', error]),
      );
      for (const [what, error] of failures) if (!this.#closed) this.#hooks.onError(what, error);
      if (failures.length > 0) this.#later();
      else this.#retryMs = firstRetryMs;
    }
  }

  #later(): void {
    clearTimeout(this.#retry);
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.schedule(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  async #look(failed: (what: string, error: unknown) => void): Promise<void> {
    const { central: link, ovs, state } = this.#fabric.parts;
    // Without settings this host has no part in OVN; without an answer, the answer's coming leads here again.
    if (!ovs.ready || link.current === undefined || !link.current.nb.ready) return;
    const central = link.current;
    this.#load(central);
    const attempt = (what: string, work: () => Promise<unknown>) =>
      work().then(
        () => undefined,
        (error: unknown) => failed(what, error),
      );
    await this.#removeDead(central, attempt);
    const networks = [...state.networks.values()].filter(({ plan }) => !this.#guarded.has(plan.id));
    for (const network of networks) {
      if (!state.networks.has(network.plan.id) || this.#guarded.has(network.plan.id)) continue;
      const name = network.name ?? network.plan.id.slice(0, 12);
      await attempt(`hold network ${name}`, () => this.#fabric.makeNetwork(network, central));
    }
    const ports = [...state.ports.values()].filter(({ id }) => !this.#guarded.has(id));
    await Promise.all(
      ports.map((port) => attempt(`hold port ${port.id.slice(0, 12)}`, () => this.#mend(port.id, central))),
    );
    await attempt('remove stale rows', () => this.#removeStale(central));
    await attempt('remove ways out', () => this.#fabric.removeExits(central.settings));
    const exits = this.#fabric.exits(central.settings);
    await attempt('set the firewall', () => this.#fabric.firewall.sync(exits, true));
  }

  async #mend(id: string, central: Central): Promise<void> {
    const { state, ovs } = this.#fabric.parts;
    const port = state.ports.get(id);
    const network = state.networks.get(port?.networkId ?? '');
    if (port === undefined || network === undefined || this.#guarded.has(id)) return;
    const bridge = this.#fabric.bridge(central.settings);
    await ovs.commit((edit) => this.#fabric.editPort(edit, port, network, bridge));
    await this.#fabric.writePort(port, central);
  }

  /** A port whose link is gone has no container any more, whatever anybody remembers. */
  async #removeDead(central: Central, attempt: Attempt): Promise<void> {
    const { state, net } = this.#fabric.parts;
    const before = [...state.ports.keys()].filter((id) => !this.#guarded.has(id));
    const links = new Set((await net.links()).map(({ name }) => name));
    for (const id of before.filter((one) => !links.has(overlayInterface(one)))) {
      await attempt(`remove port ${id.slice(0, 12)}`, () => this.removePort(id, central));
    }
  }

  /** Removes an endpoint everywhere. Its addresses become free when nobody else manages them. */
  async removePort(id: string, { nb, addresses }: Central): Promise<void> {
    this.#fabric.parts.state.ports.delete(id);
    this.#hooks.onPortGone(id);
    const what = `remove logical port ${id.slice(0, 12)}`;
    await Promise.all([this.#fabric.unplug(id), nb.write((tx) => editEndpointGone(nb, tx, addresses, id), { what })]);
  }

  /** Removes what carries this host's mark and is not wanted: rows here and in the northbound database, and links. */
  async #removeStale(central: Central): Promise<void> {
    const { state, ovs, net, reaper } = this.#fabric.parts;
    const { nb, addresses, settings } = central;
    const wanted = (id: string) => state.ports.has(id) || this.#guarded.has(id);
    const rows = [...ovs.view.interfacesOf(settings.bridge)].filter(({ external_ids }) => {
      return external_ids.get('linecard') === portMark && !wanted(external_ids.get('endpoint-id') ?? '');
    });
    await ovs.commit((edit) => {
      for (const { name } of rows) edit.removePort(name);
    });
    const logical = [...endpointsOf(nb, settings.host)].filter(({ name }) => !wanted(name));
    for (const { name } of logical) {
      await nb.write((tx) => editEndpointGone(nb, tx, addresses, name), { what: `remove logical port ${name}` });
    }
    const networks = [...networksOf(nb, settings.host)].filter(
      ({ id }) => !state.networks.has(id) && !this.#guarded.has(id),
    );
    for (const network of networks) {
      const gone = { ...network, host: settings.host };
      await nb.write((tx) => editNetworkGone(nb, tx, gone), { what: `leave logical switch ${network.switch}` });
    }
    const links = await net.links();
    // Asked for after the links: whose link is among them was wanted before it.
    const hostNames = new Set([...state.ports.keys(), ...this.#guarded].map(overlayInterface));
    const orphans = links.filter(({ name, kind, peerNetnsid }) => {
      const host = overlayHostOf(name);
      return kind === 'veth' && host !== undefined && !hostNames.has(host) && peerNetnsid === undefined;
    });
    await reaper.remove([...new Set(orphans.map(({ name }) => overlayHostOf(name)!))]);
  }
}

type Attempt = (what: string, work: () => Promise<unknown>) => Promise<void>;
