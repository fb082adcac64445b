import { contains, formatCidr, LinecardError, networkOf } from '@linecard/wire';
import { addressNumber, addressText, hostSpan, type Pool } from './address-range.js';
import { ClaimIndex } from './claim-index.js';
import { type Claim, claimIdentity, claimIds, readClaim } from './claims.js';
import type { NameRow, Northbound, NorthboundTransaction } from './northbound.js';
import { settleClaims } from './settle-claims.js';

/** Settings of {@link Addresses}. */
export interface AddressOptions {
  /** The name of this host's chassis. */
  readonly host: string;
  /** How long, in ms, a released address is not given to somebody else. */
  readonly quarantineMs: number;
  /** ms since 1970. */
  readonly now?: () => number;
}

/** How a host uses an address that all hosts share. */
export interface SharedUse {
  readonly kind: 'gateway' | 'reserved';
  /** The network or pool that uses it; asking twice for one is asking once. */
  readonly by: string;
}

/** How many addresses whose time is over one allocation makes free. */
const swept = 16;

/**
 * Gives out addresses that no other host has: each is a row of the northbound database whose identity is made of the
 * address, inserted by a transaction that the database refuses when the row is there.
 */
export class Addresses {
  readonly #northbound: Northbound;
  readonly #index: ClaimIndex;
  readonly #options: AddressOptions;
  readonly #pending: Set<string>;

  constructor(northbound: Northbound, options: AddressOptions, shared?: Addresses) {
    this.#northbound = northbound;
    this.#options = options;
    this.#index = shared === undefined ? new ClaimIndex(northbound) : shared.#index;
    this.#pending = shared === undefined ? new Set() : shared.#pending;
  }

