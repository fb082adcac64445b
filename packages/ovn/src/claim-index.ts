import type { Uuid } from '@linecard/ovsdb';
import { addressNumber, type Pool, poolSpan } from './address-range.js';
import { type Claim, claimIdentity, readClaim } from './claims.js';
import type { NameRow, Northbound } from './northbound.js';

/** What is known of one address space. */
interface Space {
  /** The row of each address that has one. */
  readonly rows: Map<bigint, Uuid>;
  /** Addresses that were released, the oldest first. */
  readonly released: Map<bigint, Uuid>;
  /** The gateway of each subnet. */
  readonly gateways: Map<string, string>;
  /** For each pool the lowest number that may be free: below it every address has a row. */
  readonly lowest: Map<string, bigint>;
}

/** The claims of the northbound database by space and address, always as new as the copy. */
export class ClaimIndex {
  /** Claims whose row has another identity than that of its address, as `ovsdb-client restore` leaves them. */
  readonly misplaced = new Set<Uuid>();
  readonly #spaces = new Map<string, Space>();
  readonly #northbound: Northbound;

  constructor(northbound: Northbound) {
    this.#northbound = northbound;
    for (const row of northbound.replica.table('DNS').values()) this.#update(undefined, row);
    northbound.replica.on('change', (changes) => {
      for (const change of changes) {
        if (change.table === 'DNS') this.#update(change.old as NameRow | undefined, change.new as NameRow | undefined);
      }
    });
  }

  /** The gateway that hosts have agreed on for a subnet. */
  gateway(space: string, subnet: string): string | undefined {
    return this.#spaces.get(space)?.gateways.get(subnet);
  }

  /** Addresses that were released, the oldest first. */
  *released(space: string): Generator<{ value: bigint; claim: Claim; row: NameRow }> {
    for (const [value, uuid] of this.#spaces.get(space)?.released ?? []) {
      const row = this.#northbound.nameRow(uuid);
      const claim = readClaim(row);
      if (row !== undefined && claim !== undefined) yield { value, claim, row };
    }
  }

  /**
   * The lowest address of a pool that has no row and is not `taken`, from the `skip`-th such address on; undefined when
   * there is none at all.
   */
  free(pool: Pool, taken: (value: bigint) => boolean, skip: number): bigint | undefined {
    const { first, last } = poolSpan(pool);
    const space = this.#space(pool.space);
    const key = `${first}-${last}`;
    let value = space.lowest.get(key) ?? first;
    while (value <= last && space.rows.has(value)) value++;
    space.lowest.set(key, value);
    let found: bigint | undefined;
    for (let left = skip; value <= last; value++) {
      if (space.rows.has(value) || taken(value)) continue;
      found = value;
      if (left-- === 0) break;
    }
    return found;
  }

  #space(name: string): Space {
    const known = this.#spaces.get(name);
    if (known !== undefined) return known;
    const made: Space = { rows: new Map(), released: new Map(), gateways: new Map(), lowest: new Map() };
    this.#spaces.set(name, made);
    return made;
  }

  #update(old: NameRow | undefined, row: NameRow | undefined): void {
    const before = readClaim(old);
    const after = readClaim(row);
    if (before !== undefined) this.#remove(before, old!._uuid, after);
    if (after !== undefined) this.#add(after, row!._uuid);
  }

  #remove(claim: Claim, uuid: Uuid, next: Claim | undefined): void {
    this.misplaced.delete(uuid);
    const space = this.#space(claim.space);
    const value = addressNumber(claim.address);
    // In an update that moves a claim to its own row, the new row may come before the end of the old one.
    if (space.rows.get(value) !== uuid) return;
    space.released.delete(value);
    if (claim.gatewayOf !== undefined && space.gateways.get(claim.gatewayOf) === claim.address) {
      space.gateways.delete(claim.gatewayOf);
    }
    if (next !== undefined) return;
    space.rows.delete(value);
    for (const [key, lowest] of space.lowest) if (value < lowest) space.lowest.set(key, bigger(key, value));
  }

  #add(claim: Claim, uuid: Uuid): void {
    const space = this.#space(claim.space);
    const value = addressNumber(claim.address);
    if (uuid !== claimIdentity(claim.space, claim.address)) {
      this.misplaced.add(uuid);
      if (space.rows.has(value)) return;
    }
    space.rows.set(value, uuid);
    space.released.delete(value);
    if (claim.kind === 'released') space.released.set(value, uuid);
    if (claim.kind === 'gateway' && claim.gatewayOf !== undefined) space.gateways.set(claim.gatewayOf, claim.address);
  }
}

/** A pool's search begins at its own first address, however low the address is that became free. */
function bigger(poolKey: string, value: bigint): bigint {
  const first = BigInt(poolKey.slice(0, poolKey.indexOf('-')));
  return value > first ? value : first;
}
