import {
  type Change,
  OvsdbError,
  OvsdbSession,
  Replica,
  type RowOf,
  type TlsFiles,
  Transaction,
  type Uuid,
} from '@linecard/ovsdb';
import { LinecardError } from '@linecard/wire';
import { type NorthboundTables, northbound } from './schema/northbound.js';
import { ServerWatch } from './server-watch.js';

/**
 * What is copied. Sets of references that grow with the network are left out: a port says itself to which switch it
 * belongs, and every host would otherwise be told of every change anywhere.
 */
const columns = {
  Logical_Switch: ['name', 'external_ids'],
  Logical_Switch_Port: ['name', 'type', 'addresses', 'options', 'external_ids'],
  Logical_Router: ['name', 'external_ids'],
  Logical_Router_Port: ['name', 'networks', 'external_ids'],
  Port_Group: ['name', 'external_ids'],
  DNS: ['records', 'external_ids'],
  Load_Balancer: ['vips', 'external_ids'],
  DHCP_Options: ['cidr', 'external_ids'],
} as const;

type Columns = typeof columns;
export type NorthboundReplica = Replica<NorthboundTables, Columns>;
export type NorthboundChange = Change<NorthboundTables, Columns>;
export type SwitchRow = RowOf<NorthboundTables, Columns, 'Logical_Switch'>;
export type SwitchPortRow = RowOf<NorthboundTables, Columns, 'Logical_Switch_Port'>;
export type RouterRow = RowOf<NorthboundTables, Columns, 'Logical_Router'>;
export type RouterPortRow = RowOf<NorthboundTables, Columns, 'Logical_Router_Port'>;
export type LoadBalancerRow = RowOf<NorthboundTables, Columns, 'Load_Balancer'>;
export type NameRow = RowOf<NorthboundTables, Columns, 'DNS'>;
export type PortGroupRow = RowOf<NorthboundTables, Columns, 'Port_Group'>;
export type NorthboundTransaction = Transaction<NorthboundTables>;

/** How one of OVN's databases is reached. */
export interface DatabaseOptions {
  /** `tcp:`, `ssl:` or `unix:` endpoints, separated by commas: all members of a cluster. */
  readonly endpoint: string;
  readonly tls?: TlsFiles;
}

/** Limits of one change. */
export interface WriteOptions {
  /** What the change is, for errors: `attach endpoint 0123`. */
  readonly what: string;
  /** How long all attempts together may take, in ms (10000). */
  readonly timeoutMs?: number;
}

/** A member that is switched off does not even refuse a connection: the next one is tried soon. */
export const reachability = { maxBackoffMs: 1000, connectTimeoutMs: 1000 } as const;

/** How long one attempt may take before another member is asked, in ms: an election takes one to two seconds. */
const attemptMs = 4000;
/** How often somebody else may come first before the change is given up. */
const mostConflicts = 50;

/** Errors of ovsdb-server that say that another client came first. */
const conflicts: ReadonlySet<string> = new Set(['timed out', 'duplicate uuid', 'constraint violation']);

/**
 * OVN's northbound database: a live copy of what concerns a host, and changes that survive elections. Every change is
 * written as a function of the copy, and names its rows so that the database refuses them twice.
 */
export class Northbound {
  readonly session: OvsdbSession;
  readonly replica: NorthboundReplica;
  readonly #watch: ServerWatch;
  readonly #switches;
  readonly #ports;
  readonly #routers;
  readonly #routerPorts;
  readonly #groups;
  readonly #names;
  #generation = 0;

  /** Does not connect yet. Throws `LC_INVALID` for an endpoint that cannot be read. */
  constructor(options: DatabaseOptions) {
    this.session = new OvsdbSession({ ...options, ...reachability });
    this.replica = new Replica(this.session, northbound, columns);
    this.#watch = new ServerWatch(this.session, northbound.name);
    this.#switches = this.replica.byColumn('Logical_Switch', 'name');
    this.#ports = this.replica.byColumn('Logical_Switch_Port', 'name');
    this.#routers = this.replica.byColumn('Logical_Router', 'name');
    this.#routerPorts = this.replica.byColumn('Logical_Router_Port', 'name');
    this.#groups = this.replica.byColumn('Port_Group', 'name');
    this.#names = this.replica.byKey('DNS', 'external_ids', 'name');
    this.replica.on('change', () => {
      this.#generation++;
    });
  }

  start(): void {
    this.session.start();
  }

  async close(): Promise<void> {
    this.#watch.close();
    this.replica.close();
    await this.session.close();
  }

  /** Whether the copy is up to date. */
  get ready(): boolean {
    return this.replica.synced;
  }

