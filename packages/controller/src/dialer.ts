import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Reconnect } from '@linecard/wire';
import type { Endpoint } from './endpoint.js';
import type { TlsOptions } from './listener.js';

/** Connects to a switch that listens, and again whenever the connection is gone, until it is closed. */
export class Dialer {
  readonly #endpoint: Endpoint;
  readonly #tls: TlsOptions | undefined;
  readonly #connected: (socket: Socket, closed: () => void) => void;
  readonly #plan = new Reconnect();
  #timer: NodeJS.Timeout | undefined;
  #socket: Socket | undefined;

  /** `connected` gets each new socket, with what to call when that connection has ended. */
  constructor(
    endpoint: Endpoint,
    tls: TlsOptions | undefined,
    connected: (socket: Socket, closed: () => void) => void,
  ) {
    this.#endpoint = endpoint;
    this.#tls = tls;
    this.#connected = connected;
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
    if (action === 'disconnect') this.#lost();
    this.#schedule();
  }

  #dial(): void {
    const socket = this.#open();
    this.#socket = socket;
    const failed = () => {
      if (this.#socket === socket) this.#lost();
    };
    socket.once('error', failed);
    socket.once(this.#endpoint.kind === 'tls' ? 'secureConnect' : 'connect', () => {
      socket.off('error', failed);
      this.#plan.connected(performance.now());
      this.#schedule();
      this.#connected(socket, failed);
    });
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
