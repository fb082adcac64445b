import { LinecardError } from '@linecard/wire';
import type { MonitorUpdate } from './monitor.js';
import type { Uuid } from './schema.js';
import type { StoredChange, StoredRow, TableStore } from './table.js';

/**
 * Brings tables up to date with one update. What changed goes to `changes` as it happens, so that it is complete even
 * when a malformed row makes this throw (`LC_PROTOCOL`) midway.
 */
export function applyUpdate(
  tables: ReadonlyMap<string, TableStore>,
  update: MonitorUpdate,
  changes: StoredChange[],
): void {
  if (update.whole) removeMissing(tables, update.updates, changes);
  for (const [name, rows] of Object.entries(update.updates)) {
    const table = tables.get(name);
    if (!table) throw new LinecardError('LC_PROTOCOL', `an update of table ${name}, which was not asked for`);
    for (const [uuid, wire] of Object.entries(rows)) {
      const change = table.put(uuid as Uuid, readRow(table, uuid as Uuid, wire));
      if (change) changes.push(change);
    }
  }
}

function removeMissing(
  tables: ReadonlyMap<string, TableStore>,
  updates: MonitorUpdate['updates'],
  changes: StoredChange[],
): void {
  for (const table of tables.values()) {
    const present = updates[table.name] ?? {};
    for (const uuid of [...table.rows.keys()]) {
      if (!Object.hasOwn(present, uuid)) changes.push(table.put(uuid, undefined)!);
    }
  }
}

/** `<row-update2>` (ovsdb-server(7), 4.1.14) or `<row-update>` (RFC 7047, 4.1.6); undefined: the row is gone. */
function readRow(table: TableStore, uuid: Uuid, wire: unknown): StoredRow | undefined {
  if (typeof wire !== 'object' || wire === null) throw new LinecardError('LC_PROTOCOL', 'a row update is no object');
  const update = wire as Readonly<Record<string, unknown>>;
  if ('modify' in update) return table.modifiedRow(uuid, update.modify);
  const row = update.initial ?? update.insert ?? update.new;
  return row === undefined ? undefined : table.decodeRow(uuid, row);
}
