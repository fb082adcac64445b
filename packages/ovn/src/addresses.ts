import { contains, formatCidr, LinecardError, networkOf } from '@linecard/wire';
import { addressNumber, addressText, hostSpan, type Pool } from './address-range.js';
import { ClaimIndex } from './claim-index.js';
import { type Claim, claimIdentity, claimIds, readClaim } from './claims.js';
import type { Northbound, NorthboundTransaction } from './northbound.js';
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
   * Takes an address for an endpoint of this host: the one that is `wanted`, or the lowest of the pool that is free.
   * Rejects with `LC_CONFLICT` when it belongs to somebody or the pool is exhausted, `LC_INVALID` when it is not one of
   * the subnet.
   */
  async allocate(pool: Pool, wanted?: string): Promise<string> {
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
        chosen = wanted ?? this.#choose(pool, attempt++);
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
  #choose(pool: Pool, attempt: number, others: readonly string[] = []): string {
    const family = pool.subnet.family;
    const taken = (value: bigint) => {
      const address = addressText(value, family);
      return this.#pending.has(pendingKey(pool.space, address)) || others.includes(address);
    };
    const skip = attempt < 2 ? 0 : Math.floor(Math.random() * Math.min(1024, 16 << attempt));
    const free = this.#index.free(pool, taken, skip);
    if (free !== undefined) return addressText(free, family);
    for (const { claim } of this.#index.released(pool.space)) {
      const within = contains(pool.range ?? pool.subnet, claim.address);
      if (within && !this.#pending.has(pendingKey(pool.space, claim.address))) return claim.address;
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
    const uuid = claimIdentity(space, address);
    const row = this.#northbound.nameRow(uuid);
    const known = readClaim(row);
    const { host } = this.#options;
    const isHosts = known?.kind === 'endpoint' && known.host === host;
    const mine = want.machine === undefined ? isHosts : known?.machine === want.machine;
    if (mine && want.fresh !== true) return;
    if (known !== undefined && known.kind !== 'released') throw this.#belongs(address, known, row?.external_ids);
    const holder = want.machine === undefined ? { kind: 'endpoint' as const, host } : machineHolder(want.machine);
    const claim: Claim = { space, address, ...holder, since: this.#now(), users: new Map() };
    if (row === undefined) {
      tx.insert('DNS', { external_ids: claimIds(claim) }, uuid);
      return;
    }
    tx.wait('DNS', uuid, '==', [{ external_ids: row.external_ids }]);
    tx.update('DNS', uuid, { external_ids: claimIds(claim), records: {} });
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
  async share(pool: Pool, kind: 'gateway' | 'reserved', wanted?: string): Promise<string> {
    if (wanted !== undefined) refuseOutside(pool, wanted);
    await this.settle();
    const { host } = this.#options;
    let written: Claim | undefined;
    const choose = (tx: NorthboundTransaction): string => {
      const address = wanted ?? this.gatewayOf(pool);
      const known = this.claim(pool.space, address);
      const done = known !== undefined && known.since === written?.since;
      if (done && known.users.get(host) === written?.users.get(host)) return address;
      written = this.#writeShared(tx, pool, kind, address);
      return address;
    };
    return this.#northbound.write(choose, { what: `share an address of ${formatCidr(pool.subnet)}` });
  }

  /** The gateway that hosts have agreed on for a pool's subnet; its first address when there is none yet. */
  gatewayOf({ space, subnet }: Pool): string {
    const first = addressText(hostSpan(subnet).first, subnet.family);
    return this.#index.gateway(space, formatCidr(networkOf(subnet))) ?? first;
  }

  /**
   * Writes into a change that this host uses a shared address, unless that is known: a database that was lost gets it
   * back. Throws `LC_CONFLICT`.
   */
  keepShared(tx: NorthboundTransaction, pool: Pool, kind: 'gateway' | 'reserved', address: string): void {
    if (this.claim(pool.space, address)?.users.has(this.#options.host)) return;
    this.#writeShared(tx, pool, kind, address);
  }

  #writeShared(tx: NorthboundTransaction, pool: Pool, kind: 'gateway' | 'reserved', address: string): Claim {
    const { host } = this.#options;
    const uuid = claimIdentity(pool.space, address);
    const row = this.#northbound.nameRow(uuid);
    const known = readClaim(row);
    if (known?.kind === 'endpoint' || known?.kind === 'machine') {
      throw this.#belongs(address, known, row?.external_ids);
    }
    const users = new Map(known?.kind === 'released' ? [] : known?.users);
    users.set(host, (users.get(host) ?? 0) + 1);
    const claim: Claim = {
      ...{ space: pool.space, address, kind, since: this.#now(), users },
      ...(kind === 'gateway' ? { gatewayOf: formatCidr(networkOf(pool.subnet)) } : {}),
    };
    if (row === undefined) tx.insert('DNS', { external_ids: claimIds(claim) }, uuid);
    else {
      tx.wait('DNS', uuid, '==', [{ external_ids: row.external_ids }]);
      tx.update('DNS', uuid, { external_ids: claimIds(claim), records: {} });
    }
    return claim;
  }

  /** Gives an address of this host back. Nothing happens when this host does not have it. */
  async release(space: string, address: string): Promise<void> {
    await this.settle();
    await this.#northbound.write((tx) => this.editRelease(tx, space, address), { what: `release ${address}` });
  }

  /** Writes a release into a change: of this host's address, a machine's, or that of another host, which is gone. */
  editRelease(tx: NorthboundTransaction, space: string, address: string, holder = this.#options.host): void {
    const uuid = claimIdentity(space, address);
    const row = this.#northbound.nameRow(uuid);
    const known = readClaim(row);
    if (row === undefined || known === undefined || known.kind === 'released') return;
    if (known.kind === 'endpoint' || known.kind === 'machine') {
      if ((known.machine ?? known.host) !== holder) return;
      const claim: Claim = { space, address, kind: 'released', host: holder, since: this.#now(), users: new Map() };
      tx.wait('DNS', uuid, '==', [{ external_ids: row.external_ids }]);
      tx.update('DNS', uuid, { external_ids: claimIds(claim), records: {} });
      return;
    }
    const count = known.users.get(holder);
    if (count === undefined) return;
    const others = new Map([...known.users].filter(([user]) => user !== holder));
    const users = count > 1 && holder === this.#options.host ? new Map([...others, [holder, count - 1]]) : others;
    tx.wait('DNS', uuid, '==', [{ external_ids: row.external_ids }]);
    if (users.size === 0) tx.delete('DNS', uuid);
    else tx.update('DNS', uuid, { external_ids: claimIds({ ...known, users }) });
  }

  /** Every claim in which a host has a part. */
  *claimsOf(host: string): Generator<Claim> {
    for (const row of this.#northbound.replica.table('DNS').values()) {
      const claim = readClaim(row);
      if (claim === undefined || claim.kind === 'released') continue;
      if (claim.host === host || claim.users.has(host)) yield claim;
    }
  }

  /**
   * Frees addresses of a pool that this host has claimed over `ageMs` ago and that are not `inUse`; resolves with them.
   */
  async releaseUnused(pool: Pool, inUse: ReadonlySet<string>, ageMs: number): Promise<string[]> {
    const before = this.#now() - ageMs;
    const unused: string[] = [];
    for (const { space, address, kind, since } of this.claimsOf(this.#options.host)) {
      if (kind !== 'endpoint' || space !== pool.space || since > before || inUse.has(address)) continue;
      if (contains(pool.subnet, address) && !this.#pending.has(pendingKey(space, address))) unused.push(address);
    }
    for (const address of unused) await this.release(pool.space, address);
    return unused;
  }

  /**
   * Lets go of addresses of a space that this host shares, as gateways or reserved ones, since over `ageMs`, and that are
   * not `inUse`: a backup of the database may bring them back. Resolves with them.
   */
  async releaseUnusedShared(space: string, inUse: (address: string) => boolean, ageMs: number): Promise<string[]> {
    const { host } = this.#options;
    const before = this.#now() - ageMs;
    const unused = [...this.claimsOf(host)].filter((claim) => {
      return claim.users.has(host) && claim.space === space && claim.since <= before && !inUse(claim.address);
    });
    for (const { address, users } of unused) {
      for (let count = users.get(host)!; count > 0; count--) await this.release(space, address);
    }
    return unused.map(({ address }) => address);
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
