import { LinecardError } from '@linecard/wire';
import { joinBytes } from './attributes.js';
import { decodeFrames, encodeFrame, errnoOf, type Frame, NLM_F, NLMSG } from './frame.js';
import { KernelError } from './kernel-error.js';
import type { Transport, TransportEvents } from './transport.js';

/** One request; `what` names the operation and the object for error messages. */
export interface Request {
  readonly what: string;
  readonly type: number;
  readonly flags?: number;
  readonly payload: Uint8Array;
}

/** The answer to one request of a batch: undefined when the kernel did it. */
export type Outcome = KernelError | undefined;

interface Job {
  readonly what: string;
  readonly dump: boolean;
  readonly requests: readonly Request[];
  readonly timeoutMs: number;
  settle(result: Result | Error): void;
}

interface Result {
  readonly frames: readonly Frame[];
  readonly outcomes: readonly Outcome[];
  readonly interrupted: boolean;
}

interface Current {
  readonly job: Job;
  readonly first: number;
  readonly timer: NodeJS.Timeout;
  readonly frames: Frame[];
  readonly outcomes: Outcome[];
  interrupted: boolean;
}

/** Limits of a channel. */
export interface ChannelOptions {
  /** How long the kernel may take for one request, in ms (5000). */
  readonly timeoutMs?: number;
  /** How many requests may wait (4096). */
  readonly queueMax?: number;
  /** How many messages one dump may have (65536). */
  readonly framesMax?: number;
}

const DUMP_ATTEMPTS = 8;

/**
 * Requests and answers over a netlink transport, one at a time: the kernel executes a request while it is sent, and
 * a socket can have one dump only. Answers are matched by sequence number; what belongs to no request is dropped.
 */
export class Channel {
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #queueMax: number;
  readonly #framesMax: number;
  readonly #queue: Job[] = [];
  #current: Current | undefined;
  #sequence = 0;
  #closed = false;

