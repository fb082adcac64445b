import type { Duplex } from 'node:stream';
import {
  decode,
  Framer,
  type Message,
  type MessageInit,
  type MessageOf,
  OpenFlowDecodeError,
  type Version,
} from '@linecard/openflow';
import { LinecardError } from '@linecard/wire';
import { closedError, lostError } from './errors.js';
import { KeepAlive, type KeepAliveOptions } from './keep-alive.js';
import { helloFor, negotiate, versionName } from './negotiate.js';
import { Outbox, type WriterPool } from './outbox.js';
import { Transactions } from './transactions.js';

type WithoutHeader<M> = M extends unknown ? Omit<M, 'version' | 'xid' | 'slack'> : never;

/** A message to be sent: version and transaction ID are added by the channel. */
export type Outgoing = WithoutHeader<MessageInit>;

/** Bounds and times of a channel; times in milliseconds, amounts in bytes. */
export interface ChannelOptions extends KeepAliveOptions {
  /** The versions to offer. */
  readonly versions: readonly Version[];
  /** How long the peer may take to say hello and agree on a version. */
  readonly helloTimeoutMs: number;
  /** How long an answer to a request may take. */
  readonly requestTimeoutMs: number;
  /** With more than this waiting to be sent, packet-ins are dropped and counted. */
  readonly highWater: number;
  /** With more than this waiting to be sent, the connection is given up. */
  readonly maxQueue: number;
  readonly pool: WriterPool;
}

/** What a channel tells its owner. */
export interface ChannelOwner {
  /** A version is agreed upon: messages can be sent. */
  opened(): void;
  /** A message that is neither an answer nor keep-alive. */
  received(message: Message): void;
  /** Said once, when the connection is gone; the reason is absent when it was closed on purpose. */
  closed(reason: LinecardError | undefined): void;
}

/** A message that the switch refused. */
export interface Refusal {
  readonly message: MessageInit;
  readonly error: MessageOf<'error'>;
}

/** What went over a channel. */
export interface ChannelCounters {
  received: number;
  sent: number;
  packetIns: number;
  /** Packet-ins that were not looked at because too much waited to be sent. */
  droppedPacketIns: number;
  /** Messages that were answered with an error. */
  malformed: number;
}

const packetInType = 10;
const errorType = 1;

/** An OpenFlow connection, of either side: hello, keep-alive, framing, answers, back-pressure. */
export class Channel {
  readonly counters: ChannelCounters = { received: 0, sent: 0, packetIns: 0, droppedPacketIns: 0, malformed: 0 };
  readonly #socket: Duplex;
  readonly #options: ChannelOptions;
  readonly #owner: ChannelOwner;
  readonly #framer = new Framer();
  readonly #outbox: Outbox;
  readonly #transactions = new Transactions();
  readonly #keepAlive: KeepAlive;
  #version: Version | 0 = 0;
  #closed = false;
  #helloTimer: NodeJS.Timeout | undefined;

