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

/**
 * GET requests to the Engine over kept connections. Paths carry no API version: the Engine then speaks its newest,
 * whose fields that are used here have not changed, while old versions are refused by new engines.
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
    return parseJson(await this.bytes(path), answerTo(path));
  }

  /** The answer's body. Errors as for {@link json}. */
  async bytes(path: string): Promise<Buffer> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), this.#timeoutMs);
    try {
      return await whole(path, await this.#get(path, timeout.signal, true));
    } catch (error) {
      if (!timeout.signal.aborted) throw error;
      throw new LinecardError('LC_TIMEOUT', `Docker did not answer GET ${path} within ${this.#timeoutMs} ms`, {
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
    if (response.statusCode !== 200) await whole(path, response);
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
      throw requestFailed(this.socketPath, path, error);
    }
  }
}

function answerTo(path: string): string {
  return `Docker's answer to GET ${path}`;
}

/** The body of an answer that is HTTP 200. */
async function whole(path: string, response: IncomingMessage): Promise<Buffer> {
  try {
    const body = await readBody(response, bodyLimit, answerTo(path));
    if (response.statusCode === 200) return body;
    throw statusError(path, response.statusCode ?? 0, body);
  } finally {
    if (!response.complete) response.destroy();
  }
}

function answered(call: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    call.on('response', resolve);
    call.on('error', reject);
    call.end();
  });
}