  constructor(connect: (events: TransportEvents) => Transport, options: ChannelOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? 5000;
    this.#queueMax = options.queueMax ?? 4096;
    this.#framesMax = options.framesMax ?? 65536;
    this.#transport = connect({
      datagram: (bytes) => this.#datagram(bytes),
      failure: (error) => this.#finish(error),
    });
  }

  /** Rejects what is under way and what waits with `LC_CLOSED`. Resolves when the transport has stopped. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const waiting = this.#queue.splice(0);
    this.#finish(closedError(this.#current?.job.what ?? 'netlink'));
    for (const job of waiting) job.settle(closedError(job.what));
    await this.#transport.close();
  }

  /** Sends one request and returns the messages that came before its acknowledgement. */
  async request(request: Request): Promise<readonly Frame[]> {
    const result = await this.#submit([request], false);
    const outcome = result.outcomes[0];
    if (outcome !== undefined) throw outcome;
    return result.frames;
  }

  /**
   * Sends several requests in one datagram; the kernel executes all of them in order, also after one failed. The
   * outcomes stand in the order of the requests. At most 256, so that the answers fit in the receive buffer.
   */
  async batch(requests: readonly Request[], timeoutMs?: number): Promise<readonly Outcome[]> {
    if (requests.length === 0) return [];
    if (requests.length > 256) throw new LinecardError('LC_INVALID', 'a netlink batch has at most 256 requests');
    return (await this.#submit(requests, false, timeoutMs)).outcomes;
  }

  /** Reads a whole dump; when the kernel says that it changed meanwhile (NLM_F_DUMP_INTR), reads it again. */
  async dump(request: Request): Promise<readonly Frame[]> {
    for (let attempt = 1; ; attempt++) {
      const result = await this.#submit([request], true);
      if (result.outcomes[0] !== undefined) throw result.outcomes[0];
      if (!result.interrupted) return result.frames;
      if (attempt === DUMP_ATTEMPTS) {
        throw new LinecardError('LC_TIMEOUT', `${request.what}: it changed during each of ${attempt} attempts`, {
          hint: 'interfaces are being added and removed very fast; try again',
        });
      }
    }
  }

  #submit(requests: readonly Request[], dump: boolean, timeoutMs = this.#timeoutMs): Promise<Result> {
    const what = requests.at(-1)!.what;
    if (this.#closed) return Promise.reject(closedError(what));
    if (this.#queue.length >= this.#queueMax) {
      return Promise.reject(new KernelError(`${what}: ${this.#queueMax} netlink requests wait already`, 'ENOBUFS'));
    }
    return new Promise((resolve, reject) => {
      const settle = (result: Result | Error) => (result instanceof Error ? reject(result) : resolve(result));
      this.#queue.push({ what, dump, requests, timeoutMs, settle });
      if (this.#current === undefined) this.#next();
    });
  }

  #next(): void {
    const job = this.#queue.shift();
    this.#transport.hold(job !== undefined);
    if (job === undefined) return;
    const last = this.#sequence + job.requests.length;
    const first = last > 0xffff_ffff ? 1 : this.#sequence + 1;
    this.#sequence = first + job.requests.length - 1;
    const timer = setTimeout(() => this.#finish(timeoutError(job)), job.timeoutMs);
    this.#current = { job, first, timer, frames: [], outcomes: job.requests.map(() => undefined), interrupted: false };
    this.#transport.send(encodeJob(job, first));
  }

  #datagram(bytes: Uint8Array): void {
    try {
      for (const frame of decodeFrames(bytes)) this.#frame(frame);
    } catch (error) {
      this.#finish(error as Error);
    }
  }

  #frame(frame: Frame): void {
    const current = this.#current;
    const index = current === undefined ? -1 : frame.sequence - current.first;
    if (current === undefined || index < 0 || index >= current.job.requests.length) return;
    if ((frame.flags & NLM_F.DUMP_INTR) !== 0) current.interrupted = true;
    if (frame.type === NLMSG.ERROR || frame.type === NLMSG.DONE) this.#answered(current, index, errnoOf(frame));
    else if (frame.type === NLMSG.OVERRUN) this.#finish(new KernelError(current.job.what, 'ENOBUFS'));
    else if (frame.type !== NLMSG.NOOP) this.#collect(current, frame);
  }

  #answered(current: Current, index: number, errno: number): void {
    if (errno !== 0) current.outcomes[index] = new KernelError(current.job.requests[index]!.what, errno);
    if (index === current.job.requests.length - 1) this.#finish(current);
  }

  #collect(current: Current, frame: Frame): void {
    if (current.frames.length >= this.#framesMax) {
      this.#finish(new LinecardError('LC_PROTOCOL', `${current.job.what}: above ${this.#framesMax} messages`));
    } else current.frames.push(frame);
  }

  #finish(result: Result | Error): void {
    const current = this.#current;
    if (current === undefined) return;
    clearTimeout(current.timer);
    this.#current = undefined;
    if (!this.#closed) this.#next();
    current.job.settle(result);
  }
}

function encodeJob(job: Job, first: number): Uint8Array {
  // Only the last is acknowledged: the kernel executes in order, and answers the others when they fail.
  const last = job.requests.length - 1;
  return joinBytes(
    job.requests.map(({ type, payload, flags = 0 }, index) => {
      const wanted = job.dump ? NLM_F.DUMP : index === last ? NLM_F.ACK : 0;
      return encodeFrame({ type, flags: NLM_F.REQUEST | wanted | flags, sequence: first + index, payload });
    }),
  );
}

function closedError(what: string): LinecardError {
  return new LinecardError('LC_CLOSED', `${what}: the netlink socket is closed`);
}

function timeoutError(job: Job): LinecardError {
  return new LinecardError('LC_TIMEOUT', `${job.what}: no answer of the kernel within ${job.timeoutMs} ms`, {
    hint: 'another process may hold the lock of the network configuration; see dmesg',
  });
}
