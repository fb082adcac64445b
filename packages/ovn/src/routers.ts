import type { NamedRef, Uuid } from '@linecard/ovsdb';
import { LinecardError } from '@linecard/wire';
import type { Northbound, NorthboundTransaction, RouterRow } from './northbound.js';

/** A logical router and the way out of it. */
export interface RouterSpec {
  readonly name: string;
  /** Where packets leave for the world: on the host of their sender, or all on the one of this name. */
  readonly gateway: 'distributed' | { readonly host: string };
}

/**
 * The link between a router and the stack of a host. Its addresses are the same for every router and on every host:
 * each has an interface of its own there, and nobody routes to them.
 */
export const transit = {
  host: { mac: '02:42:64:5d:00:01', v4: '100.93.0.1', v6: 'fd6c:6e63:6172::1' },
  router: { mac: '02:42:64:5d:00:02', v4: '100.93.0.2', v6: 'fd6c:6e63:6172::2' },
  prefix: { v4: 30, v6: 126 },
} as const;

/** The name of a router's port on a logical switch. */
export function routerPortName(switchName: string): string {
  return `lcr-${switchName}`;
}

/** The name of the logical port that the hosts' interface for a router is bound to. */
export function hostPortName(router: string): string {
  return `lch-${router}`;
}

const networkPrefix = 'network:';
const gatewayText = ({ gateway }: RouterSpec) => (gateway === 'distributed' ? gateway : gateway.host);

/** Makes a router as far as it is missing, and notes that a switch is at it. Throws `LC_CONFLICT`. */
export function editRouter(
  nb: Northbound,
  tx: NorthboundTransaction,
  router: RouterSpec,
  switchName: string,
): Uuid | NamedRef {
  const row = nb.router(router.name);
  return row === undefined ? insertRouter(tx, router, switchName) : joinRouter(tx, router, switchName, row);
}

function joinRouter(tx: NorthboundTransaction, router: RouterSpec, switchName: string, row: RouterRow): Uuid {
  const present = row.external_ids.get('gateway');
  const wanted = gatewayText(router);
  if (row.external_ids.get('linecard') === 'router' && present !== wanted) {
    throw new LinecardError('LC_CONFLICT', `router ${router.name} has its gateway ${present}, not ${wanted}`, {
      hint: 'networks of one router share its way out: give them the same ovn.gateway',
    });
  }
  // The one who removes the last switch compares these keys, and so cannot remove the router beneath this one.
  if (!row.external_ids.has(networkPrefix + switchName)) {
    tx.requireRow('Logical_Router', row._uuid);
    tx.setKeys('Logical_Router', row._uuid, 'external_ids', { [networkPrefix + switchName]: '' });
  }
  return row._uuid;
}

function insertRouter(tx: NorthboundTransaction, router: RouterSpec, switchName: string): NamedRef {
  tx.wait('Logical_Router', [['name', '==', router.name]], '==', []);
  const ids = { linecard: 'transit', router: router.name };
  const { host, router: own, prefix } = transit;
  const portName = `lct-${router.name}`;
  const port = tx.insert('Logical_Router_Port', {
    name: portName,
    mac: own.mac,
    networks: [`${own.v4}/${prefix.v4}`, `${own.v6}/${prefix.v6}`],
    external_ids: ids,
  });
  const routes = [
    tx.insert('Logical_Router_Static_Route', { ip_prefix: '0.0.0.0/0', nexthop: host.v4, output_port: portName }),
    tx.insert('Logical_Router_Static_Route', { ip_prefix: '::/0', nexthop: host.v6, output_port: portName }),
  ];
  const peer = tx.insert('Logical_Switch_Port', {
    name: `${portName}-peer`,
    type: 'router',
    options: { 'router-port': portName },
    addresses: ['router'],
    external_ids: ids,
  });
  const stack = tx.insert('Logical_Switch_Port', {
    name: hostPortName(router.name),
    // Every host has this port for itself: what is sent to it never leaves the sender's host.
    type: router.gateway === 'distributed' ? 'localport' : '',
    addresses: [`${host.mac} ${host.v4} ${host.v6}`],
    external_ids: ids,
  });
  tx.insert('Logical_Switch', { name: portName, external_ids: ids, ports: [peer, stack] });
  return tx.insert('Logical_Router', {
    name: router.name,
    ports: [port],
    static_routes: routes,
    external_ids: { linecard: 'router', gateway: gatewayText(router), [networkPrefix + switchName]: '' },
  });
}

/** Takes a switch off a router; the last one takes a router of Linecard's with it. */
export function editRouterLeft(
  nb: Northbound,
  tx: NorthboundTransaction,
  name: string,
  switchName: string,
  port: Uuid,
): void {
  const row = nb.router(name);
  if (row === undefined) return;
  const key = networkPrefix + switchName;
  tx.wait('Logical_Router', row._uuid, '==', [{ external_ids: row.external_ids }]);
  const others = [...row.external_ids.keys()].some((other) => other.startsWith(networkPrefix) && other !== key);
  if (others || row.external_ids.get('linecard') !== 'router') {
    tx.mutate('Logical_Router', row._uuid, [['ports', 'delete', [port]]]);
    tx.setKeys('Logical_Router', row._uuid, 'external_ids', { [key]: undefined });
    return;
  }
  tx.delete('Logical_Router', row._uuid);
  tx.delete('Logical_Switch', [
    ['name', '==', `lct-${name}`],
    ['external_ids', 'includes', { linecard: 'transit' }],
  ]);
}
