import type { Duplex } from 'node:stream';
import { LinecardError } from '@linecard/wire';
import { JsonSplitter } from './framing.js';

/** The peer's `error` member, before the caller says what it was about. */
export class RpcRefusal extends Error {
  readonly answer: unknown;

  constructor(answer: unknown) {
    super('refused');
    this.answer = answer;
  }
}

/** What the owner of a peer is told, and its bounds. */
export interface PeerOptions {
  /** Names the peer in errors, such as `unix:/run/openvswitch/db.sock`. */
  readonly name: string;
  /** The longest message that is accepted, in bytes. */
  readonly maxMessageBytes: number;
  /** How many bytes may wait for a peer that does not read. */
  readonly maxUnsentBytes: number;
  readonly onNotification: (method: string, params: readonly unknown[]) => void;
  /** Any bytes came. */
  readonly onReceived: () => void;
  /** What an error of the stream means. With TLS a certificate may be refused after the connection is open. */
  readonly explain?: (error: Error) => string;
  /** Called once; every call that was pending has been rejected by then. */
  readonly onClosed: (reason: LinecardError) => void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * JSON-RPC 1.0 over one open stream, as OVSDB (RFC 7047, section 4) and unixctl speak it: calls with deadlines,
 * notifications, and an answer to the peer's `echo`.
 */
export class RpcPeer {
  readonly #stream: Duplex;
  readonly #options: PeerOptions;
  readonly #splitter: JsonSplitter;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #closed: LinecardError | undefined;

  constructor(stream: Duplex, options: PeerOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#splitter = new JsonSplitter(options.maxMessageBytes);
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('error', (error) => this.close(closed(options.name, options.explain?.(error) ?? error.message, error)));
    stream.on('close', () => this.close(closed(options.name, 'the peer hung up')));
  }

  /**
   * Rejects with `RpcRefusal` (the peer answered an error), `LC_TIMEOUT` (the outcome is unknown) or the reason why
   * the stream was closed.
   */
  call(method: string, params: readonly unknown[], timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(this.#closed);
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(
          new LinecardError('LC_TIMEOUT', `${this.#options.name} did not answer "${method}" within ${timeoutMs} ms`),
        );
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send({ id, method, params });
    });
  }

  /** Sends a request whose answer is of no interest beyond being a sign of life. */
  probe(): void {
    this.#send({ id: 'echo', method: 'echo', params: [] });
  }

  /** Closes the stream at once and rejects what is pending with `reason`. */
  close(reason: LinecardError): void {
    if (this.#closed) return;
    this.#closed = reason;
    this.#stream.destroy();
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#pending.clear();
    this.#options.onClosed(reason);
  }

  #send(message: unknown): void {
    if (this.#closed) return;
    if (this.#stream.writableLength > this.#options.maxUnsentBytes) {
      this.close(closed(this.#options.name, `it does not read: ${this.#stream.writableLength} bytes are waiting`));
      return;
    }
    this.#stream.write(JSON.stringify(message));
  }

  #receive(chunk: Buffer): void {
    this.#options.onReceived();
    try {
      this.#splitter.push(chunk, (message) => {
        if (!this.#closed) this.#dispatch(message as Record<string, unknown>);
      });
    } catch (error) {
      if (!(error instanceof LinecardError)) throw error;
      this.close(new LinecardError('LC_PROTOCOL', `${this.#options.name}: ${error.message}`, { cause: error }));
    }
  }

  #dispatch(message: Record<string, unknown>): void {
    const { id, method } = message;
    if (typeof method === 'string') {
      const params = Array.isArray(message.params) ? (message.params as unknown[]) : [];
      if (id === null || id === undefined) this.#options.onNotification(method, params);
      else if (method === 'echo') this.#send({ id, result: params, error: null });
      else this.#send({ id, result: null, error: 'unknown method' });
      return;
    }
    const pending = this.#pending.get(id as number);
    if (!pending) return; // the answer to a probe, or to a call that timed out
    this.#pending.delete(id as number);
    clearTimeout(pending.timer);
    const error = message.error;
    if (error === null || error === undefined) pending.resolve(message.result);
    else pending.reject(new RpcRefusal(error));
  }
}

function closed(name: string, why: string, cause?: unknown): LinecardError {
  return new LinecardError('LC_CLOSED', `connection to ${name} closed: ${why}`, { cause });
}
