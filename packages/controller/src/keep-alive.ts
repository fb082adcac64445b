/** Times in milliseconds. */
export interface KeepAliveOptions {
  /** After so much silence the peer is asked for a sign of life. */
  readonly probeMs: number;
  /** How long it may take to give one. */
  readonly probeTimeoutMs: number;
}

/** What to do about silence. */
export interface KeepAliveOwner {
  /** Asks for a sign of life. */
  probe(): void;
  /** There was none. */
  dead(): void;
}

/** Watches for silence at the cost of one assignment per read, not of a timer. */
export class KeepAlive {
  /** Set whenever something comes from the peer. */
  heard = false;
  readonly #options: KeepAliveOptions;
  readonly #owner: KeepAliveOwner;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeepAliveOptions, owner: KeepAliveOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  start(): void {
    this.heard = false;
    this.#timer = setTimeout(() => this.#check(), this.#options.probeMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #check(): void {
    if (this.heard) {
      this.start();
      return;
    }
    this.#timer = setTimeout(() => {
      if (this.heard) this.start();
      else this.#owner.dead();
    }, this.#options.probeTimeoutMs);
    this.#owner.probe();
  }
}
