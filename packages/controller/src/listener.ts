import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { LinecardError } from '@linecard/wire';
import { type Endpoint, formatEndpoint } from './endpoint.js';

/** Keys for `tls:` endpoints, as PEM. With `ca`, the peer must show a certificate that it signed. */
export interface TlsOptions {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  readonly ca?: string | Buffer;
}

/** A place where switches connect. */
export interface Listener {
  /** Where exactly: the port is the real one. */
  readonly endpoint: Endpoint;
  /** Accepts no more; connections that are there stay. */
  close(): Promise<void>;
}

/** Calls `accepted` for every connection to `endpoint`. Rejects with `LC_CONFLICT` when it cannot be had. */
export async function listen(
  endpoint: Endpoint,
  tls: TlsOptions | undefined,
  accepted: (socket: Duplex, peer: string) => void,
): Promise<Listener> {
  const server = makeServer(endpoint, tls, accepted);
  if (endpoint.kind === 'unix') await removeStale(endpoint.path);
  await bind(server, endpoint);
  server.on('error', () => undefined);
  const address = server.address();
  const real =
    endpoint.kind === 'unix' || address === null || typeof address === 'string'
      ? endpoint
      : { ...endpoint, port: address.port };
  return {
    endpoint: real,
    close: async () => {
      server.close();
      if (endpoint.kind === 'unix') await rm(endpoint.path, { force: true });
    },
  };
}

function makeServer(
  endpoint: Endpoint,
  tls: TlsOptions | undefined,
  accepted: (socket: Duplex, peer: string) => void,
): Server {
  if (endpoint.kind !== 'tls') {
    return createServer({ noDelay: true }, (socket: Socket) => accepted(socket, peerOf(socket, endpoint)));
  }
  if (tls === undefined) {
    throw new LinecardError('LC_INVALID', `${formatEndpoint(endpoint)} needs a key and a certificate`);
  }
  const verify = tls.ca !== undefined;
  return createTlsServer(
    { ...tls, requestCert: verify, rejectUnauthorized: verify, noDelay: true },
    (socket: TLSSocket) => accepted(socket, peerOf(socket, endpoint)),
  ).on('tlsClientError', () => undefined);
}

function peerOf(socket: Socket, endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return formatEndpoint(endpoint);
  return formatEndpoint({ kind: endpoint.kind, host: socket.remoteAddress ?? '?', port: socket.remotePort ?? 0 });
}

async function bind(server: Server, endpoint: Endpoint): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new LinecardError('LC_CONFLICT', `cannot listen at ${formatEndpoint(endpoint)}: ${cause.message}`, { cause }),
      );
    });
    // A socket file that others could write to for a moment would be a door that was open for a moment.
    const umask = endpoint.kind === 'unix' ? process.umask(0o177) : undefined;
    const { path, host, port } = { path: undefined, host: undefined, port: undefined, ...endpoint };
    server.listen(path === undefined ? { host, port } : { path }, resolve);
    if (umask !== undefined) process.umask(umask);
  });
  if (endpoint.kind === 'unix') await chmod(endpoint.path, 0o600);
}

/** Removes a socket that nobody listens at any more; one that answers belongs to somebody. */
async function removeStale(path: string): Promise<void> {
  const inUse = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (inUse) throw new LinecardError('LC_CONFLICT', `somebody listens at unix:${path} already`);
  await rm(path, { force: true });
}