  constructor(socket: Duplex, options: ChannelOptions, owner: ChannelOwner) {
    this.#socket = socket;
    this.#options = options;
    this.#owner = owner;
    this.#outbox = new Outbox(socket, options.pool);
    this.#keepAlive = new KeepAlive(options, {
      probe: () => this.send({ type: 'echo_request' }),
      dead: () => {
        const silence = options.probeMs + options.probeTimeoutMs;
        this.#end(new LinecardError('LC_TIMEOUT', `the switch was silent for ${silence} ms`));
      },
    });
  }

  /** The agreed version, 0 before it is agreed. */
  get version(): Version | 0 {
    return this.#version;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Says hello and begins to read. */
  start(): void {
    const { helloTimeoutMs, versions } = this.#options;
    this.#socket.on('data', (chunk: Uint8Array) => this.#read(chunk));
    this.#socket.on('error', (cause) => this.#end(lostError('connection lost', cause)));
    this.#socket.on('end', () => this.#end(new LinecardError('LC_CLOSED', 'the peer closed the connection')));
    this.#socket.on('close', () => this.#end(new LinecardError('LC_CLOSED', 'the connection is closed')));
    this.#helloTimer = setTimeout(() => {
      this.#end(new LinecardError('LC_TIMEOUT', `the peer did not say hello within ${helloTimeoutMs} ms`));
    }, helloTimeoutMs);
    this.#write({ type: 'hello', ...helloFor(versions), xid: this.#transactions.nextXid() });
  }

  /**
   * Sends a message and answers its transaction ID. Throws `LC_CLOSED` when the connection is gone and `LC_INVALID`
   * when the message cannot be encoded.
   */
  send(message: Outgoing): number {
    const xid = this.#transactions.nextXid();
    this.post({ ...message, version: this.#version, xid } as MessageInit);
    return xid;
  }

  /** A transaction ID for {@link post}. */
  nextXid(): number {
    return this.#transactions.nextXid();
  }

  /** Sends a message whose version and transaction ID are in it already: what {@link send} does, without a copy. */
  post(message: MessageInit): void {
    if (this.#closed || this.#version === 0) throw closedError(`its turn to send ${message.type}`);
    this.#write(message);
  }

  /** Sends a request; its reply, or all parts of it. See {@link Transactions.expect} for the errors. */
  async request(message: Outgoing, timeoutMs = this.#options.requestTimeoutMs): Promise<Message[]> {
    const xid = this.send(message);
    const what = 'kind' in message ? `${message.type} ${message.kind}` : message.type;
    return this.#transactions.expect(xid, what, timeoutMs);
  }

  /** Resolves when the switch has done all that was sent before. */
  async barrier(timeoutMs?: number): Promise<void> {
    await this.request({ type: 'barrier_request' }, timeoutMs);
  }

  /**
   * Sends messages that have no reply, then a barrier: resolves, when the switch has done them all, with those that it
   * refused. Waits in between when the switch is slow to read.
   */
  async postAll(messages: Iterable<MessageInit & { readonly xid: number }>, timeoutMs?: number): Promise<Refusal[]> {
    const refused: Refusal[] = [];
    const xids: number[] = [];
    try {
      for (const message of messages) {
        xids.push(message.xid);
        this.#transactions.watch(message.xid, (error) => refused.push({ message, error }));
        this.post(message);
        if (this.#outbox.queued > this.#options.highWater / 2) await this.#outbox.drained(this.#options.highWater / 4);
      }
      await this.barrier(timeoutMs);
    } finally {
      this.#transactions.unwatch(xids);
    }
    return refused;
  }

  /** Bytes that wait to be sent. */
  get queued(): number {
    return this.#outbox.queued;
  }

  /** Resolves when no more than `low` bytes wait to be sent, or the connection is gone. */
  drained(low?: number): Promise<void> {
    return this.#outbox.drained(low);
  }

  /** Tells the peer why, when there is something to tell, sends what waits and closes. */
  close(refusal?: { readonly type: number; readonly code: number; readonly reason: LinecardError }): void {
    if (refusal !== undefined && !this.#closed) {
      const data = Buffer.from(refusal.reason.message);
      this.#sendError(refusal.type, refusal.code, 0, data);
    }
    this.#end(refusal?.reason);
  }

  #write(message: MessageInit): void {
    this.#outbox.send(message);
    this.counters.sent++;
    if (this.#outbox.queued > this.#options.maxQueue) {
      this.#end(new LinecardError('LC_CLOSED', `the switch does not read: ${this.#outbox.queued} bytes wait for it`));
    }
  }

  #read(chunk: Uint8Array): void {
    this.#keepAlive.heard = true;
    try {
      for (const frame of this.#framer.push(chunk)) {
        if (this.#closed) return;
        this.#take(frame);
      }
    } catch (error) {
      if (!(error instanceof OpenFlowDecodeError)) throw error;
      this.#refuse(chunk.subarray(0, 64), error);
      this.#end(error);
    }
  }

  #take(frame: Uint8Array): void {
    this.counters.received++;
    if (frame[1] === packetInType) {
      this.counters.packetIns++;
      if (this.#outbox.queued > this.#options.highWater) {
        this.counters.droppedPacketIns++;
        return;
      }
    }
    const message = this.#decode(frame);
    if (message === undefined) return;
    if (this.#version === 0) this.#greet(message);
    else this.#dispatch(message, frame.length);
  }

  /** A malformed message is answered with an error; the stream after it can be read on. */
  #decode(frame: Uint8Array): Message | undefined {
    try {
      if (this.#version !== 0 && frame[0] !== this.#version && frame[1]! > errorType) throw wrongVersion(frame[0]!);
      return decode(frame);
    } catch (error) {
      if (!(error instanceof OpenFlowDecodeError)) throw error;
      this.#refuse(frame, error);
      return undefined;
    }
  }

  #refuse(frame: Uint8Array, error: OpenFlowDecodeError): void {
    this.counters.malformed++;
    // An error about an error would go to and fro for ever.
    if (frame[1] === errorType) return;
    const xid = frame.length < 8 ? 0 : new DataView(frame.buffer, frame.byteOffset).getUint32(4);
    this.#sendError(error.errorType, error.errorCode, xid, frame.slice(0, 64));
  }

  #sendError(error_type: number, error_code: number, xid: number, data: Uint8Array): void {
    const version = this.#version || helloFor(this.#options.versions).version;
    this.#write({ type: 'error', version, xid, error_type, error_code, data });
  }

  #greet(message: Message): void {
    const version = message.type === 'hello' ? negotiate(this.#options.versions, message) : undefined;
    if (message.type === 'error') {
      const text = Buffer.from(message.data)
        .toString('latin1')
        .replace(/[^ -~]/g, '');
      this.#end(new LinecardError('LC_PROTOCOL', `the peer refused the connection: ${text}`));
    } else if (message.type !== 'hello') {
      this.#end(new LinecardError('LC_PROTOCOL', `the peer began with ${message.type} instead of hello`));
    } else if (version === undefined) {
      this.#incompatible(message.version);
    } else {
      clearTimeout(this.#helloTimer);
      this.#version = version;
      this.#keepAlive.start();
      this.#owner.opened();
    }
  }

  #incompatible(theirs: number): void {
    const ours = this.#options.versions.map(versionName).join(', ');
    const reason = new LinecardError(
      'LC_PROTOCOL',
      `no common OpenFlow version: ${ours} offered, the peer announced up to ${versionName(theirs)}`,
      { hint: 'ovs-vsctl set bridge BRIDGE protocols=OpenFlow10,OpenFlow13' },
    );
    this.close({ type: 0, code: 0, reason });
  }

  #dispatch(message: Message, size: number): void {
    switch (message.type) {
      case 'packet_in':
        this.#owner.received(message);
        break;
      case 'echo_request':
        this.#write({ type: 'echo_reply', version: message.version, xid: message.xid, data: message.data });
        break;
      case 'hello':
      case 'echo_reply':
        break;
      default:
        if (!this.#transactions.take(message, size)) this.#owner.received(message);
    }
  }

  #end(reason: LinecardError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#helloTimer);
    this.#keepAlive.stop();
    this.#outbox.flush();
    this.#outbox.close();
    this.#transactions.close(reason);
    this.#socket.end();
    // A peer that does not read would keep the socket for ever.
    setTimeout(() => this.#socket.destroy(), 1000).unref();
    this.#owner.closed(reason);
  }
}

function wrongVersion(version: number): OpenFlowDecodeError {
  return new OpenFlowDecodeError(1 << 16, `version 0x${version.toString(16)} is not the one agreed upon`);
}
