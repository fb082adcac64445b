import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { LinecardError, Reconnect } from '@linecard/wire';
import { dial, type Endpoint, parseEndpoint } from './endpoint.js';
import { OvsdbError } from './errors.js';
import { RpcPeer, RpcRefusal } from './peer.js';
import { explainTls, type TlsFiles } from './tls.js';

/** How to reach one OVSDB server. */
export interface SessionOptions {
  /** `unix:/path`, `tcp:host:port` or `ssl:host:port`; several, separated by commas, are tried in turn. */
  readonly endpoint: string;
  /** Needed for `ssl:`. */
  readonly tls?: TlsFiles;
  /** Silence, in ms, after which a `tcp:` or `ssl:` server is probed; 0 never. Default 5000. Unix sockets need none. */
  readonly probeMs?: number;
  /** The longest wait between two attempts, in ms. Default 1000 for `unix:`, 8000 otherwise. */
  readonly maxBackoffMs?: number;
  /** How long one endpoint may take to accept the connection, in ms. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** The longest message that is accepted, in bytes. Default 256 MiB. */
  readonly maxMessageBytes?: number;
}

/** The events of a session. A `disconnected` session goes on trying until it is closed. */
export interface SessionEvents {
  connected: [];
  /** An attempt to connect has failed; the next one follows. */
  failed: [reason: LinecardError];
  disconnected: [reason: LinecardError];
  notification: [method: string, params: readonly unknown[]];
}

const defaultTimeoutMs = 10_000;
const mebibyte = 1024 * 1024;

/**
 * One JSON-RPC session with an OVSDB server (RFC 7047, section 4), opened again for ever with growing waits until it
 * is closed. On a unix socket an idle session has no timer.
 */
export class OvsdbSession extends EventEmitter<SessionEvents> {
  readonly #options: SessionOptions;
  readonly #endpoints: readonly Endpoint[];
  readonly #machine: Reconnect;
  #attempts = 0;
  #timer: NodeJS.Timeout | undefined;
  #socket: Socket | undefined;
  #peer: RpcPeer | undefined;
  #lastError: LinecardError | undefined;

