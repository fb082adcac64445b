import { X509Certificate } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { LinecardError } from '@linecard/wire';
import { type Endpoint, formatEndpoint } from './endpoint.js';
import { lostError } from './errors.js';

/** Keys for `tls:` endpoints, as PEM. With `ca`, the peer must show a certificate that it signed. */
export interface TlsOptions {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  readonly ca?: string | Buffer;
}

/** What becomes of those who connect. */
export interface ListenerOwner {
  accepted(socket: Duplex, peer: string): void;
  /** It is no TLS, or no certificate that we take, or the peer did not take ours. */
  rejected(peer: string, reason: LinecardError): void;
}

/** How long a TLS handshake may take, in ms. */
const handshakeMs = 10_000;

/** A place where switches connect. */
export interface Listener {
  /** Where exactly: the port is the real one. */
  readonly endpoint: Endpoint;
  /** Accepts no more; connections that are there stay. */
  close(): Promise<void>;
}

/**
 * Hands every connection to `endpoint` to its owner. Rejects with `LC_CONFLICT` when the place cannot be had, and with
 * `LC_INVALID` for `tls:` without keys, or with keys that are none.
 */
export async function listen(endpoint: Endpoint, tls: TlsOptions | undefined, owner: ListenerOwner): Promise<Listener> {
  const server = makeServer(endpoint, tls, owner);
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

function makeServer(endpoint: Endpoint, tls: TlsOptions | undefined, owner: ListenerOwner): Server {
  if (endpoint.kind !== 'tls') {
    return createServer({ noDelay: true }, (socket: Socket) => owner.accepted(socket, peerOf(socket, endpoint)));
  }
  const keys = keysFor(endpoint, tls);
  const verify = keys.ca !== undefined;
  const options = { ...keys, requestCert: verify, rejectUnauthorized: verify, handshakeTimeout: handshakeMs };
  return createTlsServer({ ...options, noDelay: true }, (socket: TLSSocket) =>
    owner.accepted(socket, peerOf(socket, endpoint)),
  ).on('tlsClientError', (error, socket) => {
    const peer =
      socket.remoteAddress === undefined ? `a client of ${formatEndpoint(endpoint)}` : peerOf(socket, endpoint);
    const why = socket.authorizationError; // the connection has hung up by then
    owner.rejected(peer, lostError('no TLS', why ? new Error(`its certificate is refused (${why})`) : error));
  });
}

/** The keys for a `tls:` endpoint. Throws `LC_INVALID` when there are none, or when they do not fit together. */
export function keysFor(endpoint: Endpoint, tls: TlsOptions | undefined): TlsOptions {
  if (tls === undefined) {
    throw new LinecardError('LC_INVALID', `${formatEndpoint(endpoint)} needs a key and a certificate`);
  }
  try {
    if (tls.ca !== undefined) new X509Certificate(tls.ca); // one that is none would be passed over in silence
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    const { reason, message } = cause as Error & { readonly reason?: string };
    throw new LinecardError(
      'LC_INVALID',
      `the keys for ${formatEndpoint(endpoint)} do not work: ${reason ?? message}`,
      {
        hint: 'key, certificate and authority are PEM files; the certificate must be for the key',
        cause,
      },
    );
  }
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
