import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { LinecardError } from '@linecard/wire';
import { readTls, type TlsFiles } from './tls.js';

/** Where an OVSDB server listens: OVS's active connection methods (ovsdb(7)). */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp' | 'ssl'; readonly host: string; readonly port: number };

/** Reads `unix:/path`, `tcp:host:port` or `ssl:host:port`; IPv6 addresses stand in brackets. Throws `LC_INVALID`. */
export function parseEndpoint(text: string): Endpoint {
  const unix = /^unix:(.+)$/.exec(text);
  if (unix) return { kind: 'unix', path: unix[1]! };
  const inet = /^(tcp|ssl):(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(inet?.[4]);
  if (!inet || port < 1 || port > 65535) {
    throw new LinecardError('LC_INVALID', `"${text}" is not an OVSDB endpoint`, {
      hint: 'write it as unix:/run/openvswitch/db.sock, tcp:127.0.0.1:6640 or ssl:[::1]:6640',
    });
  }
  return { kind: inet[1] as 'tcp' | 'ssl', host: inet[2] ?? inet[3]!, port };
}

/** A socket on its way to `endpoint`, and the name of the event that says that it is usable. Throws on bad files. */
export function dial(endpoint: Endpoint, tls: TlsFiles | undefined): { socket: Socket; ready: string } {
  if (endpoint.kind === 'unix') return { socket: connect(endpoint.path), ready: 'connect' };
  const { host, port } = endpoint;
  if (endpoint.kind === 'tcp') return { socket: connect({ host, port, noDelay: true }), ready: 'connect' };
  if (!tls) throw new LinecardError('LC_INVALID', `ssl:${host}:${port} needs the files of a key, certificate and CA`);
  const socket = connectTls({ host, port, ...readTls(tls), checkServerIdentity: () => undefined });
  socket.setNoDelay(true);
  return { socket, ready: 'secureConnect' };
}
