import { setTimeout as delay } from 'node:timers/promises';

/** How long an assertion may stay false, and what it is about. */
export interface EventuallyOptions {
  /** Milliseconds until the last failure is thrown; 10 s by default. */
  readonly timeoutMs?: number;
  /** What is expected, for the failure: "the stale port to be gone". */
  readonly what: string;
}

/**
 * Repeats assertions on something that can only be observed from outside until they hold, and returns what they return.
 * The failure at the end is the last one, with `what` before it.
 */
export async function eventually<T>(check: () => T | Promise<T>, options: EventuallyOptions): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() >= deadline) {
        if (error instanceof Error) error.message = `${options.what}, within ${timeoutMs} ms: ${error.message}`;
        throw error;
      }
    }
    await delay(20);
  }
}
