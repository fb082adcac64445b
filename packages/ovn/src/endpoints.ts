import type { Uuid } from '@linecard/ovsdb';
import { LinecardError } from '@linecard/wire';
import { editMembershipGone, membershipKey, planMembership } from './acl/membership.js';
import type { Addresses } from './addresses.js';
import { addressesOf } from './binding.js';
import { claimIdentity } from './claims.js';
import type { Northbound, NorthboundTransaction, SwitchPortRow } from './northbound.js';
import { type EndpointQos, editQos, editQosGone } from './qos.js';
import { editMemberGone } from './services.js';

/** Who is behind a logical port, for people. */
export interface PortOwner {
  readonly network?: string;
  readonly container?: { readonly id: string; readonly name: string };
}

/** A container's port on a logical switch. */
export interface LogicalEndpoint extends PortOwner {
  /** The name of the logical port. */
  readonly id: string;
  readonly switch: string;
  readonly host: string;
  readonly mac: string;
  /** Without prefix length. */
  readonly addresses: readonly string[];
  /** The address space in which the addresses are its own. */
  readonly space: string;
  /** The groups that its ACLs come from. */
  readonly groups?: readonly string[];
  /** How what it sends is limited and marked: from its beginning on. */
  readonly qos?: EndpointQos;
  /** The name of its interface on the host's integration bridge. */
  readonly interface: string;
  /** Its OpenFlow port there, once it has one. */
  readonly ofport?: number;
}

function portIds(endpoint: LogicalEndpoint, groups: string | undefined): Map<string, string | undefined> {
  const { network, container } = endpoint;
  return new Map<string, string | undefined>([
    ['linecard', 'endpoint'],
    ['host', endpoint.host],
    ['switch', endpoint.switch],
    ['space', endpoint.space],
    ['interface', endpoint.interface],
    [membershipKey, groups],
    ['qos', endpoint.qos === undefined ? undefined : 'true'],
    ...(endpoint.ofport === undefined ? [] : [['ofport', String(endpoint.ofport)] as const]),
    ...(network === undefined ? [] : [['network', network] as const]),
    ...(container === undefined
      ? []
      : ([
          ['container-id', container.id],
          ['container', container.name],
        ] as const)),
  ]);
}

/**
 * Makes an endpoint's logical port with its addresses, and gives it what it lacks. Returns the host whose container has
 * the name on this switch when that is another one: then nobody answers for this one's. Throws `LC_CONFLICT` when an
 * address is somebody else's, `LC_NOT_FOUND` without its switch.
 */
export function editEndpoint(
  nb: Northbound,
  tx: NorthboundTransaction,
  addresses: Addresses,
  endpoint: LogicalEndpoint,
): string | undefined {
  const owner = nb.switch(endpoint.switch);
  if (owner === undefined) throw new LinecardError('LC_NOT_FOUND', `there is no logical switch ${endpoint.switch}`);
  for (const address of endpoint.addresses) addresses.take(tx, { space: endpoint.space, address });
  const row = nb.port(endpoint.id);
  const membership = planMembership(nb, tx, endpoint.groups ?? [], endpoint.switch, row);
  const ids = portIds(endpoint, membership.text);
  if (row === undefined) {
    const binding = [endpoint.mac, ...endpoint.addresses].join(' ');
    tx.requireRow('Logical_Switch', owner._uuid);
    const inserted = tx.insert('Logical_Switch_Port', {
      name: endpoint.id,
      addresses: [binding],
      port_security: [binding],
      external_ids: new Map([...ids].filter((entry): entry is [string, string] => entry[1] !== undefined)),
    });
    tx.mutate('Logical_Switch', owner._uuid, [['ports', 'insert', [inserted]]]);
    membership.apply(inserted);
    if (endpoint.qos !== undefined) editQos(tx, owner._uuid, endpoint.id, endpoint.qos);
  } else if ([...ids].some(([key, value]) => row.external_ids.get(key) !== value)) {
    tx.setKeys('Logical_Switch_Port', row._uuid, 'external_ids', Object.fromEntries(ids));
    membership.apply(row._uuid);
  }
  const { container, addresses: own, space } = endpoint;
  if (container === undefined) return undefined;
  const holder = { name: container.name, addresses: own, space, switch: endpoint.switch };
  return editNames(nb, tx, holder, owner._uuid);
}

/**
 * Lets a switch answer for a name: the row of the first address has all addresses. Returns the host that has the name
 * there when it is another's: then nothing is written.
 */
export function editNames(
  nb: Northbound,
  tx: NorthboundTransaction,
  holder: {
    readonly name: string;
    readonly addresses: readonly string[];
    readonly space: string;
    readonly switch: string;
  },
  owner: Uuid,
): string | undefined {
  const { addresses, space } = holder;
  if (addresses[0] === undefined) return undefined;
  const uuid = claimIdentity(space, addresses[0]);
  const row = nb.nameRow(uuid);
  // OVN compares lower-case names.
  const name = holder.name.toLowerCase();
  const answer = addresses.join(' ');
  const key = `${holder.switch}/${name}`;
  const present = nb.nameHolder(key);
  if (present !== undefined && present._uuid !== uuid) return present.external_ids.get('host');
  if (row?.records.get(name) === answer && row.records.size === 1 && present !== undefined) return undefined;
  // Of two hosts at once the second one is refused, and then sees the first.
  tx.wait(
    'DNS',
    [
      ['external_ids', 'includes', { name: key }],
      ['_uuid', '!=', uuid],
    ],
    '==',
    [],
  );
  tx.update('DNS', uuid, { records: { [name]: answer } });
  tx.setKeys('DNS', uuid, 'external_ids', { 'container-name': holder.name, name: key });
  tx.mutate('Logical_Switch', owner, [['dns_records', 'insert', [uuid]]]);
  return undefined;
}

/** Removes a logical port and gives its addresses back. */
export function editEndpointGone(
  nb: Northbound,
  tx: NorthboundTransaction,
  addresses: Addresses,
  id: string,
  keepAddresses = false,
): void {
  const row = nb.port(id);
  if (row?.external_ids.get('linecard') !== 'endpoint') return;
  editMembershipGone(nb, tx, row);
  if (row.external_ids.has('qos')) editQosGone(tx, id);
  tx.mutate('Logical_Switch', [['ports', 'includes', [row._uuid]]], [['ports', 'delete', [row._uuid]]]);
  editMemberGone(nb, tx, row);
  const { host, space } = { host: row.external_ids.get('host'), space: row.external_ids.get('space') };
  if (keepAddresses || host === undefined || space === undefined) return;
  for (const address of addressesOf(row)) addresses.editRelease(tx, space, address, host);
}

/** The logical ports of a host's containers. */
export function* endpointsOf(nb: Northbound, host: string): Generator<SwitchPortRow> {
  for (const row of nb.replica.table('Logical_Switch_Port').values()) {
    if (row.external_ids.get('linecard') === 'endpoint' && row.external_ids.get('host') === host) yield row;
  }
}
