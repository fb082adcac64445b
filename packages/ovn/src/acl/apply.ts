import { type NamedRef, Replica, type RowOf, type Uuid } from '@linecard/ovsdb';
import { LinecardError } from '@linecard/wire';
import type { Northbound, NorthboundTransaction } from '../northbound.js';
import { type NorthboundTables, northbound } from '../schema/northbound.js';
import { editGroupUnused, groupMark, policyKey } from './membership.js';
import type { AclPolicy } from './policy.js';
import { type AclRow, groupTitle, isNetworkGroup, networkGroup, policyRows } from './rows.js';

const columns = {
  ACL: ['direction', 'priority', 'match', 'action', 'log', 'severity', 'name', 'meter'],
  Port_Group: ['name', 'ports', 'acls', 'external_ids'],
  Meter: ['name'],
} as const;
type Columns = typeof columns;
type GroupRow = RowOf<NorthboundTables, Columns, 'Port_Group'>;

/** A difference between what is wanted and what the northbound database has. */
export interface AclDifference {
  readonly kind: 'add' | 'remove';
  /** `web-only`, or `network net`. */
  readonly group: string;
  /** Absent: the group itself. */
  readonly acl?: AclRow;
}

/** A port group of Linecard's with its ACLs. */
export interface AclGroup {
  /** `web-only`, or `network net`. */
  readonly group: string;
  /** The name of its Port_Group row. */
  readonly row: string;
  /** Whether an applied file names it; else only labels do. */
  readonly applied: boolean;
  /** How many logical ports are in it. */
  readonly ports: number;
  /** The one that decides first is first. */
  readonly acls: readonly AclRow[];
}

/** Packets a second that all hosts together may have logged for each ACL. */
const logRate = 100;
const meterName = 'linecard-acl';
const answerMs = 10_000;

const keyOf = (acl: AclRow) =>
  JSON.stringify([acl.direction, acl.priority, acl.match, acl.action, acl.name, acl.severity]);

/** The ACLs of a northbound database, and how to change them. */
export class AclTables {
  readonly #nb: Northbound;
  readonly #replica: Replica<NorthboundTables, Columns>;

  /** The database must be started by somebody else. */
  constructor(nb: Northbound) {
    this.#nb = nb;
    this.#replica = new Replica(nb.session, northbound, columns);
  }

  close(): void {
    this.#replica.close();
  }

