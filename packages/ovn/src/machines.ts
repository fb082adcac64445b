import type { Uuid } from '@linecard/ovsdb';
import { contains, formatCidr, LinecardError, parseCidr } from '@linecard/wire';
import type { Addresses } from './addresses.js';
import { addressesOf } from './binding.js';
import { dhcpRow, editAdvertising } from './dhcp.js';
import { editNames } from './endpoints.js';
import type { LogicalSubnet } from './logical-network.js';
import { macOf } from './mac.js';
import { editSwitchLeft, hasOtherMachines, machineKey } from './networks.js';
import type { Northbound, NorthboundTransaction, SwitchPortRow, SwitchRow } from './northbound.js';

/** A virtual machine's port on a logical switch, as it is asked for. */
export interface MachineRequest {
  /** The name of the logical port: what `external_ids:iface-id` of the machine's interface is to be. */
  readonly name: string;
  readonly switch: string;
  /** Without it, made of the address. */
  readonly mac?: string;
  /** One of each family at most; what is left out is chosen. */
  readonly addresses: readonly string[];
  /** The host that is to remember it. */
  readonly host: string;
}

/** A virtual machine's port as it is, and as a host remembers it. */
export interface Machine {
  readonly name: string;
  readonly switch: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  /** The address space in which the addresses are its own. */
  readonly space: string;
  /** The host that remembers it; absent when none does yet. */
  readonly host?: string;
}

function subnetsOf(row: SwitchRow): LogicalSubnet['pool'][] {
  return ['subnet', 'subnet6'].flatMap((key) => {
    const text = row.external_ids.get(key);
    return text === undefined ? [] : [parseCidr(text)];
  });
}

function machineOf(row: SwitchPortRow): Machine {
  const ids = row.external_ids;
  const host = ids.get('host');
  return {
    name: row.name,
    switch: ids.get('switch') ?? '',
    mac: row.addresses[0]?.split(' ')[0] ?? '',
    addresses: addressesOf(row),
    space: ids.get('space') ?? '',
    ...(host === undefined ? {} : { host }),
  };
}

/** The machines on all switches. */
export function machinesOf(nb: Northbound): Machine[] {
  const rows = [...nb.replica.table('Logical_Switch_Port').values()];
  return rows.filter(({ external_ids }) => external_ids.get('linecard') === 'machine').map(machineOf);
}

/**
 * Makes a logical port for a machine, with addresses that nobody else has, which OVN tells it by DHCP. Asked for again,
 * it stays as it is. `space` is the address space of the switch. Throws `LC_NOT_FOUND` without the switch, `LC_CONFLICT`
 * when an address or the name is somebody else's, `LC_INVALID` for an address that is not one of the switch.
 */
export function editMachine(
  nb: Northbound,
  tx: NorthboundTransaction,
  addresses: Addresses,
  request: MachineRequest,
): Machine {
  const owner = nb.switch(request.switch);
  if (owner === undefined) throw new LinecardError('LC_NOT_FOUND', `there is no logical switch ${request.switch}`);
  const present = nb.port(request.name);
  if (present !== undefined) return presentMachine(present, request);
  const subnets = subnetsOf(owner);
  const space = owner.external_ids.get('space') ?? `switch:${request.switch}`;
  const stray = request.addresses.find((address) => !subnets.some((subnet) => contains(subnet, address)));
  if (stray !== undefined || subnets.length === 0) {
    const what = subnets.length === 0 ? 'no subnet' : `${subnets.map(formatCidr).join(' and ')}, not ${stray}`;
    throw new LinecardError('LC_INVALID', `logical switch ${request.switch} has ${what}`);
  }
  const gateways = ['gateway_ip', 'gateway_ip6'].flatMap((key) => owner.external_ids.get(key) ?? []);
  const gateway = request.addresses.find((address) => gateways.includes(address));
  if (gateway !== undefined) throw new LinecardError('LC_CONFLICT', `${gateway} is the gateway of ${request.switch}`);
  const chosen = subnets.map((subnet) => {
    const wanted = request.addresses.find((address) => contains(subnet, address));
    return addresses.wantedOrFree({ space, subnet }, wanted, gateways);
  });
  const { mac = macOf(chosen), ...rest } = request;
  const machine = { ...rest, mac, addresses: chosen, space };
  insertMachine(nb, tx, addresses, machine, owner);
  return machine;
}

/**
 * Gives a machine its port back that the database has lost. Throws `LC_NOT_FOUND` without its switch, `LC_CONFLICT` when
 * an address or the name is somebody else's by now.
 */
