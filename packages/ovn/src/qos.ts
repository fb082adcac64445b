import type { Uuid } from '@linecard/ovsdb';
import { rowIdentity } from './identity.js';
import type { NorthboundTransaction } from './northbound.js';

/** How packets that a container sends are limited and marked. */
export interface EndpointQos {
  /** kbit/s; what is more is dropped by a meter on the container's host. */
  readonly rate?: number;
  /** kbit that may come at once. */
  readonly burst?: number;
  /** The class of service in the IP header, 0 to 63 (RFC 2474). */
  readonly dscp?: number;
}

const priority = 1000;

function identityOf(port: string): Uuid {
  return rowIdentity('qos', port);
}

/** Gives a new logical port its QoS (ovn-nb(5), table QoS), which its switch holds. */
export function editQos(tx: NorthboundTransaction, owner: Uuid, port: string, qos: EndpointQos): void {
  const { rate, burst, dscp } = qos;
  if (rate === undefined && dscp === undefined) return;
  const row = tx.insert(
    'QoS',
    {
      priority,
      direction: 'from-lport',
      match: `inport == "${port}"`,
      ...(dscp === undefined ? {} : { action: { dscp } }),
      ...(rate === undefined ? {} : { bandwidth: { rate, ...(burst === undefined ? {} : { burst }) } }),
      external_ids: { linecard: 'qos', port },
    },
    identityOf(port),
  );
  tx.mutate('Logical_Switch', owner, [['qos_rules', 'insert', [row]]]);
}

/** Takes the QoS of a logical port away, which may have none. */
export function editQosGone(tx: NorthboundTransaction, port: string): void {
  const row = identityOf(port);
  tx.mutate('Logical_Switch', [['qos_rules', 'includes', [row]]], [['qos_rules', 'delete', [row]]]);
}
