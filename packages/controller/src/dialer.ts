import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { LinecardError, Reconnect } from '@linecard/wire';
import type { Endpoint } from './endpoint.js';
import { lostError } from './errors.js';
import { keysFor, type TlsOptions } from './listener.js';

/** What becomes of the attempts of a {@link Dialer}. */
export interface DialerOwner {
  /** A new socket, with what to call when that connection has ended. */
  connected(socket: Socket, closed: () => void): void;
  /** It did not come about: said once for as long as the reason is the same. */
  failed(reason: LinecardError): void;
}

/** Connects to a switch that listens, and again whenever the connection is gone, until it is closed. */
export class Dialer {
  readonly #endpoint: Endpoint;
  readonly #tls: TlsOptions | undefined;
  readonly #owner: DialerOwner;
  readonly #plan = new Reconnect();
  #timer: NodeJS.Timeout | undefined;
  #socket: Socket | undefined;
  #lastReason = '';

  /** Throws what {@link keysFor} throws. */
  constructor(endpoint: Endpoint, tls: TlsOptions | undefined, owner: DialerOwner) {
    this.#endpoint = endpoint;
    this.#tls = endpoint.kind === 'tls' ? keysFor(endpoint, tls) : undefined;
    this.#owner = owner;
  }

  start(): void {
    this.#plan.start(performance.now());
    this.#schedule();
  }

  close(): void {
    this.#plan.stop(performance.now());
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { deadline } = this.#plan;
    if (deadline === undefined) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(deadline - performance.now())));
  }

  #run(): void {
    const action = this.#plan.run(performance.now());
    if (action === 'connect') this.#dial();
    if (action === 'disconnect') this.#failed(new LinecardError('LC_TIMEOUT', 'no connection: it does not answer'));
    this.#schedule();
  }

  #dial(): void {
    const socket = this.#open();
    this.#socket = socket;
    const failed = (cause: Error) => {
      if (this.#socket === socket) this.#failed(lostError('no connection', cause));
    };
    socket.once('error', failed);
    socket.once(this.#endpoint.kind === 'tls' ? 'secureConnect' : 'connect', () => {
      socket.off('error', failed);
      this.#lastReason = '';
      this.#plan.connected(performance.now());
      this.#schedule();
      this.#owner.connected(socket, () => {
        if (this.#socket === socket) this.#lost();
      });
    });
  }

  #failed(reason: LinecardError): void {
    this.#lost();
    if (reason.message === this.#lastReason) return;
    this.#lastReason = reason.message;
    this.#owner.failed(reason);
  }

  #open(): Socket {
    const endpoint = this.#endpoint;
    if (endpoint.kind === 'unix') return connectPlain({ path: endpoint.path });
    const { host, port } = endpoint;
    if (endpoint.kind === 'tcp') return connectPlain({ host, port, noDelay: true });
    // Certificates of switches carry names of switches, not of hosts: the authority is what is checked.
    return connectTls({
      host,
      port,
      ...this.#tls,
      rejectUnauthorized: this.#tls?.ca !== undefined,
      checkServerIdentity: () => undefined,
    });
  }

  #lost(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#plan.lost(performance.now());
    this.#schedule();
  }
}
