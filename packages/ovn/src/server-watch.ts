import { type OvsdbSession, Replica, type Schema } from '@linecard/ovsdb';
import { LinecardError } from '@linecard/wire';

/** The part of the database `_Server` that tells of clusters (ovsdb-server(7), "Database _Server"). */
interface ServerTables {
  readonly Database: { readonly name: string; readonly connected: boolean; readonly leader: boolean };
}

const server: Schema<ServerTables> = {
  name: '_Server',
  version: '1.2.0',
  tables: { Database: { name: 'string', connected: 'boolean', leader: 'boolean' } },
};

/**
 * Leaves a member of a cluster that has lost its cluster: it would go on to answer what it knew, and let every
 * transaction wait for ever. The session then tries the next of its endpoints.
 */
export class ServerWatch {
  readonly #replica: Replica<ServerTables, { Database: readonly ['name', 'connected', 'leader'] }>;

  constructor(session: OvsdbSession, database: string) {
    this.#replica = new Replica(session, server, { Database: ['name', 'connected', 'leader'] });
    const look = () => {
      const rows = [...this.#replica.table('Database').values()];
      const row = rows.find(({ name }) => name === database);
      if (row?.connected !== false || !session.connected) return;
      const what = `this member of the cluster of ${database} has lost the others`;
      session.reconnect(new LinecardError('LC_CLOSED', what));
    };
    this.#replica.on('change', look).on('synced', look);
  }

  close(): void {
    this.#replica.close();
  }
}
