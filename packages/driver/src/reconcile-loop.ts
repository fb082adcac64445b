import type { Netlink } from '@linecard/linux';
import type { OpenvSwitch } from '@linecard/switch';

/** Does one piece of a look: what fails is reported, and the look is tried again. */
export type Attempt = (what: string, work: () => Promise<unknown>) => Promise<void>;

/** What every reconciler tells of its work. */
export interface LoopHooks {
  /** A piece that could not be put right; it is tried again. */
  readonly onError: (what: string, error: unknown) => void;
  /** What is remembered was read, once, before any request is served. */
  readonly onLoaded: () => void;
}

/** A change in the kernel. */
export type KernelEvent = Exclude<
  Parameters<Parameters<Netlink['watch']>[0]>[0],
  { kind: 'overrun' } | { kind: 'failed' }
>;

const firstRetryMs = 250;
const longestRetryMs = 30_000;

/**
 * Holds the world against what is wanted: one look at a time, after every (re)connect to Open vSwitch, when something of
 * ours changes in the kernel, when asked to, and again after a growing while when a piece could not be put right.
 */
export abstract class ReconcileLoop<Hooks extends LoopHooks> {
  protected readonly hooks: Hooks;
  protected readonly cleanups: (() => void)[] = [];
  /** What is just being made or removed, by ID. */
  protected readonly underway = new Set<string>();
  readonly #world: { readonly ovs: OpenvSwitch; readonly net: Netlink };
  #isLoaded = false;
  #running: Promise<void> | undefined;
  #dirty = false;
  #retryMs = firstRetryMs;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(world: { readonly ovs: OpenvSwitch; readonly net: Netlink }, hooks: Hooks) {
    this.#world = world;
    this.hooks = hooks;
  }

  /** Looks at everything and puts right what differs. */
  protected abstract look(attempt: Attempt): Promise<void>;

  /** Whether a change in the kernel is a reason to look. */
  protected abstract concerns(event: KernelEvent): boolean;

  /** Open vSwitch answers (again). */
  protected synced(): void {
    this.schedule();
  }

  /** Follows Open vSwitch and the kernel from now on. */
  start(): void {
    const { ovs, net } = this.#world;
    const { replica } = ovs.view;
    const onSynced = () => this.synced();
    replica.on('synced', onSynced);
    this.cleanups.push(
      () => void replica.off('synced', onSynced),
      net.watch((event) => {
        if (event.kind === 'failed') this.hooks.onError('watch the kernel', event.error);
        else if (event.kind === 'overrun' || this.concerns(event)) this.schedule();
      }),
    );
    if (replica.synced) onSynced();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const cleanup of this.cleanups) cleanup();
    await this.#running;
  }

  /** Whether what is remembered was read. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Reads what is remembered, unless that has been done. */
  protected loadOnce(read: () => void): void {
    if (this.#isLoaded) return;
    read();
    this.#isLoaded = true;
    this.hooks.onLoaded();
  }

  /** Keeps what is being made or removed from being taken for dead or stale. */
  async guarded<T>(id: string, work: () => Promise<T>): Promise<T> {
    this.underway.add(id);
    try {
      return await work();
    } finally {
      this.underway.delete(id);
    }
  }

  /** Looks once more, now or right after the look under way. */
  schedule(): void {
    if (this.#closed) return;
    this.#dirty = true;
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when no look is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #loop(): Promise<void> {
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      let failed = false;
      const attempt = async (what: string, work: () => Promise<unknown>) => {
        await work().catch((error: unknown) => {
          failed = true;
          if (!this.#closed) this.hooks.onError(what, error);
        });
      };
      await attempt('reconcile', () => this.look(attempt));
      if (failed) this.#later();
      else this.#retryMs = firstRetryMs;
    }
  }

  #later(): void {
    clearTimeout(this.#retry);
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.schedule(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }
}
