import type { NetworkPlan } from './network-plan.js';
import type { Attachment, Port } from './records.js';
import { lowestFree, Seats } from './seats.js';

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
  readonly #onBridge = new Map<string, Set<string>>();

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
    this.ports.set(port.id, port);
    const ids = this.#onBridge.get(port.bridge);
    if (ids === undefined) this.#onBridge.set(port.bridge, new Set([port.id]));
    else ids.add(port.id);
  }

  deletePort(id: string): Port | undefined {
    const port = this.ports.get(id);
    if (port === undefined) return undefined;
    this.ports.delete(id);
    this.#onBridge.get(port.bridge)?.delete(id);
    return port;
  }

  /** The container ports of one bridge. */
  portsOn(bridge: string): Port[] {
    return [...(this.#onBridge.get(bridge) ?? [])].flatMap((id) => this.ports.get(id) ?? []);
  }

  /** The container port that has a number on a bridge. */
  portAt(bridge: string, ofport: number): Port | undefined {
    return this.portsOn(bridge).find((port) => port.ofport === ofport);
  }

  /** Everything of a bridge that is forgotten with it. */
  deleteBridge(bridge: string): void {
    for (const port of this.portsOn(bridge)) this.ports.delete(port.id);
    for (const [id, attachment] of this.attachments) if (attachment.bridge === bridge) this.attachments.delete(id);
    this.plainBridges.delete(bridge);
    this.#onBridge.delete(bridge);
    this.#seats.delete(bridge);
  }

  /** The lowest number of a bridge that no port, seat, attachment or foreign interface has. Throws `LC_CONFLICT`. */
  freeNumber(bridge: string, foreign: Iterable<number>): number {
    const attached = [...this.attachments.values()].filter((attachment) => attachment.bridge === bridge);
    return lowestFree(
      new Set([
        ...this.portsOn(bridge).map(({ ofport }) => ofport),
        ...this.seats(bridge).owned(),
        ...attached.map(({ ofport }) => ofport),
        ...foreign,
      ]),
    );
  }
}
