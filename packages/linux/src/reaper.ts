import { randomInt } from 'node:crypto';
import { LinecardError } from '@linecard/wire';
import { encodeDeleteGroup, encodeDeleteLink, encodeSetLink } from './link.js';
import { checkInterfaceName } from './names.js';
import { Channel, type Outcome, type Request } from './netlink/channel.js';
import { assertLittleEndian } from './netlink/host-order.js';
import { isErrno, type KernelError } from './netlink/kernel-error.js';
import { RTM } from './netlink/rtnetlink.js';
import { NETLINK_ROUTE } from './netlink/transport.js';
import { openWorkerSocket } from './netlink/worker-transport.js';

/** One request of a batch is the deletion itself. */
const BATCH_MAX = 255;
const ATTEMPTS = 3;
const TIMEOUT_MS = 30_000;

interface Waiting {
  readonly name: string;
  done(outcome: Error | undefined): void;
}

/**
 * Deletes links off the event loop. Deleting a link makes the kernel wait for a grace period (some 16 ms) in the
 * thread that asks, but all links of one interface group share it. So a thread of its own asks, and names that come
 * while it is busy are put in a fresh group and deleted together.
 */
export class LinkReaper {
  readonly #channel: Channel;
  #waiting: Waiting[] = [];
  #running = false;
  #closed = false;

  constructor() {
    assertLittleEndian();
    this.#channel = new Channel((events) => openWorkerSocket(NETLINK_ROUTE, events), { timeoutMs: TIMEOUT_MS });
  }

  /**
   * Deletes links by name and resolves when they are gone; missing ones are fine. Rejects with the first refusal
   * after all were tried. An idle reaper does not keep the process alive.
   */
  async remove(names: readonly string[]): Promise<void> {
    if (this.#closed) throw closedError();
    for (const name of names) checkInterfaceName(name);
    const outcomes = await Promise.all(names.map((name) => this.#enqueue(name)));
    const failure = outcomes.find((outcome) => outcome !== undefined);
    if (failure !== undefined) throw failure;
  }

  /**
   * Rejects what still waits with `LC_CLOSED`, and resolves when the thread has ended. Wait for it before
   * `process.exit`: the native socket aborts the process when its thread is stopped while it receives.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const one of this.#waiting.splice(0)) one.done(closedError());
    await this.#channel.close();
  }

  #enqueue(name: string): Promise<Error | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push({ name, done: resolve });
      if (this.#running) return;
      this.#running = true;
      // Names that other callers give in this turn of the event loop come along.
      setImmediate(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      const outcomes = await this.#delete(batch.map((one) => one.name)).catch((error: Error) => batch.map(() => error));
      for (const [index, one] of batch.entries()) one.done(outcomes[index]);
    }
    this.#running = false;
  }

  async #delete(names: readonly string[]): Promise<readonly (Error | undefined)[]> {
    if (names.length === 1) return this.#deleteEach(names);
    const group = randomInt(0x4000_0000, 0x7fff_ffff);
    const outcomes = await this.#submit([
      ...names.map((name) => ({
        what: `delete the interface ${name}`,
        type: RTM.SETLINK,
        payload: encodeSetLink(name, { group }, undefined),
      })),
      { what: `delete ${names.length} interfaces`, type: RTM.DELLINK, payload: encodeDeleteGroup(group) },
    ]);
    const deletion = missingIsFine(outcomes.at(-1));
    // One link that cannot be deleted (a physical one) makes the kernel refuse the whole group.
    return deletion === undefined ? outcomes.slice(0, -1).map(missingIsFine) : this.#deleteEach(names);
  }

  async #deleteEach(names: readonly string[]): Promise<readonly (Error | undefined)[]> {
    const outcomes = await this.#submit(
      names.map((name) => ({
        what: `delete the interface ${name}`,
        type: RTM.DELLINK,
        payload: encodeDeleteLink(name),
      })),
    );
    return outcomes.map(missingIsFine);
  }

  /** Deleting twice does no harm, so a batch is sent again when the thread died over it. */
  async #submit(requests: readonly Request[]): Promise<readonly Outcome[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#channel.batch(requests);
      } catch (error) {
        if (attempt === ATTEMPTS || !isErrno(error, 'ECONNRESET')) throw error;
      }
    }
  }
}

function missingIsFine(outcome: Outcome): KernelError | undefined {
  return isErrno(outcome, 'ENODEV') ? undefined : outcome;
}

function closedError(): LinecardError {
  return new LinecardError('LC_CLOSED', 'the link reaper is closed');
}
