import { isIPv4 } from 'node:net';
import type { Uuid } from '@linecard/ovsdb';
import { addressesOf } from './binding.js';
import { rowIdentity } from './identity.js';
import type { LoadBalancerRow, Northbound, NorthboundTransaction, SwitchPortRow } from './northbound.js';
import { routerPortName } from './routers.js';

/*
 * A service is one address for many containers. Docker makes the load balancer for that in each node's kernel (IPVS),
 * and only for networks of its own driver `overlay`; here it is a row of Load_Balancer, which every host's OpenFlow
 * tables follow. A container's logical port names its service, and whoever adds or removes such a port keeps the
 * service's list in the same transaction.
 */

/** The virtual address of a service on a logical switch. */
export interface VirtualService {
  /** The service's ID. */
  readonly service: string;
  /** The service's name, for people. */
  readonly name: string;
  readonly switch: string;
  /** The IPv4 address that stands for all of the service's containers. */
  readonly address: string;
}

/** The key of a logical port that names the service it belongs to. */
const memberKey = 'service';

function serviceIdentity({ service, switch: name }: Pick<VirtualService, 'service' | 'switch'>): Uuid {
  return rowIdentity('service', service, name);
}

/** The services in the northbound database, with the row of each. */
export function* servicesIn(nb: Northbound): Generator<VirtualService & { readonly row: LoadBalancerRow }> {
  for (const row of nb.replica.table('Load_Balancer').values()) {
    const ids = row.external_ids;
    const [service, owner, address] = [ids.get('service'), ids.get('switch'), ids.get('address')];
    if (ids.get('linecard') !== 'service' || !service || !owner || !address) continue;
    yield { service, name: ids.get('service-name') ?? '', switch: owner, address, row };
  }
}

/** Makes a service's load balancer with the containers that are known to be behind it. Without the switch: nothing. */
export function editService(nb: Northbound, tx: NorthboundTransaction, service: VirtualService): void {
  const owner = nb.switch(service.switch);
  if (owner === undefined) return;
  const uuid = serviceIdentity(service);
  const row = nb.loadBalancer(uuid);
  const behind = members(nb, service);
  if (row !== undefined && row.external_ids.get('address') === service.address) {
    editBackends(tx, row, service.address, behind);
    return;
  }
  const wanted = {
    name: `${service.name}@${service.switch}`,
    vips: { [service.address]: behind.join(',') },
    // Who asks while nobody is there is told at once.
    options: { reject: 'true' },
    external_ids: {
      ...{ linecard: 'service', service: service.service, 'service-name': service.name },
      ...{ switch: service.switch, address: service.address },
    },
  };
  if (row === undefined) tx.insert('Load_Balancer', wanted, uuid);
  else tx.update('Load_Balancer', uuid, wanted);
  tx.requireRow('Logical_Switch', owner._uuid);
  tx.mutate('Logical_Switch', owner._uuid, [['load_balancer', 'insert', [uuid]]]);
}

/** Removes a service's load balancer; OVN takes it off its switch. */
export function editServiceGone(nb: Northbound, tx: NorthboundTransaction, service: VirtualService): void {
  const uuid = serviceIdentity(service);
  if (nb.loadBalancer(uuid) !== undefined) tx.delete('Load_Balancer', uuid);
}

/** Notes which service a container's logical port belongs to, and adds it to the service. Without the port: nothing. */
export function editMember(nb: Northbound, tx: NorthboundTransaction, port: string, service: string): void {
  const row = nb.port(port);
  const owner = row?.external_ids.get('switch');
  if (row === undefined || owner === undefined) return;
  if (row.external_ids.get(memberKey) !== service) {
    tx.requireRow('Logical_Switch_Port', row._uuid);
    tx.setKeys('Logical_Switch_Port', row._uuid, 'external_ids', { [memberKey]: service });
  }
  const balancer = nb.loadBalancer(serviceIdentity({ service, switch: owner }));
  const address = balancer?.external_ids.get('address');
  if (balancer === undefined || address === undefined) return;
  const all = new Set([...members(nb, { service, switch: owner }), ...v4(row)]);
  editBackends(tx, balancer, address, [...all].sort());
}

/** Takes a logical port that goes away off its service. */
export function editMemberGone(nb: Northbound, tx: NorthboundTransaction, row: SwitchPortRow): void {
  const [service, owner] = [row.external_ids.get(memberKey), row.external_ids.get('switch')];
  if (service === undefined || owner === undefined) return;
  const balancer = nb.loadBalancer(serviceIdentity({ service, switch: owner }));
  const address = balancer?.external_ids.get('address');
  if (balancer === undefined || address === undefined) return;
  editBackends(tx, balancer, address, members(nb, { service, switch: owner }, row.name));
}

/**
 * Lets the gateway of a switch answer ARP requests for the addresses of its services, which no interface has. A switch
 * without a gateway has nobody to answer.
 */
export function editAnswers(nb: Northbound, tx: NorthboundTransaction, switchName: string): void {
  const row = nb.port(`${routerPortName(switchName)}-peer`);
  if (row === undefined) return;
  const own = [...servicesIn(nb)].filter((service) => service.switch === switchName);
  const wanted = own
    .map(({ address }) => address)
    .sort()
    .join(' ');
  if ((row.options.get('arp_proxy') ?? '') === wanted) return;
  tx.wait('Logical_Switch_Port', row._uuid, '==', [{ options: row.options }]);
  tx.setKeys('Logical_Switch_Port', row._uuid, 'options', { arp_proxy: wanted === '' ? undefined : wanted });
}

const v4 = (row: SwitchPortRow) => addressesOf(row).filter((address) => isIPv4(address));

/** The addresses of a service's containers, sorted. */
function members(
  nb: Northbound,
  { service, switch: name }: Pick<VirtualService, 'service' | 'switch'>,
  but?: string,
): string[] {
  const found: string[] = [];
  for (const row of nb.replica.table('Logical_Switch_Port').values()) {
    const ids = row.external_ids;
    if (ids.get(memberKey) === service && ids.get('switch') === name && row.name !== but) found.push(...v4(row));
  }
  return found.sort();
}

/** Others add and remove containers too: who comes second looks again. */
function editBackends(
  tx: NorthboundTransaction,
  row: LoadBalancerRow,
  address: string,
  behind: readonly string[],
): void {
  const text = behind.join(',');
  if (row.vips.get(address) === text) return;
  tx.wait('Load_Balancer', row._uuid, '==', [{ vips: row.vips }]);
  tx.update('Load_Balancer', row._uuid, { vips: { [address]: text } });
}
