import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of its own for sockets, removed by `remove`. */
export async function socketDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'linecard-docker-'));
  return { path, socket: (name: string) => join(path, name), remove: () => rm(path, { recursive: true, force: true }) };
}

/** A plain node:http server on a unix socket. */
export async function serveOn(path: string, listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    server,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An answer as its parts. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

/** One request on a connection of its own. */
export function post(path: string, url: string, body: string, method = 'POST'): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: path, path: url, method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** A request as dockerd writes it: an empty Host, no Content-Type. */
export function dockerBytes(method: string, body: string): Buffer {
  const head = [
    `POST /${method} HTTP/1.1`,
    'Host: ',
    'User-Agent: Go-http-client/1.1',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Accept: application/vnd.docker.plugins.v1.2+json',
    'Connection: close',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Writes `parts` one after the other, each after the one before was handed to the kernel; gives all that came back. */
export function exchange(path: string, parts: readonly Uint8Array[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    const write = (at: number): void => {
      const part = parts[at];
      if (part) socket.write(part, () => setImmediate(write, at + 1));
    };
    socket.on('connect', () => write(0));
  });
}
