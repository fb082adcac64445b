import { LinecardError } from '@linecard/wire';

/** How long to wait, and for what. */
export interface WaitOptions {
  readonly timeoutMs: number;
  /** Says in the error what did not come about, such as `an OpenFlow port for veth1`. */
  readonly what: string;
  /** Ends the wait early, with the signal's reason. */
  readonly signal?: AbortSignal;
}

interface Waiter {
  check(): void;
  end(error: Error): void;
}

/** Those who wait for a condition that can only come about with a change. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Resolves with the first result of `check` that is not undefined. */
  wait<T>(check: () => T | undefined, options: WaitOptions): Promise<T> {
    const { timeoutMs, what, signal } = options;
    return new Promise<T>((resolve, reject) => {
      signal?.throwIfAborted();
      const done = check();
      if (done !== undefined) {
        resolve(done);
        return;
      }
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(waiter);
      };
      const waiter: Waiter = {
        check: () => {
          try {
            const result = check();
            if (result === undefined) return;
            release();
            resolve(result);
          } catch (error) {
            waiter.end(error as Error);
          }
        },
        end: (error) => {
          release();
          reject(error);
        },
      };
      const onAbort = () => waiter.end(signal!.reason as Error);
      const timer = setTimeout(
        () => waiter.end(new LinecardError('LC_TIMEOUT', `waited ${timeoutMs} ms for ${what}`)),
        timeoutMs,
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** Something changed. */
  check(): void {
    for (const waiter of [...this.#waiting]) waiter.check();
  }

  rejectAll(error: Error): void {
    for (const waiter of [...this.#waiting]) waiter.end(error);
  }
}
