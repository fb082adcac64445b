/** Looks again and again, a while after the last look has ended. What fails is told, and the next look comes anyway. */
export abstract class Rounds {
  readonly #what: string;
  readonly #onError: (what: string, error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `what` says in errors what is looked for. */
  constructor(what: string, onError: (what: string, error: unknown) => void) {
    this.#what = what;
    this.#onError = onError;
  }

  /** How long it is, in ms, until the next look. */
  protected abstract pauseMs(): number;

  protected abstract look(): Promise<void>;

  start(): void {
    this.#timer = setTimeout(() => void this.#round(), this.pauseMs());
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      if (!this.#closed) this.#onError(this.#what, error);
    }
    if (!this.#closed) this.start();
  }
}
