import type { NamedRef, Uuid } from '@linecard/ovsdb';
import { formatCidr, LinecardError } from '@linecard/wire';
import type { Addresses } from './addresses.js';
import { advertisements, editDhcp, editDhcpGone } from './dhcp.js';
import type { LogicalNetwork, LogicalSubnet } from './logical-network.js';
import { macOf } from './mac.js';
import type { Northbound, NorthboundTransaction, SwitchRow } from './northbound.js';
import { editRouter, editRouterLeft, type RouterSpec, routerPortName } from './routers.js';

type Ref = Uuid | NamedRef;

const userPrefix = 'user:';

/** Stands where a host's name does for what a swarm keeps, whichever of its managers lives. */
export const swarmUser = '@swarm';

/** The key under which a switch remembers that a host has it as this network. */
function userKey({ host, id }: Pick<LogicalNetwork, 'host' | 'id'>): string {
  return `${userPrefix}${host}/${id}`;
}

/** Whether a switch has machines, but for the one with this key. */
export function hasOtherMachines({ external_ids }: SwitchRow, key: string): boolean {
  return [...external_ids.keys()].some((other) => other.startsWith(machineKey('')) && other !== key);
}

const isUse = (key: string) => key.startsWith(userPrefix) || key.startsWith(machineKey(''));

/** The IDs of the networks, with their labels, as which a host has the logical switch with these external_ids. */
export function networksIn(ids: ReadonlyMap<string, string>, host: string): { id: string; label: string }[] {
  const prefix = userKey({ host, id: '' });
  return [...ids].flatMap(([key, label]) => (key.startsWith(prefix) ? [{ id: key.slice(prefix.length), label }] : []));
}

/** The networks of a host that stand in the northbound database, with the switch and the label of each. */
export function* networksOf(nb: Northbound, host: string): Generator<{ id: string; switch: string; label: string }> {
  for (const row of nb.replica.table('Logical_Switch').values()) {
    for (const network of networksIn(row.external_ids, host)) yield { ...network, switch: row.name };
  }
}

/** The IPv4 subnets that logical switches have, as their rows say it. */
export function subnetsIn(nb: Northbound): string[] {
  return [...nb.replica.table('Logical_Switch').values()].flatMap((row) => row.external_ids.get('subnet') ?? []);
}

/** The key under which a switch remembers that a virtual machine is on it. */
export function machineKey(port: string): string {
  return `machine:${port}`;
}

/** What a logical switch says of its subnets: the keys of OVN's own Docker driver, and the same for IPv6. */
function subnetIds(subnets: readonly LogicalSubnet[]): [string, string][] {
  return subnets.flatMap(({ pool, gateway }): [string, string][] => {
    const suffix = pool.family === 4 ? '' : '6';
    return [
      [`subnet${suffix}`, formatCidr(pool)],
      ...(gateway === undefined ? [] : [[`gateway_ip${suffix}`, gateway.address] as [string, string]]),
    ];
  });
}

/** Makes a network's logical switch, router and ports as far as they are missing. Throws `LC_CONFLICT`. */
export function editNetwork(nb: Northbound, tx: NorthboundTransaction, network: LogicalNetwork): void {
  const row = nb.switch(network.switch);
  const ref = row === undefined ? insertSwitch(tx, network) : mendSwitch(tx, network, row);
  // A switch that somebody made by hand has the routers that its owner gave it.
  const foreign = row !== undefined && row.external_ids.get('linecard') !== 'network';
  if (network.router !== undefined && !foreign) editGateway(nb, tx, network, network.router, ref);
  if (network.localnet !== undefined) editLocalnet(nb, tx, network.switch, network.localnet, ref);
  if (!foreign) editDhcp(nb, tx, network);
}

function insertSwitch(tx: NorthboundTransaction, network: LogicalNetwork): Ref {
  tx.wait('Logical_Switch', [['name', '==', network.switch]], '==', []);
  const ids = [['linecard', 'network'], ...wantedIds(network)];
  return tx.insert('Logical_Switch', { name: network.switch, external_ids: new Map(ids as [string, string][]) });
}

function wantedIds(network: LogicalNetwork): [string, string][] {
  const space: [string, string][] = network.space === undefined ? [] : [['space', network.space]];
  return [[userKey(network), network.label ?? ''], ...space, ...subnetIds(network.subnets)];
}

