import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { MessageOf, Version } from '@linecard/openflow';
import { LinecardError } from '@linecard/wire';
import type { App, AppHandlers } from './app.js';
import { AppHost, type AppScope } from './app-host.js';
import type { ChannelOptions } from './channel.js';
import { Connection, type ConnectionOwner } from './connection.js';
import { Dialer } from './dialer.js';
import { type Endpoint, formatEndpoint, parseEndpoint } from './endpoint.js';
import type { DesiredFlows } from './flows.js';
import { type Listener, listen, type TlsOptions } from './listener.js';
import { allVersions } from './negotiate.js';
import { WriterPool } from './outbox.js';
import type { SwitchSession } from './switch-session.js';

/** What a controller needs; everything may be left out. Times in milliseconds. */
export interface ControllerOptions {
  /** Versions to offer, as on the wire; all when absent. Apps narrow them further. */
  readonly versions?: readonly Version[];
  /** For `tls:` endpoints of either direction. */
  readonly tls?: TlsOptions;
  /** Silence after which a switch is asked for a sign of life. Default 5000. */
  readonly probeMs?: number;
  /** How long the sign may take. Default 5000. */
  readonly probeTimeoutMs?: number;
  /** How long an answer may take. Default 10000. */
  readonly requestTimeoutMs?: number;
  /** Bytes waiting to be sent to one switch above which its packet-ins are dropped. Default 1 MiB. */
  readonly highWater?: number;
  /** Bytes waiting above which the connection is given up. Default 64 MiB. */
  readonly maxQueue?: number;
  /** Connections at once, of all listeners together. Default 4096. */
  readonly maxConnections?: number;
}

/** The events of a {@link Controller}. */
export interface ControllerEvents {
  up: [sw: SwitchSession];
  down: [sw: SwitchSession, reason: LinecardError | undefined];
  /** A connection that never became a switch, or never came about. */
  rejected: [peer: string, reason: LinecardError];
  /** A handler of an app threw or rejected. */
  appError: [app: App, handler: keyof AppHandlers, error: unknown, sw: SwitchSession];
  /** A switch refused something that nobody waited for. */
  refused: [sw: SwitchSession, error: MessageOf<'error'>];
}

const maxRemembered = 4096;

/** Speaks OpenFlow with many switches, and lets apps rule them. */
export class Controller extends EventEmitter<ControllerEvents> {
  readonly #options: ControllerOptions;
  readonly #host: AppHost;
  readonly #pool = new WriterPool();
  readonly #listeners = new Map<string, Listener>();
  readonly #dialers = new Map<string, Dialer>();
  readonly #connections = new Set<Connection>();
  readonly #sessions = new Map<bigint, SwitchSession>();
  readonly #desired = new Map<bigint, DesiredFlows>();

  constructor(options: ControllerOptions = {}) {
    super();
    this.#options = options;
    this.#host = new AppHost((app, handler, error, sw) => this.emit('appError', app, handler, error, sw));
  }

  /** The switches that are up, by datapath ID. */
  get switches(): ReadonlyMap<bigint, SwitchSession> {
    return this.#sessions;
  }

  get apps(): readonly App[] {
    return this.#host.apps;
  }

  /**
   * Lets an app rule the switches in its scope (all, when absent), those that are up included. Throws `LC_CONFLICT`
   * when it runs already.
   */
  use(app: App, scope?: AppScope): void {
    this.#host.add(app, scope, this.#sessions.values());
  }

  /** Takes an app out. Its flows stay until others take their place: a network does not stop for an update. */
  remove(app: App): void {
    if (this.#host.remove(app) !== false) app.close?.();
  }

  /** Puts `next` in the place of an app, with its scope. */
  replace(app: App, next: App): void {
    const scope = this.#host.remove(app);
    if (scope !== false) app.close?.();
    this.use(next, scope || undefined);
  }

  /**
   * Awaits switches at `endpoint` (`tcp:127.0.0.1:6653`, `tls:...`, `unix:...`); answers where exactly, which matters
   * for port 0. Rejects with `LC_CONFLICT` when the place is taken, `LC_INVALID` when it is `tls:` without good keys.
   */
  async listen(endpoint: Endpoint | string): Promise<Endpoint> {
    const wanted = typeof endpoint === 'string' ? parseEndpoint(endpoint) : endpoint;
    const listener = await listen(wanted, this.#options.tls, {
      accepted: (socket, peer) => this.#accept(socket, peer),
      rejected: (peer, reason) => this.emit('rejected', peer, reason),
    });
    this.#listeners.set(formatEndpoint(listener.endpoint), listener);
    return listener.endpoint;
  }

