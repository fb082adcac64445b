import { isErrno, type Link } from '@linecard/linux';
import { appErrorKey, appOf, type SwitchChange, type SwitchEdit } from '@linecard/switch';
import type { Fabric } from './fabric.js';
import { loadState } from './load.js';
import { localLinks } from './names.js';
import { type Attempt, type KernelEvent, type LoopHooks, ReconcileLoop } from './reconcile-loop.js';
import type { Port } from './records.js';
import type { Network } from './state.js';

/** What the reconciler tells of its work. */
export interface ReconcilerHooks extends LoopHooks {
  /** A look is over; `repairs` counts what was not as wanted. */
  readonly onRun: (result: { readonly ms: number; readonly repairs: number }) => void;
  /** The container's end of a port is up. */
  readonly onCarrier: (portId: string) => void;
}

/**
 * Holds the world against the state and puts right what differs: after the start, after every reconnect to OVSDB, and
 * when a link, a row or an address that is ours goes away. It never asks Docker; who lives and who does not, the
 * kernel knows: an endpoint whose link died with its container's namespace is gone.
 */
export class Reconciler extends ReconcileLoop<ReconcilerHooks> {
  readonly #fabric: Fabric;

  constructor(fabric: Fabric, hooks: ReconcilerHooks) {
    super(fabric.parts, hooks);
    this.#fabric = fabric;
  }

  override start(): void {
    const { replica } = this.#fabric.parts.ovs.view;
    const onChange = (changes: readonly SwitchChange[]) => {
      if (this.isLoaded && changes.some((change) => this.#misses(change) || changesApp(change))) this.schedule();
    };
    replica.on('change', onChange);
    this.cleanups.push(() => void replica.off('change', onChange));
    super.start();
  }

  /** Resolves when OVSDB answers and the state was read from it. Rejects with `LC_OVSDB_UNREACHABLE`. */
  async whenReady(timeoutMs: number): Promise<void> {
    const { ovs } = this.#fabric.parts;
    if (this.isLoaded && ovs.ready) return;
    await ovs.whenReady(timeoutMs);
    this.#load();
  }

  #load(): void {
    const { ovs, state } = this.#fabric.parts;
    const report = (error: unknown) => this.hooks.onError('read the state from OVSDB', error);
    this.loadOnce(() => loadState(ovs.view, state, performance.now(), report));
  }

  protected override synced(): void {
    this.#load();
    super.synced();
  }

  /** Whether a row went away that is still wanted. */
  #misses(change: SwitchChange): boolean {
    const { state } = this.#fabric.parts;
    if ((change.table !== 'Bridge' && change.table !== 'Port') || change.new !== undefined) return false;
    const gone = change.old?.name ?? '';
    if (change.table === 'Bridge') return state.networkOf(gone) !== undefined || state.plainBridges.has(gone);
    if (localLinks.isHost(gone)) return state.portOfInterface(gone) !== undefined;
    return [...state.networks.values()].some(({ plan }) => plan.uplinks.some(({ name }) => name === gone));
  }

  /** Whether something in the kernel changed that the state has an opinion on. */
  protected concerns(event: KernelEvent): boolean {
    const { state } = this.#fabric.parts;
    if (event.kind === 'link') {
      const { name } = event.link;
      if (localLinks.isHost(name)) return this.#portChanged(event.change, event.link);
      const network = state.networkOf(name);
      // Made again by ovs-vswitchd, or set down: the gateway address went with it.
      if (network !== undefined) return network.plan.mode !== 'flat' && !event.link.flags.up && event.change === 'new';
      return event.link.kind === 'bridge' && event.change === 'new' && event.link.flags.up;
    }
    if (event.kind !== 'address' || event.change !== 'delete') return false;
    const { address } = event.address.cidr;
    return [...state.networks.values()].some(
      ({ plan }) => plan.mode !== 'flat' && plan.subnets.some(({ gateway }) => gateway?.address === address),
    );
  }

