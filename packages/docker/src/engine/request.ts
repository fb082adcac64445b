import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { LinecardError } from '@linecard/wire';
import { parseJson, readBody } from '../http/body.js';
import { requestFailed, statusError } from './errors.js';

/** Where the Engine is, and how long it may take. */
export interface EngineAddress {
  /** The Engine's unix socket. Default `/var/run/docker.sock`. */
  readonly socketPath?: string;
  /** Milliseconds for a whole answer. Default 10000. */
  readonly timeoutMs?: number;
}

/** The largest answer that is read, in bytes: a list of some ten thousand containers. */
const bodyLimit = 64 << 20;

/** A request that changes something. */
export interface EngineCall {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Milliseconds for the whole answer instead of the connection's own. */
  readonly timeoutMs?: number;
}

/**
 * Requests to the Engine: GETs over kept connections, the others each on its own, so that none is ever sent twice.
 * Paths carry no API version: the Engine then speaks its newest, whose fields that are used here have not changed,
 * while old versions are refused by new engines.
 */
export class EngineConnection {
  readonly socketPath: string;
  readonly #timeoutMs: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, maxFreeSockets: 2 });

  constructor(address: EngineAddress) {
    this.socketPath = address.socketPath ?? '/var/run/docker.sock';
    this.#timeoutMs = address.timeoutMs ?? 10_000;
  }

  /** The answer's JSON. Throws `LC_DOCKER`, `LC_NOT_FOUND`, `LC_TIMEOUT`, `LC_PROTOCOL` or `LC_CLOSED`. */
  async json(path: string): Promise<unknown> {
    return parseJson(await this.bytes(path), answerTo(`GET ${path}`));
  }

  /** The answer's body. Errors as for {@link json}. */
  bytes(path: string): Promise<Buffer> {
    return this.#timed(`GET ${path}`, this.#timeoutMs, async (signal) => {
      return whole(`GET ${path}`, await this.#get(path, signal, true));
    });
  }

  /** The body of the answer to a request that changes something. Errors as for {@link json}, and `LC_CONFLICT`. */
  call({ method, path, body, timeoutMs }: EngineCall): Promise<Buffer> {
    return this.#timed(`${method} ${path}`, timeoutMs ?? this.#timeoutMs, async (signal) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers = { host: 'docker', 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const call = request({ socketPath: this.socketPath, path, method, signal, headers, agent: false });
      const response = await answered(call, text).catch((error: unknown) => {
        throw requestFailed(this.socketPath, `${method} ${path}`, error);
      });
      return whole(`${method} ${path}`, response);
    });
  }

  async #timed<T>(call: string, timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    try {
      return await work(timeout.signal);
    } catch (error) {
      if (!timeout.signal.aborted) throw error;
      throw new LinecardError('LC_TIMEOUT', `Docker did not answer ${call} within ${timeoutMs} ms`, {
        hint: 'see what dockerd is waiting for: journalctl -u docker',
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** An answer without an end, on a connection of its own, closed by `signal`. Errors as for {@link json}. */
  async stream(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#get(path, signal, false);
    if (response.statusCode !== 200) await whole(`GET ${path}`, response);
    return response;
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }

  async #get(path: string, signal: AbortSignal, kept: boolean): Promise<IncomingMessage> {
    const options = { socketPath: this.socketPath, path, signal, headers: { host: 'docker' } };
    const call = request({ ...options, agent: kept ? this.#agent : false });
    try {
      return await answered(call);
    } catch (error) {
      // The Engine was restarted and the kept connection was its predecessor's.
      if (call.reusedSocket && !signal.aborted) return this.#get(path, signal, false);
      throw requestFailed(this.socketPath, `GET ${path}`, error);
    }
  }
}

function answerTo(call: string): string {
  return `Docker's answer to ${call}`;
}

/** The body of an answer that is a success. Docker says 304 when something is so already. */
async function whole(call: string, response: IncomingMessage): Promise<Buffer> {
  try {
    const body = await readBody(response, bodyLimit, answerTo(call));
    const status = response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || status === 304) return body;
    throw statusError(call, status, body);
  } finally {
    if (!response.complete) response.destroy();
  }
}

function answered(call: ClientRequest, body = ''): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    call.on('response', resolve);
    call.on('error', reject);
    call.end(body);
  });
}