  /** The same addresses, taken in another name than this host's. */
  inNameOf(host: string): Addresses {
    return new Addresses(this.#northbound, { ...this.#options, host }, this);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  /** The claim on an address, if anybody has one. */
  claim(space: string, address: string): Claim | undefined {
    return readClaim(this.#northbound.nameRow(claimIdentity(space, address)));
  }

  /**
   * Gives every claim the row whose identity is made of its address, before anything takes one: `ovsdb-client restore`
   * gives all rows new ones, and the database would not refuse a second claim. Does nothing when all is in order.
   */
  settle(): Promise<void> {
    return settleClaims(this.#northbound, this.#index);
  }

  /**
   * Takes an address for an endpoint of this host: the one that is `wanted`, or the lowest of the pool that is free, but
   * for `others`. Rejects with `LC_CONFLICT` when it belongs to somebody or the pool is exhausted, `LC_INVALID` when it
   * is not one of the subnet.
   */
  async allocate(pool: Pool, wanted?: string, others: readonly string[] = []): Promise<string> {
    await this.settle();
    if (wanted !== undefined) this.#refuseWanted(pool, wanted);
    let chosen: string | undefined;
    let attempt = 0;
    const choose = (tx: NorthboundTransaction): string => {
      if (chosen !== undefined) {
        // An attempt without an answer may have done it; while it is marked, nobody else here can have taken it.
        const known = this.claim(pool.space, chosen);
        if (known?.kind === 'endpoint' && known.host === this.#options.host) return chosen;
        // Refused, and nobody is seen to have it: the copy is behind, and the one who has it may be this host.
        if (known !== undefined) this.#unmark(pool.space, chosen);
      }
      if (chosen === undefined || !this.#pending.has(pendingKey(pool.space, chosen))) {
        chosen = wanted ?? this.#choose(pool, attempt++, others);
        this.#pending.add(pendingKey(pool.space, chosen));
      }
      this.#sweep(tx, pool.space, chosen);
      this.take(tx, { space: pool.space, address: chosen, fresh: true });
      return chosen;
    };
    try {
      return await this.#northbound.write(choose, { what: `allocate an address of ${formatCidr(pool.subnet)}` });
    } finally {
      this.#unmark(pool.space, chosen);
    }
  }

  /** The address that is wanted, or the lowest free one but for `others`. Throws as {@link allocate} rejects. */
  wantedOrFree(pool: Pool, wanted: string | undefined, others: readonly string[]): string {
    if (wanted === undefined) return this.#choose(pool, 0, others);
    this.#refuseWanted(pool, wanted);
    return wanted;
  }

  #refuseWanted(pool: Pool, address: string): void {
    refuseOutside(pool, address);
    if (!this.#pending.has(pendingKey(pool.space, address))) return;
    throw new LinecardError('LC_CONFLICT', `address ${address} is being given to another endpoint of this host`);
  }

  #unmark(space: string, address: string | undefined): void {
    if (address !== undefined) this.#pending.delete(pendingKey(space, address));
  }

  /** The lowest free address; somewhere among the next free ones after others were faster twice. */
  #choose(pool: Pool, attempt: number, others: readonly string[]): string {
    const family = pool.subnet.family;
    const isTaken = (address: string) => this.#pending.has(pendingKey(pool.space, address)) || others.includes(address);
    const skip = attempt < 2 ? 0 : Math.floor(Math.random() * Math.min(1024, 16 << attempt));
    const free = this.#index.free(pool, (value) => isTaken(addressText(value, family)), skip);
    if (free !== undefined) return addressText(free, family);
    for (const { claim } of this.#index.released(pool.space)) {
      if (contains(pool.range ?? pool.subnet, claim.address) && !isTaken(claim.address)) return claim.address;
    }
    const where = formatCidr(pool.range ?? pool.subnet);
    throw new LinecardError('LC_CONFLICT', `every address of ${where} is in use`, {
      hint: '`linecard ovn gc` collects those of hosts that are gone; or take a larger subnet',
    });
  }

  /**
   * Writes into a change that this host has an address, or a machine. What it has already, and what was
   * released, may be taken; with `fresh` not what this host has. Throws `LC_CONFLICT`.
   */
  take(tx: NorthboundTransaction, want: { space: string; address: string; fresh?: boolean; machine?: string }): void {
    const { space, address } = want;
    const row = this.#northbound.nameRow(claimIdentity(space, address));
    const known = readClaim(row);
    const { host } = this.#options;
    const isHosts = known?.kind === 'endpoint' && known.host === host;
    const mine = want.machine === undefined ? isHosts : known?.machine === want.machine;
    if (mine && want.fresh !== true) return;
    if (known !== undefined && known.kind !== 'released') throw this.#belongs(address, known, row?.external_ids);
    const holder = want.machine === undefined ? { kind: 'endpoint' as const, host } : machineHolder(want.machine);
    const claim: Claim = { space, address, ...holder, since: this.#now(), users: [] };
    editClaim(tx, claim, row);
  }

  #belongs(address: string, claim: Claim, ids: ReadonlyMap<string, string> | undefined): LinecardError {
    const who =
      claim.machine ??
      ids?.get('container-name') ??
      (claim.kind === 'endpoint' ? 'an endpoint' : `a ${claim.kind} address`);
    const where = claim.host === undefined ? '' : ` on host ${claim.host}`;
    return new LinecardError('LC_CONFLICT', `address ${address} belongs to ${who}${where}`, {
      hint: 'addresses that are unique over all hosts come with --ipam-driver openvswitch',
    });
  }

  /**
   * Takes an address that all hosts share: a gateway, or one that is reserved. Without `wanted` it is the gateway that
   * other hosts have taken for this subnet, else the subnet's first address. Rejects with `LC_CONFLICT`.
   */
  async share(pool: Pool, use: SharedUse, wanted?: string): Promise<string> {
    if (wanted !== undefined) refuseOutside(pool, wanted);
    await this.settle();
    const choose = (tx: NorthboundTransaction): string => {
      const address = wanted ?? this.gatewayOf(pool);
      this.editShare(tx, pool, address, use);
      return address;
    };
    return this.#northbound.write(choose, { what: `share an address of ${formatCidr(pool.subnet)}` });
  }

  /** The gateway that hosts have agreed on for a pool's subnet; its first address when there is none yet. */
  gatewayOf({ space, subnet }: Pool): string {
    const first = addressText(hostSpan(subnet).first, subnet.family);
    return this.#index.gateway(space, formatCidr(networkOf(subnet))) ?? first;
  }

  /** Writes into a change that this host uses a shared address, unless that is known. Throws `LC_CONFLICT`. */
  editShare(tx: NorthboundTransaction, pool: Pool, address: string, { kind, by }: SharedUse): void {
    const { host } = this.#options;
    const row = this.#northbound.nameRow(claimIdentity(pool.space, address));
    const known = readClaim(row);
    if (known?.users.some((user) => user.host === host && user.by === by)) return;
    if (known?.kind === 'endpoint' || known?.kind === 'machine') {
      throw this.#belongs(address, known, row?.external_ids);
    }
    const since = this.#now();
    const others = known?.kind === 'released' ? [] : (known?.users ?? []);
    const claim: Claim = {
      ...{ space: pool.space, address, kind, since, users: [...others, { host, by, since }] },
      ...(kind === 'gateway' ? { gatewayOf: formatCidr(networkOf(pool.subnet)) } : {}),
    };
    editClaim(tx, claim, row);
  }

  /**
   * Gives an address of this host back: a shared one as far as it is used `by` a network or pool, or at all. Nothing
   * happens when this host does not have it.
   */
  async release(space: string, address: string, by?: string): Promise<void> {
    await this.settle();
    const { host } = this.#options;
    await this.#northbound.write((tx) => this.editRelease(tx, space, address, host, by), {
      what: `release ${address}`,
    });
  }

  /** Gives back what a pool or network of this host shares with other hosts. */
  async releaseShared(by: string): Promise<void> {
    await this.settle();
    const { host } = this.#options;
    await this.#northbound.write((tx) => this.editReleaseShared(tx, host, by), { what: `release addresses of ${by}` });
  }

  /** Writes into a change that a network or pool, of a host that may be gone, uses no shared address any more. */
  editReleaseShared(tx: NorthboundTransaction, host: string, by: string): void {
    for (const { space, address, users } of this.claimsOf(host)) {
      if (users.some((user) => user.host === host && user.by === by)) this.editRelease(tx, space, address, host, by);
    }
  }

  /**
   * Writes a release into a change: of this host's address, or that of another host, which is gone, or of a machine by
   * its name. A shared address ends for the one use, or without `by` for all of the host.
   */
  editRelease(tx: NorthboundTransaction, space: string, address: string, holder: string, by?: string): void {
    const uuid = claimIdentity(space, address);
    const row = this.#northbound.nameRow(uuid);
    const known = readClaim(row);
    if (row === undefined || known === undefined || known.kind === 'released') return;
    if (known.kind === 'endpoint' || known.kind === 'machine') {
      if ((known.machine ?? known.host) !== holder) return;
      const claim: Claim = { space, address, kind: 'released', host: holder, since: this.#now(), users: [] };
      editClaim(tx, claim, row);
      return;
    }
    const users = known.users.filter((user) => user.host !== holder || (by !== undefined && user.by !== by));
    if (users.length === known.users.length) return;
    tx.wait('DNS', uuid, '==', [{ external_ids: row.external_ids }]);
    if (users.length === 0) tx.delete('DNS', uuid);
    else tx.update('DNS', uuid, { external_ids: claimIds({ ...known, users }) });
  }

  /** Every claim in which a host has a part. */
  *claimsOf(host: string): Generator<Claim> {
    for (const row of this.#northbound.replica.table('DNS').values()) {
      const claim = readClaim(row);
      if (claim === undefined || claim.kind === 'released') continue;
      if (claim.host === host || claim.users.some((user) => user.host === host)) yield claim;
    }
  }

  /**
   * Frees what this host has claimed over `ageMs` ago and does not use: `isUsed` is asked of each address, and of a
   * shared one for each use (`by`). Resolves with the addresses.
   */
  async releaseUnused(isUsed: (claim: Claim, by?: string) => boolean, ageMs: number): Promise<string[]> {
    const { host } = this.#options;
    const before = this.#now() - ageMs;
    const unused: { space: string; address: string; by?: string }[] = [];
    for (const claim of this.claimsOf(host)) {
      const { kind, space, address, since, users } = claim;
      if (kind === 'endpoint') {
        const young = since > before || this.#pending.has(pendingKey(space, address));
        if (!young && !isUsed(claim)) unused.push({ space, address });
      }
      for (const { host: user, by, since: taken } of users) {
        if (user === host && taken <= before && !isUsed(claim, by)) unused.push({ space, address, by });
      }
    }
    for (const { space, address, by } of unused) await this.release(space, address, by);
    return [...new Set(unused.map(({ address }) => address))];
  }

  /** Removes rows of addresses that were released long enough ago. */
  #sweep(tx: NorthboundTransaction, space: string, but: string): void {
    const before = this.#now() - this.#options.quarantineMs;
    let left = swept;
    for (const { claim, row } of this.#index.released(space)) {
      if (claim.since > before || left-- === 0) return;
      if (claim.address === but) continue;
      tx.delete('DNS', [
        ['_uuid', '==', row._uuid],
        ['external_ids', '==', row.external_ids],
      ]);
    }
  }
}

/** Writes a claim into the row of its address, where no name is known any more, unless somebody changes it now. */
function editClaim(tx: NorthboundTransaction, claim: Claim, row: NameRow | undefined): void {
  const uuid = claimIdentity(claim.space, claim.address);
  if (row === undefined) {
    tx.insert('DNS', { external_ids: claimIds(claim) }, uuid);
    return;
  }
  tx.wait('DNS', uuid, '==', [{ external_ids: row.external_ids }]);
  tx.update('DNS', uuid, { external_ids: claimIds(claim), records: {} });
}

function machineHolder(machine: string): Pick<Claim, 'kind' | 'machine'> {
  return { kind: 'machine', machine };
}

function pendingKey(space: string, address: string): string {
  return `${space} ${address}`;
}

function refuseOutside({ subnet }: Pool, address: string): void {
  const { first, last } = hostSpan(subnet);
  const value = contains(subnet, address) ? addressNumber(address) : -1n;
  if (value >= first && value <= last) return;
  throw new LinecardError('LC_INVALID', `${address} is not an address for a host of ${formatCidr(subnet)}`);
}
