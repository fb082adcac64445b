import type { Message, MessageOf } from '@linecard/openflow';
import { LinecardError } from '@linecard/wire';
import { closedError, OpenFlowError } from './errors.js';

interface Pending {
  readonly what: string;
  readonly parts: Message[];
  /** Bytes of all parts so far. */
  size: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (parts: Message[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests under way at once, and bytes of one reply in parts. */
const maxPending = 65_536;
const maxReply = 256 * 1024 * 1024;
const maxXid = 0xffff_ffff;

/** Requests whose replies are awaited, by transaction ID, and messages that may only fail. */
export class Transactions {
  readonly #pending = new Map<number, Pending>();
  readonly #watched = new Map<number, (error: MessageOf<'error'>) => void>();
  #last = 0;

  /** A transaction ID that nobody waits for. */
  nextXid(): number {
    do this.#last = this.#last >= maxXid ? 1 : this.#last + 1;
    while (this.#pending.has(this.#last) || this.#watched.has(this.#last));
    return this.#last;
  }

  /**
   * The reply to `xid`, with all its parts. Rejects with {@link OpenFlowError} when the switch refuses, `LC_TIMEOUT`
   * after `timeoutMs` and `LC_CLOSED` when the connection goes.
   */
  expect(xid: number, what: string, timeoutMs: number): Promise<Message[]> {
    if (this.#pending.size >= maxPending) {
      return Promise.reject(
        new LinecardError('LC_CLOSED', `${what} was not asked: ${maxPending} requests wait already`),
      );
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(xid);
        reject(new LinecardError('LC_TIMEOUT', `the switch did not answer ${what} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(xid, { what, parts: [], size: 0, timer, resolve, reject });
    });
  }

  /** Calls `failed` if the message `xid` is refused, until {@link unwatch}. */
  watch(xid: number, failed: (error: MessageOf<'error'>) => void): void {
    this.#watched.set(xid, failed);
  }

  unwatch(xids: Iterable<number>): void {
    for (const xid of xids) this.#watched.delete(xid);
  }

  /** Takes a message of `size` bytes that may be an answer; whether it was one. */
  take(message: Message, size: number): boolean {
    if (message.type === 'error') {
      const failed = this.#watched.get(message.xid);
      if (failed !== undefined) {
        failed(message);
        return true;
      }
    }
    const pending = this.#pending.get(message.xid);
    if (pending === undefined) return false;
    this.#answer(pending, message, size);
    return true;
  }

  #answer(pending: Pending, message: Message, size: number): void {
    const { what } = pending;
    if (message.type === 'error') {
      this.#end(message.xid)?.reject(new OpenFlowError(what, message));
      return;
    }
    pending.parts.push(message);
    pending.size += size;
    if (message.type === 'multipart_reply' && message.more) {
      if (pending.size <= maxReply) return;
      const error = new LinecardError('LC_PROTOCOL', `the answer to ${what} is longer than ${maxReply} bytes`);
      this.#end(message.xid)?.reject(error);
      return;
    }
    this.#end(message.xid)?.resolve(pending.parts);
  }

  #end(xid: number): Pending | undefined {
    const pending = this.#pending.get(xid);
    clearTimeout(pending?.timer);
    this.#pending.delete(xid);
    return pending;
  }

  /** The connection is gone: all that wait are told. */
  close(cause?: unknown): void {
    this.#watched.clear();
    for (const [xid, { what, reject }] of this.#pending) {
      this.#end(xid);
      reject(closedError(what, cause));
    }
  }
}
