import {
  type Action,
  type Match,
  type Message,
  type MessageOf,
  NO_BUFFER,
  packetOut,
  parseActions,
  ports as reserved,
  type Version,
} from '@linecard/openflow';
import { formatDpid, LinecardError } from '@linecard/wire';
import type { Channel, ChannelCounters, Outgoing } from './channel.js';
import type { PacketIn } from './events.js';
import { type FlowSpec, flowMod, specOf } from './flow-spec.js';
import { type DesiredFlows, Flows } from './flows.js';
import { type Port, type PortDescription, portOf } from './port.js';

/** Role of a controller (OpenFlow 1.3.5 section 6.3.6). */
export type Role = 'equal' | 'master' | 'slave' | 'nochange';

const nothing = new Uint8Array(0);

/** One switch for as long as its connection lives. When it comes back, that is another session. */
export class SwitchSession {
  readonly dpid: bigint;
  readonly version: Version;
  /** How many tables the switch has. */
  readonly tables: number;
  /** Its flows, owner by owner. */
  readonly flows: Flows;
  /** Where the switch speaks from: an address, or the path of a socket. */
  readonly peer: string;
  readonly #channel: Channel;
  readonly #ports = new Map<number, Port>();

  constructor(channel: Channel, features: MessageOf<'features_reply'>, desired: DesiredFlows, peer: string) {
    this.#channel = channel;
    this.dpid = features.datapath_id;
    this.version = features.version;
    this.tables = features.n_tables;
    this.peer = peer;
    this.flows = new Flows(channel, features.version, desired);
    for (const port of features.ports ?? []) this.#ports.set(port.port_no, portOf(port));
  }

  /** The datapath ID as 16 hex digits. */
  get name(): string {
    return formatDpid(this.dpid);
  }

  get connected(): boolean {
    return !this.#channel.closed;
  }

  /** The ports as they are now, by number. */
  get ports(): ReadonlyMap<number, Port> {
    return this.#ports;
  }

  /** What went over the connection. */
  get counters(): Readonly<ChannelCounters> {
    return this.#channel.counters;
  }

  /** Sends any message; answers its transaction ID. A refusal is reported to the controller's error hook. */
  send(message: Outgoing): number {
    return this.#channel.send(message);
  }

  /**
   * Sends a request and answers its reply; `request` of a multipart message answers all parts by {@link multipart}.
   * Rejects with {@link OpenFlowError} when the switch refuses, `LC_TIMEOUT` or `LC_CLOSED`.
   */
  async request(message: Outgoing, timeoutMs?: number): Promise<Message> {
    const [reply] = await this.#channel.request(message, timeoutMs);
    return reply!;
  }

  /** Sends a multipart request and answers all parts of its reply. */
  multipart(message: Outgoing & { readonly type: 'multipart_request' }, timeoutMs?: number): Promise<Message[]> {
    return this.#channel.request(message, timeoutMs);
  }

  /** Resolves when the switch has done all that was sent before. */
  barrier(timeoutMs?: number): Promise<void> {
    return this.#channel.barrier(timeoutMs);
  }

  /**
   * Adds one flow without waiting, as an answer to a packet; it may be a line of ovs-ofctl(8). `buffer` is a
   * packet-in's that the flow is applied to.
   */
  addFlow(flow: FlowSpec | string, cookie: bigint, buffer?: number): void {
    const { version } = this;
    const spec = typeof flow === 'string' ? specOf(flow, version) : flow;
    this.#channel.post(flowMod(spec, { cookie, version, xid: this.#channel.nextXid(), buffer }));
  }

  /**
   * Deletes the flows of `cookie` that match at least `match`, and that send to `outPort` when it is given. OpenFlow
   * 1.0 cannot tell cookies apart: there the flows of all owners go.
   */
  deleteFlows(match: Match, cookie: bigint, outPort: number = reserved.any): void {
    const where = this.version === 1 ? {} : { cookie_mask: 0xffff_ffff_ffff_ffffn, table_id: 0xff };
    this.#channel.send({ type: 'flow_mod', command: 'delete', match, cookie, out_port: outPort, ...where });
  }

  /** Sends a frame through `actions` (or a text of ovs-actions(7)), as if it had come in at `inPort`. */
  packetOut(data: Uint8Array, actions: readonly Action[] | string, inPort: number = reserved.controller): void {
    this.#packetOut(NO_BUFFER, data, actions, inPort);
  }

  /** Lets a packet go on through `actions` (or a text of ovs-actions(7)); without any it is dropped. */
  forward(packet: PacketIn, actions: readonly Action[] | string): void {
    const buffer = packet.bufferId;
    this.#packetOut(buffer ?? NO_BUFFER, buffer === undefined ? packet.data : nothing, actions, packet.inPort);
  }

  #packetOut(buffer_id: number, data: Uint8Array, through: readonly Action[] | string, in_port: number): void {
    const { version } = this;
    const actions = typeof through === 'string' ? parseActions(through, { version }) : through;
    const xid = this.#channel.nextXid();
    if (version === 6) this.#channel.post(packetOut({ version, xid, buffer_id, in_port, actions, data }));
    else this.#channel.post({ type: 'packet_out', version, xid, buffer_id, in_port, actions, data });
  }

  /**
   * Asks for a role and answers the role that the switch says it is. `generation` must not be older than what the
   * switch has seen (for master and slave). Open vSwitch's OpenFlow 1.0 has roles too, but they are not asked for here.
   */
  async role(role: Role, generation = 0n): Promise<Role> {
    if (this.version === 1) {
      throw new LinecardError('LC_INVALID', 'OpenFlow 1.0 has no roles', { hint: 'use OpenFlow 1.3 or later' });
    }
    const reply = await this.request({ type: 'role_request', role, generation_id: generation });
    return reply.type === 'role_reply' ? (reply.role as Role) : 'nochange';
  }

  /** Ends the connection; the switch will come back if it wants to. */
  close(): void {
    this.#channel.close();
  }

  /** @internal The controller keeps the ports as the switch tells them. */
  notePort(reason: 'add' | 'delete' | 'modify', description: PortDescription): Port {
    const port = portOf(description);
    if (reason === 'delete') this.#ports.delete(port.number);
    else this.#ports.set(port.number, port);
    return port;
  }
}
