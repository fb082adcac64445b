import { inPortOf, type MessageOf, NO_BUFFER } from '@linecard/openflow';
import { Ethernet, Packet } from '@linecard/packet';
import type { Port } from './port.js';

/** A packet that a switch sent to the controller. Its bytes are a view: copy what has to outlive the handler. */
export class PacketIn {
  readonly message: MessageOf<'packet_in'>;
  /** The port where it came in; 0 when the switch did not say. */
  readonly inPort: number;
  #ethernet: Ethernet | undefined | null = null;
  #packet: Packet | undefined | null = null;

  constructor(message: MessageOf<'packet_in'>) {
    this.message = message;
    this.inPort = inPortOf(message.match) ?? 0;
  }

  /** The frame, or its beginning when the switch keeps the rest in a buffer. */
  get data(): Uint8Array {
    return this.message.data;
  }

  /** Where the switch keeps the frame; undefined when {@link data} is all there is. */
  get bufferId(): number | undefined {
    return this.message.buffer_id === NO_BUFFER ? undefined : this.message.buffer_id;
  }

  /** The cookie of the flow that sent it here; undefined in OpenFlow 1.0. */
  get cookie(): bigint | undefined {
    return this.message.cookie;
  }

  /** The table of that flow; undefined in OpenFlow 1.0. */
  get table(): number | undefined {
    return this.message.table_id;
  }

  /** The Ethernet header, or undefined when not even that is whole. */
  get ethernet(): Ethernet | undefined {
    if (this.#ethernet === null) this.#ethernet = Ethernet.view(this.message.data);
    return this.#ethernet;
  }

  /** All layers. */
  get packet(): Packet | undefined {
    if (this.#packet === null) this.#packet = Packet.view(this.message.data);
    return this.#packet;
  }
}

/** A port came, went or changed. */
export interface PortEvent {
  readonly reason: 'add' | 'delete' | 'modify';
  readonly port: Port;
}

/** A flow that asked for it was removed. */
export interface FlowRemovedEvent {
  readonly message: MessageOf<'flow_removed'>;
  readonly cookie: bigint;
  /** Undefined in OpenFlow 1.0. */
  readonly table: number | undefined;
}
