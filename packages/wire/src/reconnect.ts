/** Where a connection stands. `stopped` wants none; `probing` is connected but silent, with a probe sent. */
export type ReconnectState = 'stopped' | 'backoff' | 'connecting' | 'connected' | 'probing';

/** What the owner of the connection has to do now. After `disconnect` it closes the socket and calls `lost`. */
export type ReconnectAction = 'connect' | 'disconnect' | 'probe';

/** All times in milliseconds. */
export interface ReconnectOptions {
  /** The wait after the first failure; it doubles up to `maxBackoffMs`. Default 100. */
  readonly minBackoffMs?: number;
  /** Default 8000. */
  readonly maxBackoffMs?: number;
  /** How long an attempt to connect may take. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** Silence after which a probe is sent, and after which, once more, the peer counts as dead. 0 (default): never. */
  readonly probeMs?: number;
  /** 0 (inclusive) to 1; shortens each wait by up to a quarter, so that many clients do not return in step. */
  readonly random?: () => number;
}

/**
 * Decides when to connect, to probe and to give a connection up. It owns no socket, timer or clock: it is told the
 * time (any monotonic milliseconds) and what happened, and answers what to do. Modelled on the behaviour of Open
 * vSwitch's own reconnect library: a connection that lived longer than the present backoff resets it.
 */
export class Reconnect {
  readonly #minBackoff: number;
  readonly #maxBackoff: number;
  readonly #connectTimeout: number;
  readonly #probe: number;
  readonly #random: () => number;
  #state: ReconnectState = 'stopped';
  #backoff = 0;
  #since = 0;
  #wait = 0;
  #connectedAt = 0;

  constructor(options: ReconnectOptions = {}) {
    this.#minBackoff = options.minBackoffMs ?? 100;
    this.#maxBackoff = Math.max(this.#minBackoff, options.maxBackoffMs ?? 8000);
    this.#connectTimeout = options.connectTimeoutMs ?? 5000;
    this.#probe = options.probeMs ?? 0;
    this.#random = options.random ?? Math.random;
  }

  get state(): ReconnectState {
    return this.#state;
  }

  /** When `run` has to be called next, on the clock that `now` comes from; undefined: only after an event. */
  get deadline(): number | undefined {
    switch (this.#state) {
      case 'stopped':
        return undefined;
      case 'backoff':
        return this.#since + this.#wait;
      case 'connecting':
        return this.#since + this.#connectTimeout;
      default:
        return this.#probe > 0 ? this.#since + this.#probe : undefined;
    }
  }

  /** Wants a connection from now on; the first attempt is due at once. */
  start(now: number): void {
    if (this.#state !== 'stopped') return;
    this.#backoff = 0;
    this.#wait = 0;
    this.#enter('backoff', now);
  }

  /** Wants no connection any more. */
  stop(now: number): void {
    this.#enter('stopped', now);
  }

  /** The peer may be there again: a waiting attempt is due at once, and waits begin from the shortest again. */
  hurry(now: number): void {
    if (this.#state !== 'backoff') return;
    this.#backoff = 0;
    this.#wait = 0;
    this.#enter('backoff', now);
  }

  /** What is due at `now`, if anything. */
  run(now: number): ReconnectAction | undefined {
    const deadline = this.deadline;
    if (deadline === undefined || now < deadline) return undefined;
    if (this.#state === 'backoff') {
      this.#enter('connecting', now);
      return 'connect';
    }
    if (this.#state === 'connected') {
      this.#enter('probing', now);
      return 'probe';
    }
    return 'disconnect';
  }

  /** The attempt succeeded. */
  connected(now: number): void {
    if (this.#state !== 'connecting') return;
    this.#enter('connected', now);
    this.#connectedAt = now;
  }

  /** Anything came from the peer: it is alive. */
  received(now: number): void {
    if (this.#state === 'connected' || this.#state === 'probing') this.#enter('connected', now);
  }

  /** The attempt failed or the connection is gone. */
  lost(now: number): void {
    if (this.#state === 'stopped' || this.#state === 'backoff') return;
    const lived = this.#state === 'connecting' ? -1 : now - this.#connectedAt;
    const grown = Math.min(Math.max(this.#backoff * 2, this.#minBackoff), this.#maxBackoff);
    this.#backoff = lived >= this.#backoff ? this.#minBackoff : grown;
    this.#wait = this.#backoff * (1 - this.#random() / 4);
    this.#enter('backoff', now);
  }

  #enter(state: ReconnectState, now: number): void {
    this.#state = state;
    this.#since = now;
  }
}
