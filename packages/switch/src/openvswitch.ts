import { OvsdbSession, Transaction, vswitch } from '@linecard/ovsdb';
import { LinecardError } from '@linecard/wire';
import { SwitchEdit } from './edit.js';
import { SwitchView } from './view.js';

/** How to reach an Open vSwitch. */
export interface SwitchOptions {
  /** OVSDB endpoint, such as `unix:/run/openvswitch/db.sock`. */
  readonly endpoint: string;
}

type Build = (edit: SwitchEdit) => void;

interface Waiting {
  readonly build: Build;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One Open vSwitch: a live view of its database and the one way to change it. Changes that wait while a transaction is
 * under way go into the next one together, because ovs-vswitchd reconfigures the whole bridge once for each
 * transaction that it sees.
 */
export class OpenvSwitch {
  readonly session: OvsdbSession;
  readonly view: SwitchView;
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(options: SwitchOptions) {
    this.session = new OvsdbSession({ endpoint: options.endpoint });
    this.view = new SwitchView(this.session);
  }

  start(): void {
    this.session.start();
  }

  async close(): Promise<void> {
    this.view.replica.close();
    await this.session.close();
  }

  /** Whether the view is up to date. */
  get ready(): boolean {
    return this.view.replica.synced;
  }

  /** Resolves when the view is up to date; rejects with `LC_OVSDB_UNREACHABLE` after `timeoutMs`. */
  async whenReady(timeoutMs: number): Promise<void> {
    if (this.ready) return;
    try {
      await this.view.replica.waitSynced(timeoutMs);
    } catch (cause) {
      const reason = this.session.lastError?.message ?? 'no answer';
      throw new LinecardError(
        'LC_OVSDB_UNREACHABLE',
        `Open vSwitch did not answer on ${this.session.endpoint} within ${timeoutMs / 1000} s: ${reason}`,
        { hint: 'is openvswitch-switch running? `linecard doctor` tells', cause },
      );
    }
  }

  /**
   * Applies an edit in one transaction, together with others that wait. The view shows the result when this resolves.
   * Rejects with what `build` throws (only this edit is lost then), `LC_OVSDB`, `LC_CLOSED` or `LC_TIMEOUT`.
   */
  commit(build: Build): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ build, resolve, reject });
      if (!this.#busy) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#commitBatch(batch);
    }
    this.#busy = false;
  }

  async #commitBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#transact(batch.map(({ build }) => build));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      // One bad edit must not take its neighbours with it: alone, each gets the error that is its own.
      const [only] = batch;
      if (batch.length === 1) only!.reject(error);
      else for (const one of batch) await this.#commitBatch([one]);
    }
  }

  async #transact(builds: readonly Build[]): Promise<void> {
    const tx = new Transaction(this.session, vswitch);
    const edit = new SwitchEdit(tx, this.view);
    for (const build of builds) build(edit);
    if (tx.size > 0) await tx.commit();
  }

  /**
   * The OpenFlow port of an interface as ovs-vswitchd reports it. Rejects with `LC_OVS_PORT` when it could not make
   * the port, `LC_TIMEOUT` when it does not answer.
   */
  async ofport(name: string, timeoutMs: number): Promise<number> {
    const look = () => {
      const row = this.view.interface(name);
      if (row?.ofport !== undefined && row.ofport > 0) return row.ofport;
      if (row?.error) throw new LinecardError('LC_OVS_PORT', `Open vSwitch could not add port ${name}: ${row.error}`);
      return undefined;
    };
    try {
      return look() ?? (await this.view.replica.waitFor(look, { timeoutMs, what: `the OpenFlow port of ${name}` }));
    } catch (error) {
      if (!(error instanceof LinecardError) || error.code !== 'LC_TIMEOUT') throw error;
      throw new LinecardError(
        'LC_TIMEOUT',
        `Open vSwitch gave interface ${name} no port within ${timeoutMs / 1000} s`,
        {
          hint: 'is ovs-vswitchd running? `linecard doctor` tells',
          cause: error,
        },
      );
    }
  }

  /** Resolves when ovs-vswitchd has applied everything that was committed before (ovs-vswitchd.conf.db(5), `cur_cfg`). */
  async settled(timeoutMs: number): Promise<void> {
    const wanted = await this.#bumpConfig();
    const look = () => ((this.view.root()?.cur_cfg ?? 0) >= wanted ? true : undefined);
    await this.view.replica.waitFor(look, { timeoutMs, what: 'ovs-vswitchd to apply its configuration' });
  }

  async #bumpConfig(): Promise<number> {
    const root = this.view.root();
    if (root === undefined) throw new LinecardError('LC_OVSDB', 'the database of Open vSwitch is empty');
    const tx = new Transaction(this.session, vswitch);
    const next = tx.increment('Open_vSwitch', root._uuid, 'next_cfg');
    return (await tx.commit()).get(next);
  }
}
