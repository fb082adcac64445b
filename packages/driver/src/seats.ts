import type { Seat } from './records.js';

/** Seats without a container that a bridge keeps at most, so that names that never return do not fill its row. */
const mostEmptySeats = 128;

// Stands where a container's ID would.
const host = 'host';

/**
 * The seats of one bridge: which OpenFlow port number belongs to which container name. A container keeps its seat as
 * long as Docker has it, running or not. When it is removed its seat stays empty, so that a container recreated under
 * the same name gets its number back, unless somebody needed it in the meantime.
 */
export class Seats {
  readonly #seats: Map<string, Seat>;

  constructor(seats: ReadonlyMap<string, Seat> = new Map()) {
    this.#seats = new Map(seats);
  }

  entries(): IterableIterator<[string, Seat]> {
    return this.#seats.entries();
  }

  get(name: string): Seat | undefined {
    return this.#seats.get(name);
  }

  /** The numbers of seats whose container Docker has. */
  *owned(): Generator<number> {
    for (const seat of this.#seats.values()) if (seat.containerId !== undefined) yield seat.ofport;
  }

  /** The name of the container that owns a number, attached or not. */
  ownerOf(ofport: number): string | undefined {
    for (const [name, seat] of this.#seats) if (seat.ofport === ofport && seat.containerId !== undefined) return name;
    return undefined;
  }

  /** Gives a number to a container; an empty seat of that number is given away. */
  take(name: string, ofport: number, containerId: string, chosen = false): void {
    for (const [other, seat] of this.#seats) if (other !== name && seat.ofport === ofport) this.#seats.delete(other);
    this.#seats.set(name, { ofport, containerId, ...(chosen ? { chosen } : {}) });
  }

  /** Puts the seats of a container under the name that it has now. */
  rename(containerId: string, name: string): void {
    for (const [old, seat] of [...this.#seats]) {
      if (seat.containerId !== containerId) continue;
      this.#seats.delete(old);
      // An attachment's seat is `container/interface`.
      this.#seats.set(old.replace(/^[^/]*/, name), seat);
    }
  }

  /** Gives a number to an interface of the host, which never leaves its seat. */
  takeForHost(name: string, ofport: number): void {
    this.take(name, ofport, host);
  }

  /** Containers that `exists` does not know leave their seats; of the empty ones the oldest go beyond a limit. */
  vacate(exists: (containerId: string) => boolean): void {
    for (const [name, seat] of this.#seats) {
      if (seat.containerId === undefined || seat.containerId === host || exists(seat.containerId)) continue;
      this.#seats.delete(name);
      this.#seats.set(name, { ofport: seat.ofport });
    }
    const empty = [...this.#seats].filter(([, seat]) => seat.containerId === undefined);
    for (const [name] of empty.slice(0, Math.max(0, empty.length - mostEmptySeats))) this.#seats.delete(name);
  }
}