function mendSwitch(tx: NorthboundTransaction, network: LogicalNetwork, row: SwitchRow): Ref {
  for (const [key, value] of subnetIds(network.subnets)) {
    const present = row.external_ids.get(key);
    if (present === undefined || present === value) continue;
    throw new LinecardError('LC_CONFLICT', `logical switch ${network.switch} has ${key} ${present}, not ${value}`, {
      hint: 'every host must make a shared network with the same --subnet and --gateway',
    });
  }
  const missing = wantedIds(network).filter(([key, value]) => {
    const present = row.external_ids.get(key);
    // Hosts may have their addresses from different sources: machines go by the first one's. A label that is not told stays.
    const first = key === 'space' || (key === userKey(network) && network.label === undefined);
    return first ? present === undefined : present !== value;
  });
  if (missing.length > 0) {
    tx.requireRow('Logical_Switch', row._uuid);
    tx.setKeys('Logical_Switch', row._uuid, 'external_ids', Object.fromEntries(missing));
  }
  return row._uuid;
}

function editGateway(
  nb: Northbound,
  tx: NorthboundTransaction,
  network: LogicalNetwork,
  router: RouterSpec,
  switchRef: Ref,
): void {
  const gateways = network.subnets.flatMap(({ gateway }) => (gateway === undefined ? [] : [gateway]));
  if (gateways.length === 0) return;
  const port = routerPortName(network.switch);
  const present = nb.routerPort(port);
  const owner = present?.external_ids.get('router');
  if (present !== undefined && owner !== router.name) {
    throw new LinecardError(
      'LC_CONFLICT',
      `logical switch ${network.switch} is at router ${owner}, not ${router.name}`,
    );
  }
  const routerRef = editRouter(nb, tx, router, network.switch);
  if (present !== undefined) return;
  const ids = new Map([
    ['linecard', 'gateway'],
    ['router', router.name],
    ['switch', network.switch],
  ]);
  const inserted = tx.insert('Logical_Router_Port', {
    name: port,
    mac: macOf(gateways.map(({ address }) => address)),
    networks: gateways.map(formatCidr),
    ...(gateways.some(({ family }) => family === 6) ? { ipv6_ra_configs: advertisements(network.dhcp) } : {}),
    external_ids: ids,
  });
  tx.mutate('Logical_Router', routerRef, [['ports', 'insert', [inserted]]]);
  const peer = tx.insert('Logical_Switch_Port', {
    name: `${port}-peer`,
    type: 'router',
    options: { 'router-port': port },
    addresses: ['router'],
    external_ids: ids,
  });
  tx.mutate('Logical_Switch', switchRef, [['ports', 'insert', [peer]]]);
}

function editLocalnet(
  nb: Northbound,
  tx: NorthboundTransaction,
  name: string,
  localnet: { readonly network: string; readonly vlan?: number },
  switchRef: Ref,
): void {
  const port = `lcl-${name}`;
  if (nb.port(port) !== undefined) return;
  const inserted = tx.insert('Logical_Switch_Port', {
    name: port,
    type: 'localnet',
    addresses: ['unknown'],
    options: { network_name: localnet.network },
    ...(localnet.vlan === undefined ? {} : { tag: localnet.vlan }),
    external_ids: { linecard: 'localnet', switch: name },
  });
  tx.mutate('Logical_Switch', switchRef, [['ports', 'insert', [inserted]]]);
}

/**
 * Takes a host's network off its logical switch and off the addresses that it shares; the last one takes the switch
 * with it, and its router with the last switch. A switch that Linecard did not make stays.
 */
export function editNetworkGone(
  nb: Northbound,
  tx: NorthboundTransaction,
  addresses: Addresses,
  network: Pick<LogicalNetwork, 'switch' | 'host' | 'id'>,
): void {
  addresses.editReleaseShared(tx, network.host, network.id);
  editSwitchLeft(nb, tx, network.switch, userKey(network));
}

/** Takes a key off a switch that says that somebody is on it; the last one takes the switch with it. */
export function editSwitchLeft(nb: Northbound, tx: NorthboundTransaction, name: string, key: string): void {
  const row = nb.switch(name);
  if (!row?.external_ids.has(key)) return;
  // Others may be taking it up or leaving it at this moment: then the keys differ, and who is the last is seen anew.
  tx.wait('Logical_Switch', row._uuid, '==', [{ external_ids: row.external_ids }]);
  const others = [...row.external_ids.keys()].some((other) => isUse(other) && other !== key);
  if (others || row.external_ids.get('linecard') !== 'network') {
    tx.setKeys('Logical_Switch', row._uuid, 'external_ids', { [key]: undefined });
    return;
  }
  tx.delete('Logical_Switch', row._uuid);
  editDhcpGone(tx, name);
  const port = nb.routerPort(routerPortName(name));
  const router = port?.external_ids.get('router');
  if (port !== undefined && router !== undefined) editRouterLeft(nb, tx, router, name, port._uuid);
}
