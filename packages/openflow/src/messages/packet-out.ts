import type { Action } from '../actions/index.js';
import type { MessageInitOf, Version } from './types.js';

/** What a packet-out says in every version. */
export interface PacketOut {
  readonly version: Version;
  readonly xid?: number;
  /** Where the packet is said to have come from; reserved ports such as `ports.controller` may stand here. */
  readonly in_port: number;
  readonly buffer_id?: number;
  readonly actions: readonly Action[];
  readonly data?: Uint8Array;
}

/** A packet-out of any version: 1.5 says the port in a match, the others in a field of its own. */
export function packetOut({ in_port, ...rest }: PacketOut): MessageInitOf<'packet_out'> {
  if (rest.version !== 6) return { type: 'packet_out', ...rest, in_port };
  return { type: 'packet_out', ...rest, match: [{ field: 'in_port', value: in_port }] };
}