export function editMachineBack(
  nb: Northbound,
  tx: NorthboundTransaction,
  addresses: Addresses,
  machine: Machine,
): void {
  const owner = nb.switch(machine.switch);
  if (owner === undefined) throw new LinecardError('LC_NOT_FOUND', `there is no logical switch ${machine.switch}`);
  const present = nb.port(machine.name);
  if (present === undefined) insertMachine(nb, tx, addresses, machine, owner);
  else if (present.external_ids.get('linecard') !== 'machine') {
    throw new LinecardError('LC_CONFLICT', `logical port ${machine.name} is no machine's`);
  }
}

/** Makes a host the one that remembers a machine. */
export function editMachineHost(nb: Northbound, tx: NorthboundTransaction, name: string, host: string): void {
  const row = nb.port(name);
  if (row?.external_ids.get('linecard') !== 'machine' || row.external_ids.get('host') === host) return;
  tx.requireRow('Logical_Switch_Port', row._uuid);
  tx.setKeys('Logical_Switch_Port', row._uuid, 'external_ids', { host });
}

/** Whether a machine that has no port was removed: then its addresses were given back in the same change. */
export function isMachineRemoved(addresses: Addresses, { name, space, addresses: own }: Machine): boolean {
  return own.some((address) => {
    const claim = addresses.claim(space, address);
    return claim?.kind === 'released' && claim.host === name;
  });
}

function presentMachine(row: SwitchPortRow, request: MachineRequest): Machine {
  const machine = machineOf(row);
  const asked = request.addresses.every((address) => machine.addresses.includes(address));
  const sameMac = request.mac === undefined || request.mac === machine.mac;
  const mine = row.external_ids.get('linecard') === 'machine' && machine.switch === request.switch;
  if (mine && asked && sameMac) return machine;
  const what = mine
    ? `${machine.mac} ${machine.addresses.join(' ')}`
    : `another port, on ${machine.switch || 'a switch'}`;
  throw new LinecardError('LC_CONFLICT', `there is a logical port ${request.name} already: ${what}`);
}

function insertMachine(
  nb: Northbound,
  tx: NorthboundTransaction,
  all: Addresses,
  { name, switch: switchName, mac, addresses, space, host }: Machine,
  owner: SwitchRow,
): void {
  for (const address of addresses) all.take(tx, { space, address, machine: name });
  const binding = [mac, ...addresses].join(' ');
  const dhcp = (family: 4 | 6): Uuid | undefined => {
    const subnet = subnetsOf(owner).find((one) => one.family === family);
    return subnet && dhcpRow(nb, switchName, subnet)?._uuid;
  };
  tx.requireRow('Logical_Switch', owner._uuid);
  const port = tx.insert('Logical_Switch_Port', {
    name,
    addresses: [binding],
    port_security: [binding],
    dhcpv4_options: dhcp(4),
    dhcpv6_options: dhcp(6),
    external_ids: { linecard: 'machine', switch: switchName, space, ...(host === undefined ? {} : { host }) },
  });
  tx.mutate('Logical_Switch', owner._uuid, [['ports', 'insert', [port]]]);
  tx.setKeys('Logical_Switch', owner._uuid, 'external_ids', { [machineKey(name)]: '' });
  editAdvertising(nb, tx, switchName, true);
  editNames(nb, tx, { name, addresses, space, switch: switchName }, owner._uuid);
}

/** Takes a machine's port away, with its addresses. Throws `LC_NOT_FOUND`. */
export function editMachineGone(nb: Northbound, tx: NorthboundTransaction, addresses: Addresses, name: string): void {
  const row = nb.port(name);
  if (row?.external_ids.get('linecard') !== 'machine') {
    throw new LinecardError('LC_NOT_FOUND', `there is no machine's port ${name}`, {
      hint: '`linecard ovn vm-port` lists them',
    });
  }
  const { switch: switchName, addresses: own } = machineOf(row);
  const space = row.external_ids.get('space') ?? '';
  tx.mutate('Logical_Switch', [['ports', 'includes', [row._uuid]]], [['ports', 'delete', [row._uuid]]]);
  for (const address of own) addresses.editRelease(tx, space, address, name);
  const owner = nb.switch(switchName);
  // Who comes at this moment changes the keys of the switch, with which this change is compared.
  if (owner !== undefined && !hasOtherMachines(owner, machineKey(name))) editAdvertising(nb, tx, switchName, false);
  editSwitchLeft(nb, tx, switchName, machineKey(name));
}
