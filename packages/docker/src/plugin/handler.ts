import { Buffer } from 'node:buffer';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { explain, LinecardError } from '@linecard/wire';
import { parseJson, readBody } from '../http/body.js';
import { type Drivers, type MethodTable, methodTable, type Prepare, type PreparedCall } from './methods.js';

/**
 * How a call ended: `ok`; `error`, the driver refused; `timeout`, cut at the deadline; `rejected`, the request was
 * malformed or unknown and no driver saw it; `gone`, the client left before the request was complete.
 */
export type PluginOutcome = 'ok' | 'error' | 'timeout' | 'rejected' | 'gone';

/** One call as it ended, for metrics and logs. */
export interface PluginCall {
  /** `NetworkDriver.Join`; `unknown` for a method that does not exist, so that metrics stay bounded. */
  readonly method: string;
  readonly networkId?: string;
  readonly endpointId?: string;
  readonly outcome: PluginOutcome;
  /** Milliseconds from the request's head to its answer. */
  readonly ms: number;
  /** What went wrong, unless `ok`. */
  readonly error?: unknown;
}

/** What {@link pluginHandler} needs. */
export interface PluginOptions extends Drivers {
  /**
   * Milliseconds after which a call is answered with an error. Docker itself waits for ever and keeps the network
   * locked meanwhile. The call runs on; its late result is ignored.
   */
  readonly deadlineMs: number;
  /** Told of every call when it ended. Must not throw. */
  readonly observe?: (call: PluginCall) => void;
}

/** The largest request that is read, in bytes. */
const bodyLimit = 1 << 20;
const contentType = 'application/vnd.docker.plugins.v1.2+json';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly call: Omit<PluginCall, 'method' | 'ms'>;
}

/**
 * Serves Docker's remote plugin protocol (libnetwork's docs/remote.md and docs/ipam.md) as a listener of a node:http
 * server. A driver's error is answered with HTTP 200 and `Err`, which Docker shows to the user without trying again;
 * a malformed request with 400. Known methods never answer 404, because Docker takes that for "not supported".
 */
export function pluginHandler(options: PluginOptions): RequestListener {
  const methods = methodTable(options);
  return (request, response) => {
    void serve(methods, options, request, response);
  };
}

async function serve(
  methods: MethodTable,
  options: PluginOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const start = performance.now();
  const name = request.url?.slice(1) ?? '';
  const prepare = methods.get(name);
  const answer = await answerTo(name, prepare, options.deadlineMs, request);
  send(request, response, answer);
  options.observe?.({ method: prepare ? name : 'unknown', ...answer.call, ms: performance.now() - start });
}

async function answerTo(
  name: string,
  prepare: Prepare | undefined,
  deadlineMs: number,
  request: IncomingMessage,
): Promise<Answer> {
  if (request.method !== 'POST') return rejection(405, new LinecardError('LC_INVALID', 'only POST is allowed'));
  const what = `the body of ${name.slice(0, 100)}`;
  let call: PreparedCall;
  try {
    const body = await withDeadline(what, readBody(request, bodyLimit, what), deadlineMs);
    if (!prepare) return rejection(404, unknownMethod(name));
    call = prepare(parseJson(body, what));
  } catch (error) {
    return rejection(400, error);
  }
  return perform(name, call, deadlineMs);
}

function unknownMethod(name: string): LinecardError {
  return new LinecardError('LC_NOT_FOUND', `this plugin has no method "${name.slice(0, 100)}"`);
}

async function perform(name: string, { invoke, ...ids }: PreparedCall, deadlineMs: number): Promise<Answer> {
  try {
    const reply = await withDeadline(name, invoke(), deadlineMs);
    return { status: 200, body: JSON.stringify(reply ?? {}), call: { ...ids, outcome: 'ok' } };
  } catch (error) {
    const outcome = error instanceof DeadlineError ? 'timeout' : 'error';
    return { status: 200, body: errorBody(error), call: { ...ids, outcome, error } };
  }
}

/** The deadline's own error, told apart from a timeout that a driver reports. */
class DeadlineError extends LinecardError {}

function withDeadline<T>(what: string, result: Promise<T>, deadlineMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => {
      const hint = "see linecard's log for what it waits for";
      reject(new DeadlineError('LC_TIMEOUT', `${what} was not finished within ${deadlineMs} ms`, { hint }));
    };
    const timer = setTimeout(late, deadlineMs);
    void result.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Network drivers' errors are read from `Err`, those of IPAM drivers from `Error` (libnetwork's ipams/remote/api). */
function errorBody(error: unknown): string {
  const text = explain(error);
  return JSON.stringify({ Err: text, Error: text });
}

function rejection(status: number, error: unknown): Answer {
  const outcome = error instanceof LinecardError && error.code === 'LC_CLOSED' ? 'gone' : 'rejected';
  return { status, body: errorBody(error), call: { outcome, error } };
}

/** Answers; a request that was not read to its end costs its connection, since the next one cannot be found. */
function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const unread = !request.complete;
  response.writeHead(answer.status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(answer.body),
    ...(unread && { connection: 'close' }),
  });
  response.end(answer.body, unread ? () => request.destroy() : undefined);
}