  #portChanged(change: 'new' | 'delete', link: Link): boolean {
    const port = this.#fabric.parts.state.portOfInterface(link.name);
    if (port !== undefined && change === 'new' && link.flags.lowerUp) {
      this.hooks.onCarrier(port.id);
      this.#label(port, link).catch((error: unknown) => this.hooks.onError(`label ${link.name}`, error));
    }
    return port !== undefined && change === 'delete';
  }

  /** Lets a link itself say whose it is: with the database lost, nothing else would. */
  async #label({ id }: Port, { index, alias }: Link): Promise<void> {
    if (alias === id) return;
    await this.#fabric.parts.net.setLink(index, { alias: id }).catch((error: unknown) => {
      if (!isErrno(error, 'ENODEV')) throw error;
    });
  }

  protected async look(attempt: Attempt): Promise<void> {
    const started = performance.now();
    const repairs = await this.#repair(attempt);
    this.hooks.onRun({ ms: performance.now() - started, repairs });
  }

  /** Returns how much was not as wanted. */
  async #repair(attempt: Attempt): Promise<number> {
    const { ovs, net, firewall, state } = this.#fabric.parts;
    if (!ovs.ready) return 0;
    // Only ports that were there before the kernel was asked: one made meanwhile may be missing from its answer.
    const before = [...state.ports.values()].filter(({ id }) => !this.underway.has(id));
    const links = new Map((await net.links()).map((link) => [link.name, link]));
    // One that is guarded since then is being made again, and one that was has another link.
    const isDead = ({ id, link }: Port) =>
      !links.has(link) && state.portOfInterface(link) !== undefined && !this.underway.has(id);
    let repairs = this.#forgetDead(before.filter(isDead));
    const rows = this.#rowCount();
    const networks = [...state.networks.values()];
    await Promise.all([
      this.#fabric.holdApps(attempt),
      ...networks.map((network) => this.#mendNetwork(network, attempt)),
    ]);
    await Promise.all(
      [...state.plainBridges.keys()].map((name) => attempt(`bridge ${name}`, () => this.#mendPlain(name))),
    );
    await Promise.all([...state.ports.values()].map((port) => this.#mendPort(port, links.get(port.link), attempt)));
    await attempt('stale rows', () =>
      ovs.commit((edit) => {
        for (const remove of this.#staleRows()) remove(edit);
      }),
    );
    repairs += Math.abs(this.#rowCount() - rows);
    for (const network of state.networks.values()) {
      await attempt(`gateway of ${network.plan.bridge}`, () => this.#fabric.makeGateway(network));
    }
    await attempt('firewall', () => firewall.sync());
    const isUsed = (name: string) => state.portOfInterface(name) !== undefined;
    repairs += await this.#fabric.links.removeOrphans(links.values(), isUsed);
    return repairs;
  }

  #rowCount(): number {
    return this.#fabric.parts.ovs.view.replica.table('Port').size;
  }

  /** A port whose link is gone has no container any more, whatever anybody remembers. */
  #forgetDead(dead: readonly Port[]): number {
    const { state, ovs, onPortGone } = this.#fabric.parts;
    for (const { id } of dead) {
      state.deletePort(id);
      onPortGone(id);
    }
    if (dead.length > 0) {
      const remove = ovs.commit((edit) => {
        for (const { link } of dead) edit.removePort(link);
      });
      // What could not be removed is a stale row to the next look.
      remove.catch(() => undefined);
    }
    return dead.length;
  }

  async #mendNetwork(network: Network, attempt: Attempt): Promise<void> {
    const { ovs } = this.#fabric.parts;
    const { plan } = network;
    // A living bridge keeps its datapath: changing it would tear every port out.
    const present = ovs.view.bridge(plan.bridge)?.datapath_type;
    const type =
      present === 'netdev' || present === 'system' ? present : await this.#fabric.datapathType(plan.userspace);
    this.#fabric.seatFixedPorts(network);
    await attempt(`network ${network.name ?? plan.id.slice(0, 12)}`, async () => {
      await ovs.commit((edit) => this.#fabric.editNetwork(edit, network, type));
    });
  }

  async #mendPlain(name: string): Promise<void> {
    const { state } = this.#fabric.parts;
    const used = [...state.attachments.values()].some(({ bridge }) => bridge === name);
    const present = this.#fabric.parts.ovs.view.bridge(name) !== undefined;
    if (!present && !used) state.deleteBridge(name);
    else await this.#fabric.makePlainBridge(name, state.plainBridges.get(name)!);
  }

  async #mendPort(port: Port, link: Link | undefined, attempt: Attempt): Promise<void> {
    if (this.underway.has(port.id)) return;
    await attempt(`port ${port.link}`, () => this.#fabric.savePort(port.id));
    if (link?.flags.lowerUp === true) await attempt(`label ${port.link}`, () => this.#label(port, link));
  }

  /** Rows that carry our mark and that the state does not know. */
  #staleRows() {
    const { ovs, state } = this.#fabric.parts;
    const ports = [...ovs.view.replica.table('Interface').values()].filter(({ name, external_ids }) => {
      const kind = external_ids.get('linecard');
      const ours = (kind === 'endpoint' || kind === 'attachment') && localLinks.isHost(name);
      return ours && state.portOfInterface(name) === undefined;
    });
    const bridges = [...ovs.view.bridges()].filter(({ external_ids }) => {
      const id = external_ids.get('linecard') === 'network' ? external_ids.get('network-id') : undefined;
      return id !== undefined && !state.networks.has(id);
    });
    return [
      ...ports.map(
        ({ name }) =>
          (edit: SwitchEdit) =>
            edit.removePort(name),
      ),
      ...bridges.map(
        ({ name }) =>
          (edit: SwitchEdit) =>
            edit.removeBridge(name),
      ),
    ];
  }
}

/** Whether a bridge, whosever it is, has got an embedded app or lost one, or one that failed is asked for again. */
function changesApp(change: SwitchChange): boolean {
  if (change.table !== 'Controller') return false;
  const [before, after] = [change.old, change.new].map((row) => row && appOf(row));
  const failed = (row = change.old) => row?.external_ids.has(appErrorKey) === true;
  return before !== after || (failed() && !failed(change.new));
}
