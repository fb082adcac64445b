import type { Duplex } from 'node:stream';
import type { Message, MessageOf } from '@linecard/openflow';
import { LinecardError } from '@linecard/wire';
import { Channel, type ChannelOptions } from './channel.js';
import { type FlowRemovedEvent, PacketIn, type PortEvent } from './events.js';
import type { DesiredFlows } from './flows.js';
import { SwitchSession } from './switch-session.js';

/** What a connection tells the controller. */
export interface ConnectionOwner {
  /** What is wanted of a switch. */
  desiredOf(dpid: bigint): DesiredFlows;
  up(sw: SwitchSession): void;
  packetIn(sw: SwitchSession, packet: PacketIn): void;
  portStatus(sw: SwitchSession, event: PortEvent): void;
  flowRemoved(sw: SwitchSession, event: FlowRemovedEvent): void;
  /** The switch refused something that nobody waited for. */
  refused(sw: SwitchSession, error: MessageOf<'error'>): void;
  /** `sw` is undefined when the switch was never up. */
  closed(connection: Connection, sw: SwitchSession | undefined, reason: LinecardError | undefined): void;
}

const maxPorts = 65_536;

/** Takes a socket through hello, features and ports until it is a switch, then turns its messages into events. */
export class Connection {
  readonly channel: Channel;
  readonly peer: string;
  readonly #owner: ConnectionOwner;
  #session: SwitchSession | undefined;
  #up = false;

  constructor(socket: Duplex, peer: string, options: ChannelOptions, owner: ConnectionOwner) {
    this.peer = peer;
    this.#owner = owner;
    this.channel = new Channel(socket, options, {
      opened: () => void this.#begin(),
      received: (message) => this.#received(message),
      closed: (reason) => owner.closed(this, this.#up ? this.#session : undefined, reason),
    });
    this.channel.start();
  }

  async #begin(): Promise<void> {
    try {
      const features = await this.#features();
      if (features.auxiliary_id) return this.#refuseAuxiliary(features);
      const session = new SwitchSession(this.channel, features, this.#owner.desiredOf(features.datapath_id), this.peer);
      this.#session = session;
      // Whole packets: what an app sees does not depend on the buffers of the switch.
      session.send({ type: 'set_config', miss_send_len: 0xffff });
      if (session.version !== 1) await this.#readPorts(session);
      await session.flows.replay();
      if (this.channel.closed) return;
      this.#up = true;
      this.#owner.up(session);
    } catch (error) {
      // A closed channel has told its owner why already.
      const reason =
        error instanceof LinecardError ? error : new LinecardError('LC_PROTOCOL', String(error), { cause: error });
      this.channel.close({ type: 1, code: 1, reason });
    }
  }

  async #features(): Promise<MessageOf<'features_reply'>> {
    const [reply] = await this.channel.request({ type: 'features_request' });
    if (reply?.type === 'features_reply') return reply;
    throw new LinecardError('LC_PROTOCOL', `the switch answered features_request with ${reply?.type}`);
  }

  /** All that it could carry comes over the main connection. Error: bad request, not permitted. */
  #refuseAuxiliary(features: MessageOf<'features_reply'>): void {
    const reason = new LinecardError(
      'LC_PROTOCOL',
      `auxiliary connection ${features.auxiliary_id} of switch ${features.datapath_id.toString(16)} refused`,
      { hint: 'one connection per switch is all that is needed' },
    );
    this.channel.close({ type: 1, code: 5, reason });
  }

  async #readPorts(session: SwitchSession): Promise<void> {
    const parts = await session.multipart({ type: 'multipart_request', kind: 'port_desc' });
    for (const part of parts) {
      if (part.type !== 'multipart_reply' || part.kind !== 'port_desc') continue;
      for (const port of part.body) if (session.ports.size < maxPorts) session.notePort('add', port);
    }
  }

  #received(message: Message): void {
    const session = this.#session;
    if (session === undefined) return;
    if (message.type === 'packet_in') {
      if (this.#up) this.#owner.packetIn(session, new PacketIn(message));
    } else if (message.type === 'port_status') {
      this.#portStatus(session, message);
    } else if (message.type === 'flow_removed') {
      const { cookie, table_id: table } = message;
      if (this.#up) this.#owner.flowRemoved(session, { message, cookie, table });
    } else if (message.type === 'error') {
      this.#owner.refused(session, message);
    }
  }

  #portStatus(session: SwitchSession, message: MessageOf<'port_status'>): void {
    const { reason } = message;
    if (typeof reason === 'number' || (session.ports.size >= maxPorts && reason === 'add')) return;
    const port = session.notePort(reason, message.desc);
    if (this.#up) this.#owner.portStatus(session, { reason, port });
  }
}
