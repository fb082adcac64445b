import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import {
  type AttachmentInfo,
  type AttachOrder,
  type AttachReply,
  apiPrefix,
  attachReply,
  type ContainerInterfaceInfo,
  type ControlApi,
  type ControllerInfo,
  controllersAnswer,
  type DetachOrder,
  detachAnswer,
  doctorAnswer,
  type Finding,
  fromAnswer,
  interfacesAnswer,
  type NetworkInfo,
  networksAnswer,
  type PortInfo,
  portsAnswer,
  type Status,
  status,
} from '@linecard/api';
import { LinecardError } from '@linecard/wire';

/** Longer than the daemon takes to say that Open vSwitch does not answer. */
const timeoutMs = 60_000;
const answerLimit = 64 << 20;

interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** What tells whether an answer has the form that it must have. */
interface Form<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false };
}

/** The daemon, over its socket. Rejects with what the daemon says, or `LC_CLOSED` when it goes away meanwhile. */
export class RemoteApi implements ControlApi {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  status(): Promise<Status> {
    return this.#ask('/status', status);
  }

  async networks(): Promise<NetworkInfo[]> {
    return (await this.#ask('/networks', networksAnswer)).networks;
  }

  async ports(network?: string): Promise<PortInfo[]> {
    return (await this.#ask('/ports', portsAnswer, { query: { network } })).ports;
  }

  async *watchPorts(network: string | undefined, signal: AbortSignal): AsyncGenerator<PortInfo[]> {
    const response = await this.#send('/ports', { query: { network, watch: '1' }, signal });
    if (response.statusCode !== 200) throw await refusal(response);
    for await (const line of createInterface({ input: response })) {
      const message: unknown = JSON.parse(line);
      if (typeof message === 'object' && message !== null && 'error' in message) throw fromAnswer(200, message);
      yield check('/ports', portsAnswer, message).ports;
    }
    throw new LinecardError('LC_CLOSED', 'the daemon has ended');
  }

  async interfaces(container: string): Promise<ContainerInterfaceInfo[]> {
    const path = `/containers/${encodeURIComponent(container)}/interfaces`;
    return (await this.#ask(path, interfacesAnswer)).interfaces;
  }

  async controllers(): Promise<ControllerInfo[]> {
    return (await this.#ask('/controllers', controllersAnswer)).controllers;
  }

  attach(order: AttachOrder): Promise<AttachReply> {
    return this.#ask('/attachments', attachReply, { method: 'POST', body: order });
  }

  async detach(order: DetachOrder): Promise<AttachmentInfo[]> {
    const call = { method: 'DELETE', query: { ...order } } as const;
    return (await this.#ask('/attachments', detachAnswer, call)).detached;
  }

  async doctor(): Promise<Finding[]> {
    return (await this.#ask('/doctor', doctorAnswer)).findings;
  }

  async #ask<T>(path: string, form: Form<T>, call: Call = {}): Promise<T> {
    const response = await this.#send(path, { ...call, signal: AbortSignal.timeout(timeoutMs) });
    if (response.statusCode !== 200) throw await refusal(response);
    return check(path, form, await readJson(response));
  }

  #send(path: string, { method = 'GET', query = {}, body, signal }: Call): Promise<IncomingMessage> {
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
    return new Promise((resolve, reject) => {
      const call = request(
        {
          socketPath: this.#socketPath,
          path: `${apiPrefix}${path}${search}`,
          method,
          agent: false,
          ...(signal === undefined ? {} : { signal }),
          ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' } }),
        },
        resolve,
      );
      call.on('error', (error) => reject(unreachable(this.#socketPath, error)));
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** Nobody listens on the daemon's socket. */
export class NoDaemonError extends LinecardError {}

function unreachable(socketPath: string, error: NodeJS.ErrnoException): LinecardError {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new NoDaemonError('LC_CLOSED', `no daemon listens on ${socketPath}`, { hint: 'start it: linecard up' });
  }
  if (error.code === 'EACCES') {
    return new LinecardError('LC_INVALID', `${socketPath} may be used by root only`, { hint: 'use sudo' });
  }
  return new LinecardError('LC_CLOSED', `the daemon does not answer: ${error.message}`, { cause: error });
}

function check<T>(path: string, form: Form<T>, value: unknown): T {
  const result = form.safeParse(value);
  if (result.success) return result.data;
  throw new LinecardError('LC_PROTOCOL', `the daemon's answer to ${path} has another form`, {
    hint: 'the daemon has another version than this command: restart it',
  });
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > answerLimit) throw new LinecardError('LC_PROTOCOL', `the daemon answers above ${answerLimit} bytes`);
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown;
}

async function refusal(response: IncomingMessage): Promise<LinecardError> {
  return fromAnswer(response.statusCode ?? 0, await readJson(response).catch(() => undefined));
}
