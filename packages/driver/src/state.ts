import { LinecardError } from '@linecard/wire';
import { maxOfport } from './network-options.js';
import type { NetworkPlan } from './network-plan.js';
import type { Attachment, Port } from './records.js';
import { Seats } from './seats.js';

/** A network as it is wanted. */
export interface Network {
  readonly plan: NetworkPlan;
  /** Its name, once Docker has told. */
  readonly name?: string;
  /** When it was made or first seen by this process, in ms of the monotonic clock. */
  readonly since: number;
}

/** A bridge that belongs to no network. */
export interface PlainBridge {
  readonly controllers: readonly string[];
}

/**
 * All that is wanted of the switch: read from OVSDB at the start, changed by requests, and made true by the
 * reconciler. It holds no truth of its own beyond what stands in OVSDB, save while OVSDB is away or was emptied.
 */
export class State {
  readonly networks = new Map<string, Network>();
  readonly ports = new Map<string, Port>();
  readonly attachments = new Map<string, Attachment>();
  /** Bridges that `linecard attach` made. */
  readonly plainBridges = new Map<string, PlainBridge>();
  readonly #seats = new Map<string, Seats>();
  readonly #onBridge = new Map<string, BridgePorts>();
  readonly #byInterface = new Map<string, string>();

  /** Whether there is anything that a container may be plugged into. */
  get hasPorts(): boolean {
    return this.networks.size > 0 || this.plainBridges.size > 0 || this.attachments.size > 0;
  }

  /** The seats of a bridge. */
  seats(bridge: string): Seats {
    const seats = this.#seats.get(bridge) ?? new Seats();
    this.#seats.set(bridge, seats);
    return seats;
  }

  setSeats(bridge: string, seats: Seats): void {
    this.#seats.set(bridge, seats);
  }

  /** The bridges that somebody has a seat on, with their seats. */
  allSeats(): IterableIterator<[string, Seats]> {
    return this.#seats.entries();
  }

  /** The network whose bridge this is. */
  networkOf(bridge: string): Network | undefined {
    return [...this.networks.values()].find(({ plan }) => plan.bridge === bridge);
  }

  /** Adds or replaces a port. */
  setPort(port: Port): void {
    const old = this.ports.get(port.id);
    if (old !== undefined) this.#dropFromIndexes(old);
    this.ports.set(port.id, port);
    this.#byInterface.set(port.link, port.id);
    const { ids, byNumber } = this.#portsOf(port.bridge);
    ids.add(port.id);
    byNumber.set(port.ofport, port.id);
  }

  /** Changes what is known of a port by now, which may be more than before a wait; false when it is gone. */
  changePort(id: string, change: (now: Port) => Port): boolean {
    const port = this.ports.get(id);
    if (port !== undefined) this.setPort(change(port));
    return port !== undefined;
  }

  #portsOf(bridge: string): BridgePorts {
    const ports = this.#onBridge.get(bridge) ?? { ids: new Set(), byNumber: new Map(), taken: 0 };
    this.#onBridge.set(bridge, ports);
    return ports;
  }

  #dropFromIndexes(port: Port): void {
    this.#byInterface.delete(port.link);
    const ports = this.#portsOf(port.bridge);
    ports.ids.delete(port.id);
    // While two ports change their numbers the other one may stand there already.
    if (ports.byNumber.get(port.ofport) !== port.id) return;
    ports.byNumber.delete(port.ofport);
    ports.taken = Math.min(ports.taken, port.ofport - 1);
  }

  deletePort(id: string): Port | undefined {
    const port = this.ports.get(id);
    if (port === undefined) return undefined;
    this.ports.delete(id);
    this.#dropFromIndexes(port);
    return port;
  }

  /** The container ports of one bridge. */
  portsOn(bridge: string): Port[] {
    return [...(this.#onBridge.get(bridge)?.ids ?? [])].flatMap((id) => this.ports.get(id) ?? []);
  }

  /** The container port that has a number on a bridge. */
  portAt(bridge: string, ofport: number): Port | undefined {
    return this.ports.get(this.#onBridge.get(bridge)?.byNumber.get(ofport) ?? '');
  }

  /** The container port whose end on the host has a name. */
  portOfInterface(name: string): Port | undefined {
    return this.ports.get(this.#byInterface.get(name) ?? '');
  }

  /** Everything of a bridge that is forgotten with it. */
  deleteBridge(bridge: string): void {
    for (const port of this.portsOn(bridge)) this.deletePort(port.id);
    for (const [id, attachment] of this.attachments) if (attachment.bridge === bridge) this.attachments.delete(id);
    this.plainBridges.delete(bridge);
    this.#onBridge.delete(bridge);
    this.#seats.delete(bridge);
  }

  /** The lowest number of a bridge that no port, seat or attachment has and that is not foreign. Throws `LC_CONFLICT`. */
  freeNumber(bridge: string, isForeign: (ofport: number) => boolean): number {
    const attached = [...this.attachments.values()].filter((attachment) => attachment.bridge === bridge);
    const kept = new Set([...this.seats(bridge).owned(), ...attached.map(({ ofport }) => ofport)]);
    const ports = this.#portsOf(bridge);
    while (ports.byNumber.has(ports.taken + 1)) ports.taken++;
    for (let ofport = ports.taken + 1; ofport <= maxOfport; ofport++) {
      if (!ports.byNumber.has(ofport) && !kept.has(ofport) && !isForeign(ofport)) return ofport;
    }
    throw new LinecardError('LC_CONFLICT', `all ${maxOfport} OpenFlow port numbers of bridge ${bridge} are taken`);
  }
}

/** The ports of one bridge. */
interface BridgePorts {
  readonly ids: Set<string>;
  readonly byNumber: Map<number, string>;
  /** Ports have all numbers up to this one: who looks for a free one begins behind it. */
  taken: number;
}
