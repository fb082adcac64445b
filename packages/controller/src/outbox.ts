import type { Writable } from 'node:stream';
import { encodeInto, type MessageInit, Writer } from '@linecard/openflow';

const bufferSize = 65_536;
/** A turn's messages are handed over early when there are many, so that no buffer grows without need. */
const enough = bufferSize - 4096;

/** Buffers that outboxes write into, lent again when the kernel has taken their bytes; idle connections hold none. */
export class WriterPool {
  readonly #spare: Writer[] = [];
  readonly #limit: number;

  /** Keeps at most `limit` unused buffers of 64 KiB. */
  constructor(limit = 32) {
    this.#limit = limit;
  }

  take(): Writer {
    return this.#spare.pop() ?? new Writer(bufferSize);
  }

  give(writer: Writer): void {
    if (this.#spare.length >= this.#limit || writer.bytes.length > 2 * bufferSize) return;
    writer.reset();
    this.#spare.push(writer);
  }
}

/**
 * What a connection has to send. Messages of one turn of the event loop are encoded into one buffer and go out in one
 * write.
 */
export class Outbox {
  readonly #sink: Writable;
  readonly #pool: WriterPool;
  #writer: Writer | undefined;
  #inFlight = 0;
  #scheduled = false;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(sink: Writable, pool: WriterPool) {
    this.#sink = sink;
    this.#pool = pool;
  }

  /** Bytes that the kernel has not taken yet. */
  get queued(): number {
    return this.#inFlight + (this.#writer?.at ?? 0);
  }

  /** Encodes a message to be sent at the end of this turn. Throws `LC_INVALID` when it cannot be encoded. */
  send(message: MessageInit): void {
    this.#writer ??= this.#pool.take();
    encodeInto(this.#writer, message);
    if (this.#writer.at > enough) this.flush();
    else this.#schedule();
  }

  /** Sends a copy of bytes that are a message already. */
  put(bytes: Uint8Array): void {
    this.#writer ??= this.#pool.take();
    this.#writer.put(bytes);
    if (this.#writer.at > enough) this.flush();
    else this.#schedule();
  }

  /** Hands everything to the socket now. */
  flush(): void {
    const writer = this.#writer;
    if (writer === undefined || writer.at === 0) return;
    this.#writer = undefined;
    if (this.#closed) return;
    const length = writer.at;
    this.#inFlight += length;
    this.#sink.write(writer.view(), () => {
      this.#inFlight -= length;
      this.#pool.give(writer);
      if (this.#waiting.length > 0) this.#wake();
    });
  }

  /** Resolves when no more than `low` bytes wait, or the connection is gone. */
  async drained(low = 0): Promise<void> {
    while (this.queued > low && !this.#closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Nothing can be sent any more: those who wait are let go. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#turnEnds);
  }

  readonly #turnEnds = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
