import { LinecardError } from '@linecard/wire';
import type { StageName } from '../file/schema.js';
import { type Deferred, deferred } from './deferred.js';

/** Which node has reached which stage, for those that wait for it. */
export class StageBoard {
  readonly #waiting = new Map<string, Deferred>();
  readonly #aborted: Promise<never>;

  /** Waiting ends with `LC_CLOSED` when `signal` aborts. */
  constructor(signal: AbortSignal) {
    this.#aborted = aborted(signal);
    this.#aborted.catch(() => undefined);
  }

  #entry(node: string, stage: StageName): Deferred {
    const key = `${node} ${stage}`;
    const entry = this.#waiting.get(key) ?? deferred();
    this.#waiting.set(key, entry);
    return entry;
  }

  reach(node: string, stage: StageName): void {
    this.#entry(node, stage).resolve();
  }

  async wait(node: string, stage: StageName): Promise<void> {
    await this.orAbort(this.#entry(node, stage).promise);
  }

  /** What `promise` gives, or `LC_CLOSED` as soon as the deploy is given up. */
  orAbort<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#aborted]);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const give = () => reject(new LinecardError('LC_CLOSED', 'given up, because another node failed'));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

/** Lets a limited number of pieces of work run at once. */
export class Workers {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
