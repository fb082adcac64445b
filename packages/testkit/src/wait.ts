import { setTimeout as delay } from 'node:timers/promises';
import { LinecardError } from '@linecard/wire';

/** How long to wait, and for what. */
export interface WaitOptions {
  /** Milliseconds until LC_TIMEOUT. */
  readonly timeoutMs: number;
  /** What is awaited, for the error: "dockerd to answer". */
  readonly what: string;
  /** Milliseconds between two looks; 10 by default. */
  readonly everyMs?: number;
}

/**
 * Looks at something that can only be observed from outside until `check` answers with a value, and returns that.
 * What `check` throws ends the wait at once.
 *
 * @throws LC_TIMEOUT
 */
export async function waitUntil<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() >= deadline) {
      throw new LinecardError('LC_TIMEOUT', `waited ${options.timeoutMs} ms for ${options.what}`);
    }
    await delay(options.everyMs ?? 10);
  }
}
