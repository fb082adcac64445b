import { EventEmitter } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { basename, dirname } from 'node:path';
import { LinecardError, Reconnect } from '@linecard/wire';
import type { DockerEngine } from './engine.js';
import { type DockerEvent, type EventFilter, EventLines } from './events.js';

/** What a {@link DockerWatch} tells. */
export interface DockerWatchEvents {
  /** The stream is open: whatever is listed from now on, no later change will be missed. */
  up: [];
  /** Docker is away, since now or since the start; told once, until the next `up`. */
  down: [error: LinecardError];
  event: [event: DockerEvent];
}

/** Longer than dockerd takes to start: it accepts connections long before it answers them. */
const connectTimeoutMs = 30_000;

function notInTime(): LinecardError {
  return new LinecardError('LC_TIMEOUT', `Docker did not open its stream of events within ${connectTimeoutMs} ms`);
}

/** Everything that changes which container is behind which endpoint; not the chatter of health checks. */
const everything: EventFilter = {
  types: ['container', 'network'],
  actions: ['create', 'start', 'die', 'destroy', 'rename', 'connect', 'disconnect', 'remove', 'update'],
};

/**
 * How long, in ms, nobody tries while Docker is away and its socket does not come: an attempt costs a millisecond and
 * more of processor time, and is needed only where the folder cannot be watched or a dead Docker has left its socket.
 */
const longestWaitMs = 10_000;

/**
 * Watches containers and networks for ever. While Docker is away, which is normal when Docker starts last, it waits for
 * the socket to come; while it is there, nothing runs but the stream.
 *
 * Events are lost while Docker is away, so list again at every `up`. Around an `up` an event may come although the list
 * shows its effect already.
 */
export class DockerWatch extends EventEmitter<DockerWatchEvents> {
  readonly #engine: DockerEngine;
  readonly #filter: EventFilter;
  readonly #reconnect = new Reconnect({ minBackoffMs: 100, maxBackoffMs: longestWaitMs, connectTimeoutMs });
  #attempt = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #folder: FSWatcher | undefined;
  #told: 'up' | 'down' | undefined;

  constructor(engine: DockerEngine, filter: EventFilter = everything) {
    super();
    this.#engine = engine;
    this.#filter = filter;
  }

  /** Whether the stream is open. */
  get connected(): boolean {
    return this.#told === 'up';
  }

  /** Starts watching; tells `up` or `down` soon. */
  start(): void {
    this.#reconnect.start(performance.now());
    this.#awaitSocket();
    this.#schedule();
  }

  /** Stops for good; tells nothing more. */
  close(): void {
    this.#reconnect.stop(performance.now());
    this.#awaitNothing();
    this.#schedule();
    this.#told = undefined;
    this.#attempt.abort();
  }

  /** Before an attempt, so that a socket that comes after it is seen. */
  #awaitSocket(): void {
    if (this.#folder !== undefined) return;
    const path = this.#engine.socketPath;
    try {
      this.#folder = watch(dirname(path), { persistent: false }, (_, name) => {
        if (name !== basename(path)) return;
        this.#reconnect.hurry(performance.now());
        this.#run();
      });
      this.#folder.on('error', () => this.#awaitNothing());
    } catch {
      // There is no such folder yet, or no inotify instance left: the attempts go on.
    }
  }

  #awaitNothing(): void {
    this.#folder?.close();
    this.#folder = undefined;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { deadline } = this.#reconnect;
    if (deadline === undefined) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, Math.ceil(deadline - performance.now())));
  }

  #run(): void {
    const action = this.#reconnect.run(performance.now());
    if (action === 'connect') this.#connect();
    else if (action === 'disconnect') this.#attempt.abort();
    this.#schedule();
  }

  #connect(): void {
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    // The Engine answers a moment before it listens to events; what happens between is asked for by its time.
    void this.#engine.events(this.#filter, Date.now(), signal).then(
      (stream) => this.#opened(stream, signal),
      (error: LinecardError) => this.#lost(error, signal),
    );
  }

  #opened(stream: IncomingMessage, signal: AbortSignal): void {
    this.#follow(stream, signal);
    if (signal.aborted) return;
    this.#reconnect.connected(performance.now());
    this.#awaitNothing();
    this.#schedule();
    this.#told = 'up';
    this.emit('up');
  }

  #follow(stream: IncomingMessage, signal: AbortSignal): void {
    const lines = new EventLines();
    let failure = new LinecardError('LC_CLOSED', 'Docker ended its stream of events');
    const parse = (piece: string): DockerEvent[] => {
      try {
        return lines.push(piece);
      } catch (error) {
        failure = error as LinecardError;
        stream.destroy();
        return [];
      }
    };
    stream.setEncoding('utf8');
    stream.on('data', (piece: string) => {
      for (const event of parse(piece)) if (!signal.aborted) this.emit('event', event);
    });
    stream.on('error', (error) => {
      failure = new LinecardError('LC_CLOSED', `Docker broke its stream of events: ${error.message}`, { cause: error });
    });
    stream.on('close', () => this.#lost(failure, signal));
  }

  #lost(cause: LinecardError, signal: AbortSignal): void {
    if (this.#reconnect.state === 'stopped' || signal !== this.#attempt.signal) return;
    this.#reconnect.lost(performance.now());
    this.#awaitSocket();
    this.#schedule();
    if (this.#told === 'down') return;
    this.#told = 'down';
    this.emit('down', signal.aborted ? notInTime() : cause);
  }
}
