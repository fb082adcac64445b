import { randomUUID } from 'node:crypto';
import type { NamedRef, Uuid } from '@linecard/ovsdb';
import type { Northbound, NorthboundTransaction, PortGroupRow, SwitchPortRow } from '../northbound.js';
import { isNetworkGroup, labelGroup, networkGroup } from './rows.js';

/** The key by which a logical port remembers the port groups that it was put into. */
export const membershipKey = 'acl';
/** The key of port groups that a policy asks for, members or not. */
export const policyKey = 'policy';
export const groupMark = 'acl-group';

// A group that was removed and made again has lost its members: its identity tells.
const entry = (name: string, uuid: Uuid) => `${name}/${uuid.slice(0, 8)}`;
const entriesOf = (text: string | undefined) => (text ?? '').split(' ').filter((one) => one !== '');

/** A port group that a logical port is to be in; not there yet, or the row. */
interface Membership {
  readonly name: string;
  readonly uuid: Uuid;
  readonly row: PortGroupRow | undefined;
}

/** A port's place in port groups: what is to be remembered of it, and how to make it so once the port is there. */
export interface MembershipChange {
  /** For {@link membershipKey}; undefined: in none. */
  readonly text: string | undefined;
  apply(port: Uuid | NamedRef): void;
}

/**
 * Puts a logical port into the groups of its labels, which are made where they are missing, and into that of its
 * switch, where a policy has one.
 */
export function planMembership(
  nb: Northbound,
  tx: NorthboundTransaction,
  labels: readonly string[],
  switchName: string,
  port: SwitchPortRow | undefined,
): MembershipChange {
  const ofSwitch = networkGroup(switchName);
  const names = [...labels.map(labelGroup), ...(nb.portGroup(ofSwitch) === undefined ? [] : [ofSwitch])];
  const wanted = names.map((name): Membership => {
    const row = nb.portGroup(name);
    return { name, row, uuid: row?._uuid ?? (randomUUID() as Uuid) };
  });
  const had = entriesOf(port?.external_ids.get(membershipKey));
  const entries = wanted.map(({ name, uuid }) => entry(name, uuid));
  return {
    text: entries.length === 0 ? undefined : entries.join(' '),
    apply: (ref) => {
      for (const [i, one] of wanted.entries()) if (!had.includes(entries[i]!)) enter(tx, one, ref);
      if (port === undefined) return;
      for (const name of had.map((one) => one.split('/')[0]!).filter((one) => !names.includes(one))) {
        leave(nb, tx, name, port._uuid);
      }
    },
  };
}

function enter(tx: NorthboundTransaction, { name, uuid, row }: Membership, port: Uuid | NamedRef): void {
  if (row === undefined) {
    tx.insert('Port_Group', { name, ports: [port], external_ids: { linecard: groupMark } }, uuid);
    return;
  }
  tx.requireRow('Port_Group', uuid);
  tx.mutate('Port_Group', uuid, [['ports', 'insert', [port]]]);
}

/** Takes a port out of a group, and the group away when it has no other and no policy asks for it. */
function leave(nb: Northbound, tx: NorthboundTransaction, name: string, port: Uuid): void {
  const row = nb.portGroup(name);
  if (row === undefined) return;
  tx.mutate('Port_Group', row._uuid, [['ports', 'delete', [port]]]);
  if (isNetworkGroup(name) || row.external_ids.get('linecard') !== groupMark) return;
  editGroupUnused(tx, row._uuid);
}

/** Removes a port group that is empty at that point of the transaction and that no policy asks for. */
export function editGroupUnused(tx: NorthboundTransaction, group: Uuid): void {
  tx.delete('Port_Group', [
    ['_uuid', '==', group],
    ['ports', '==', []],
    ['external_ids', '==', { linecard: groupMark }],
  ]);
}

/** Takes a port that is going out of its groups; those that nobody else needs go too. */
export function editMembershipGone(nb: Northbound, tx: NorthboundTransaction, port: SwitchPortRow): void {
  for (const one of entriesOf(port.external_ids.get(membershipKey))) leave(nb, tx, one.split('/')[0]!, port._uuid);
}