  async #groups(): Promise<GroupRow[]> {
    await this.#replica.waitSynced(answerMs);
    return this.#current();
  }

  #current(): GroupRow[] {
    const rows = [...this.#replica.table('Port_Group').values()];
    return rows.filter(({ external_ids }) => external_ids.get('linecard') === groupMark);
  }

  /** All groups, sorted by name. */
  async list(): Promise<AclGroup[]> {
    const groups = (await this.#groups()).map((row) => ({
      group: groupTitle(row.name),
      row: row.name,
      applied: row.external_ids.has(policyKey),
      ports: row.ports.length,
      acls: this.#aclsOf(row).map(([, acl]) => acl),
    }));
    for (const { acls } of groups) acls.sort((a, b) => b.priority - a.priority || keyOf(a).localeCompare(keyOf(b)));
    return groups.sort((a, b) => a.group.localeCompare(b.group));
  }

  #aclsOf({ name, acls }: GroupRow): [Uuid, AclRow][] {
    return acls.flatMap((uuid): [Uuid, AclRow][] => {
      const row = this.#replica.table('ACL').get(uuid);
      if (row === undefined) return [];
      const { direction, priority, match, action, severity } = row;
      const texts = { direction, priority, match, action } as Pick<
        AclRow,
        'direction' | 'priority' | 'match' | 'action'
      >;
      const logged = row.log ? { severity: (severity ?? 'info') as NonNullable<AclRow['severity']> } : {};
      return [[uuid, { group: name, ...texts, ...(row.name === undefined ? {} : { name: row.name }), ...logged }]];
    });
  }

  /** Makes the database hold this policy and no other, or only tells what that would change. */
  async apply(policy: AclPolicy, options: { readonly dryRun: boolean }): Promise<AclDifference[]> {
    await this.#groups();
    const wanted = policyRows(policy);
    if (options.dryRun) return this.#edit(undefined, wanted);
    return this.#nb.write((tx) => this.#edit(tx, wanted), { what: 'apply ACLs' });
  }

  /** Removes the ACLs of some groups, or of all. Rejects with `LC_NOT_FOUND`, and removes nothing, when one has none. */
  async remove(groups: readonly string[] | undefined): Promise<AclDifference[]> {
    const applied = (await this.#groups()).filter(({ external_ids }) => external_ids.has(policyKey));
    const missing = groups?.find((group) => !applied.some(({ name }) => groupTitle(name) === group));
    if (missing !== undefined) {
      const hint = '`linecard ovn acl ls` shows them';
      throw new LinecardError('LC_NOT_FOUND', `no ACLs were applied to "${missing}"`, { hint });
    }
    return this.#nb.write((tx) => this.#edit(tx, this.#without(groups)), { what: 'remove ACLs' });
  }

  #without(groups: readonly string[] | undefined): Map<string, AclRow[]> {
    const applied = this.#current().filter(({ external_ids }) => external_ids.has(policyKey));
    const kept = applied.filter(({ name }) => groups !== undefined && !groups.includes(groupTitle(name)));
    return new Map(kept.map((row) => [row.name, this.#aclsOf(row).map(([, acl]) => acl)]));
  }

  /** Compares and, with a transaction, writes the difference. */
  #edit(tx: NorthboundTransaction | undefined, wanted: ReadonlyMap<string, readonly AclRow[]>): AclDifference[] {
    const differences: AclDifference[] = [];
    const present = new Map(this.#current().map((row) => [row.name, row]));
    for (const row of present.values()) {
      if (wanted.has(row.name) || !row.external_ids.has(policyKey)) continue;
      differences.push({ kind: 'remove', group: groupTitle(row.name) });
      if (tx !== undefined) this.#forget(tx, row);
    }
    for (const [name, acls] of wanted) differences.push(...this.#editGroup(tx, name, acls, present.get(name)));
    const logs = [...wanted.values()].some((acls) => acls.some(({ severity }) => severity !== undefined));
    if (tx !== undefined && logs) this.#keepMeter(tx);
    return differences;
  }

  #editGroup(
    tx: NorthboundTransaction | undefined,
    name: string,
    wanted: readonly AclRow[],
    row: GroupRow | undefined,
  ): AclDifference[] {
    const group = groupTitle(name);
    const present = row === undefined ? [] : this.#aclsOf(row);
    const presentKeys = new Set(present.map(([, acl]) => keyOf(acl)));
    const wantedKeys = new Set(wanted.map(keyOf));
    const added = [...new Map(wanted.map((acl) => [keyOf(acl), acl])).entries()].filter(
      ([key]) => !presentKeys.has(key),
    );
    const removed = present.filter(([, acl]) => !wantedKeys.has(keyOf(acl)));
    const isNew = row === undefined || !row.external_ids.has(policyKey);
    if (tx !== undefined && (isNew || added.length > 0 || removed.length > 0)) {
      const acls = added.map(([, acl]) => insertAcl(tx, acl));
      if (row === undefined) this.#insertGroup(tx, name, acls);
      else {
        // Somebody else may be applying another file.
        tx.wait('Port_Group', row._uuid, '==', [{ acls: row.acls }]);
        tx.mutate('Port_Group', row._uuid, [
          ['acls', 'delete', removed.map(([uuid]) => uuid)],
          ['acls', 'insert', acls],
        ]);
        if (isNew) tx.setKeys('Port_Group', row._uuid, 'external_ids', { [policyKey]: 'true' });
      }
    }
    return [
      ...(isNew ? [{ kind: 'add', group } as const] : []),
      ...removed.map(([, acl]) => ({ kind: 'remove', group, acl }) as const),
      ...added.map(([, acl]) => ({ kind: 'add', group, acl }) as const),
    ];
  }

  #insertGroup(tx: NorthboundTransaction, name: string, acls: readonly NamedRef[]): void {
    // Each host sees to its own ports as soon as it hears of the group; here none is left open until then.
    const ports = [...this.#nb.replica.table('Logical_Switch_Port').values()].filter(({ external_ids }) => {
      return external_ids.get('linecard') === 'endpoint' && networkGroup(external_ids.get('switch') ?? '') === name;
    });
    const external_ids = { linecard: groupMark, [policyKey]: 'true' };
    tx.insert('Port_Group', { name, acls, ports: ports.map(({ _uuid }) => _uuid), external_ids });
  }

  #forget(tx: NorthboundTransaction, row: GroupRow): void {
    if (isNetworkGroup(row.name)) return void tx.delete('Port_Group', row._uuid);
    tx.update('Port_Group', row._uuid, { acls: [], external_ids: { linecard: groupMark } });
    editGroupUnused(tx, row._uuid);
  }

  /** A host writes no more to its log than this lets through. */
  #keepMeter(tx: NorthboundTransaction): void {
    if ([...this.#replica.table('Meter').values()].some(({ name }) => name === meterName)) return;
    const band = tx.insert('Meter_Band', { action: 'drop', rate: logRate });
    const external_ids = { linecard: 'meter' };
    tx.insert('Meter', { name: meterName, unit: 'pktps', bands: [band], fair: true, external_ids });
  }
}

function insertAcl(tx: NorthboundTransaction, { group: _, severity, name, ...row }: AclRow): NamedRef {
  return tx.insert('ACL', {
    ...row,
    ...(name === undefined ? {} : { name }),
    ...(severity === undefined ? {} : { log: true, severity, meter: meterName }),
    external_ids: { linecard: 'acl' },
  });
}