  /**
   * Connects to a switch that listens (`ptcp:`, or its `BRIDGE.mgmt` socket), again and again until it is ended. Throws
   * `LC_INVALID` for `tls:` without good keys.
   */
  connect(endpoint: Endpoint | string): { close(): void } {
    const wanted = typeof endpoint === 'string' ? parseEndpoint(endpoint) : endpoint;
    const name = formatEndpoint(wanted);
    const dialer = new Dialer(wanted, this.#options.tls, {
      connected: (socket, closed) => this.#add(socket, name, closed),
      failed: (reason) => this.emit('rejected', name, reason),
    });
    this.#dialers.set(name, dialer);
    dialer.start();
    return {
      close: () => {
        dialer.close();
        this.#dialers.delete(name);
      },
    };
  }

  /** Forgets what is wanted of a switch that is gone for good. */
  forget(dpid: bigint): void {
    this.#desired.delete(dpid);
  }

  /** Ends everything: listeners, connections, apps. */
  async close(): Promise<void> {
    for (const dialer of this.#dialers.values()) dialer.close();
    for (const app of this.#host.apps) this.remove(app);
    const closing = [...this.#listeners.values()].map((listener) => listener.close());
    for (const connection of this.#connections) connection.channel.close();
    this.#dialers.clear();
    this.#listeners.clear();
    await Promise.all(closing);
  }

  #accept(socket: Duplex, peer: string): void {
    if (this.#connections.size >= (this.#options.maxConnections ?? 4096)) {
      socket.destroy();
      this.emit('rejected', peer, new LinecardError('LC_CONFLICT', `${this.#connections.size} connections are enough`));
      return;
    }
    this.#add(socket, peer, () => undefined);
  }

  #add(socket: Duplex, peer: string, closed: () => void): void {
    const connection = new Connection(socket, peer, this.#channelOptions(), this.#owner(closed));
    this.#connections.add(connection);
  }

  #channelOptions(): ChannelOptions {
    const options = this.#options;
    return {
      versions: this.#versions(),
      probeMs: options.probeMs ?? 5000,
      probeTimeoutMs: options.probeTimeoutMs ?? 5000,
      helloTimeoutMs: options.requestTimeoutMs ?? 10_000,
      requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
      highWater: options.highWater ?? 1024 * 1024,
      maxQueue: options.maxQueue ?? 64 * 1024 * 1024,
      pool: this.#pool,
    };
  }

  /** What is offered: the versions that all apps that rule every switch can work with. */
  #versions(): readonly Version[] {
    const offered = this.#options.versions ?? allVersions;
    const common = offered.filter((version) => this.#host.knows(version));
    return common.length > 0 ? common : offered;
  }

  #owner(closed: () => void): ConnectionOwner {
    return {
      desiredOf: (dpid) => this.#desiredOf(dpid),
      up: (sw) => this.#up(sw),
      packetIn: (sw, packet) => this.#host.packetIn(sw, packet),
      portStatus: (sw, event) => this.#host.portStatus(sw, event),
      flowRemoved: (sw, event) => this.#host.flowRemoved(sw, event),
      refused: (sw, error) => this.emit('refused', sw, error),
      closed: (connection, sw, reason) => {
        this.#connections.delete(connection);
        if (sw !== undefined) this.#down(sw, reason);
        else if (reason !== undefined) this.emit('rejected', connection.peer, reason);
        closed();
      },
    };
  }

  #desiredOf(dpid: bigint): DesiredFlows {
    const known = this.#desired.get(dpid);
    if (known !== undefined) return known;
    if (this.#desired.size >= maxRemembered) this.#forgetOne();
    const desired: DesiredFlows = new Map();
    this.#desired.set(dpid, desired);
    return desired;
  }

  #forgetOne(): void {
    for (const dpid of this.#desired.keys()) {
      if (this.#sessions.has(dpid)) continue;
      this.#desired.delete(dpid);
      return;
    }
  }

  /** A switch that connects again while its old connection looks alive has lost the old one. */
  #up(sw: SwitchSession): void {
    const before = this.#sessions.get(sw.dpid);
    this.#sessions.set(sw.dpid, sw);
    if (before !== undefined) {
      this.#host.switchDown(before);
      this.emit('down', before, new LinecardError('LC_CLOSED', `switch ${sw.name} has connected again`));
      before.close();
    }
    this.emit('up', sw);
    this.#host.switchUp(sw);
  }

  #down(sw: SwitchSession, reason: LinecardError | undefined): void {
    if (this.#sessions.get(sw.dpid) !== sw) return;
    this.#sessions.delete(sw.dpid);
    this.#host.switchDown(sw);
    this.emit('down', sw, reason);
  }
}