  /** Does not connect yet. Throws `LC_INVALID` for an endpoint that cannot be read. */
  constructor(options: SessionOptions) {
    super();
    this.setMaxListeners(0);
    this.#options = options;
    this.#endpoints = options.endpoint.split(',').map((text) => parseEndpoint(text.trim()));
    const remote = this.#endpoints.some(({ kind }) => kind !== 'unix');
    this.#machine = new Reconnect({
      maxBackoffMs: options.maxBackoffMs ?? (remote ? 8000 : 1000),
      probeMs: remote ? (options.probeMs ?? 5000) : 0,
      ...(options.connectTimeoutMs === undefined ? {} : { connectTimeoutMs: options.connectTimeoutMs }),
    });
  }

  /** The endpoint as it was given. */
  get endpoint(): string {
    return this.#options.endpoint;
  }

  get connected(): boolean {
    return this.#peer !== undefined;
  }

  /** Why the last attempt failed or the last connection ended; undefined while all is well. */
  get lastError(): LinecardError | undefined {
    return this.#lastError;
  }

  /** Connects, and keeps connected from now on. */
  start(): void {
    this.#machine.start(performance.now());
    this.#step();
  }

  /** Rejects what is pending with `LC_CLOSED`, and resolves when the socket is closed. */
  async close(): Promise<void> {
    this.#machine.stop(performance.now());
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#drop(new LinecardError('LC_CLOSED', `the session with ${this.endpoint} was closed`));
    if (socket && !socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  }

  /** Gives the present connection up, as after a protocol error that was noticed elsewhere, and connects anew. */
  reconnect(reason: LinecardError): void {
    this.#drop(reason);
  }

  /** Resolves once connected, at once when it is. Rejects with `LC_OVSDB_UNREACHABLE` after `timeoutMs`. */
  async ready(timeoutMs: number): Promise<void> {
    if (this.connected) return;
    await new Promise<void>((resolve, reject) => {
      const onConnected = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.off('connected', onConnected);
        reject(this.#unreachable());
      }, timeoutMs);
      this.once('connected', onConnected);
    });
  }

  /**
   * One request. Rejects with `LC_OVSDB` (an {@link OvsdbError}: the server refused), `LC_TIMEOUT` or `LC_CLOSED`
   * (both: the outcome is unknown), `LC_OVSDB_UNREACHABLE` (not connected, nothing was sent). Default timeout 10 s.
   */
  async call(method: string, params: readonly unknown[], options: { timeoutMs?: number } = {}): Promise<unknown> {
    if (!this.#peer) throw this.#unreachable();
    try {
      return await this.#peer.call(method, params, options.timeoutMs ?? defaultTimeoutMs);
    } catch (error) {
      if (error instanceof RpcRefusal) throw new OvsdbError(`${this.endpoint} refused "${method}"`, error.answer);
      throw error;
    }
  }

  #unreachable(): LinecardError {
    const why = this.#lastError?.message ?? 'not connected yet';
    return new LinecardError('LC_OVSDB_UNREACHABLE', `no connection to ovsdb-server at ${this.endpoint}: ${why}`, {
      hint: 'is ovsdb-server running, and may this user open its socket?',
      cause: this.#lastError,
    });
  }

  #step(): void {
    const action = this.#machine.run(performance.now());
    if (action === 'connect') this.#connect();
    else if (action === 'probe') this.#peer?.probe();
    else if (action === 'disconnect') this.#drop(this.#silent());
    this.#arm();
  }

  #silent(): LinecardError {
    const what = this.connected ? 'answers no probe' : 'does not accept the connection in time';
    return new LinecardError('LC_CLOSED', `${this.endpoint} ${what}`);
  }

  /** After a long pause of this process timers run before the socket is read: `setImmediate` lets it be read first. */
  #arm(): void {
    clearTimeout(this.#timer);
    const deadline = this.#machine.deadline;
    if (deadline === undefined) return;
    this.#timer = setTimeout(() => setImmediate(() => this.#step()), Math.max(0, deadline - performance.now()));
    if (this.connected) this.#timer.unref();
  }

  #connect(): void {
    const endpoint = this.#endpoints[this.#attempts++ % this.#endpoints.length]!;
    try {
      const { socket, ready } = dial(endpoint, this.#options.tls);
      this.#socket = socket;
      const fail = (error: Error) => {
        if (this.#socket === socket && !this.connected) this.#drop(this.#failed(error));
      };
      socket.on('error', fail);
      socket.on('close', () => fail(new Error('the peer hung up')));
      socket.once(ready, () => {
        if (this.#socket === socket) this.#open(socket);
      });
    } catch (error) {
      this.#drop(this.#failed(error as Error));
    }
  }

  #failed(error: Error): LinecardError {
    return new LinecardError('LC_OVSDB_UNREACHABLE', `cannot connect to ${this.endpoint}: ${this.#explain(error)}`, {
      cause: error,
    });
  }

  #explain(error: Error): string {
    const { tls } = this.#options;
    return tls === undefined ? error.message : explainTls(error, tls);
  }

  #open(socket: Socket): void {
    this.#peer = new RpcPeer(socket, {
      name: this.endpoint,
      maxMessageBytes: this.#options.maxMessageBytes ?? 256 * mebibyte,
      maxUnsentBytes: 64 * mebibyte,
      onNotification: (method, params) => this.emit('notification', method, params),
      onReceived: () => this.#machine.received(performance.now()),
      explain: (error) => this.#explain(error),
      onClosed: (reason) => this.#lost(reason),
    });
    this.#lastError = undefined;
    this.#machine.connected(performance.now());
    this.#arm();
    this.emit('connected');
  }

  #drop(reason: LinecardError): void {
    if (this.#peer) {
      this.#peer.close(reason);
    } else if (this.#socket || this.#machine.state === 'connecting') {
      this.#socket?.destroy();
      this.#lost(reason);
    }
  }

  #lost(reason: LinecardError): void {
    const wasConnected = this.connected;
    this.#socket = undefined;
    this.#peer = undefined;
    this.#lastError = reason;
    this.#machine.lost(performance.now());
    this.#arm();
    this.emit(wasConnected ? 'disconnected' : 'failed', reason);
  }
}