  /** Resolves when the copy is up to date; rejects with `LC_OVSDB_UNREACHABLE` after `timeoutMs`. */
  async whenReady(timeoutMs: number): Promise<void> {
    if (!this.ready) await this.#waitReady(timeoutMs, timeoutMs);
  }

  /** Waits for `leftMs` of the `patienceMs` that are told of in the error. */
  async #waitReady(leftMs: number, patienceMs: number): Promise<void> {
    try {
      await this.replica.waitSynced(leftMs);
    } catch (cause) {
      const reason = this.session.lastError?.message ?? (cause as Error).message;
      throw new LinecardError(
        'LC_OVSDB_UNREACHABLE',
        `OVN's northbound database did not answer on ${this.session.endpoint} within ${patienceMs / 1000} s: ${reason}`,
        {
          hint: 'is OVN central running? `ovs-vsctl get Open_vSwitch . external_ids:ovn-nb` says where it is looked for, `ovs-vsctl get-ssl` with which files',
          cause,
        },
      );
    }
  }

  /** The logical switch of this name. OVN itself does not keep names unique: Linecard does for its own. */
  switch(name: string): SwitchRow | undefined {
    return this.#switches.one(name);
  }

  port(name: string): SwitchPortRow | undefined {
    return this.#ports.one(name);
  }

  router(name: string): RouterRow | undefined {
    return this.#routers.one(name);
  }

  routerPort(name: string): RouterPortRow | undefined {
    return this.#routerPorts.one(name);
  }

  portGroup(name: string): PortGroupRow | undefined {
    return this.#groups.one(name);
  }

  /** A row of Load_Balancer by its identity. */
  loadBalancer(uuid: Uuid): LoadBalancerRow | undefined {
    return this.replica.table('Load_Balancer').get(uuid);
  }

  /** The row of DNS that answers for a name, written as `SWITCH/NAME`. */
  nameHolder(key: string): NameRow | undefined {
    return this.#names.one(key);
  }

  /** A row of DNS by its identity. */
  nameRow(uuid: Uuid): NameRow | undefined {
    return this.replica.table('DNS').get(uuid);
  }

  /**
   * Makes a change. `build` looks at the copy and writes what is missing; it runs again, on a newer copy, when another
   * client came first or when an attempt ended without an answer, and then sees whether that attempt had done it. An
   * empty transaction is success. Resolves with what the last `build` returned.
   *
   * Rejects with what `build` throws, `LC_OVSDB`, `LC_CONFLICT` when others always come first, `LC_TIMEOUT`, or
   * `LC_OVSDB_UNREACHABLE`.
   */
  async write<T>(build: (tx: NorthboundTransaction) => T, { what, timeoutMs = 10_000 }: WriteOptions): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (let lost = 0; ; ) {
      if (!this.ready) await this.#waitReady(Math.max(1, Math.ceil(deadline - performance.now())), timeoutMs);
      const tx = new Transaction(this.session, northbound);
      const result = build(tx);
      const generation = this.#generation;
      if (tx.size === 0) return result;
      try {
        await tx.commit(Math.max(1, Math.min(attemptMs, deadline - performance.now())));
        return result;
      } catch (error) {
        if (isConflict(error)) {
          if (++lost >= mostConflicts || performance.now() >= deadline) throw contended(what, error);
          await this.#newerThan(generation);
        } else {
          this.#retry(what, error, deadline);
        }
      }
    }
  }

  /** Passes errors on that another attempt would not mend. */
  #retry(what: string, error: unknown, deadline: number): void {
    const code = error instanceof LinecardError ? error.code : undefined;
    if (code !== 'LC_CLOSED' && code !== 'LC_TIMEOUT' && code !== 'LC_OVSDB_UNREACHABLE') throw error;
    if (performance.now() >= deadline) {
      const message = `could not ${what} in time: ${(error as Error).message}`;
      throw new LinecardError(code, message, {
        hint: 'has the cluster of OVN central lost its majority?',
        cause: error,
      });
    }
    // A member that takes a transaction and does not answer has no leader that it can reach.
    if (code === 'LC_TIMEOUT') this.session.reconnect(error as LinecardError);
  }

  /** Another client's change is on its way to the copy, unless it came already. */
  async #newerThan(generation: number): Promise<void> {
    const look = () => (this.#generation !== generation || !this.ready ? true : undefined);
    await this.replica.waitFor(look, { timeoutMs: 200, what: 'the change of another client' }).catch(() => undefined);
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof OvsdbError && conflicts.has(error.error);
}

function contended(what: string, cause: unknown): LinecardError {
  return new LinecardError('LC_CONFLICT', `could not ${what}: others always came first (${(cause as Error).message})`, {
    cause,
  });
}
