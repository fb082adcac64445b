import { LinecardError } from '@linecard/wire';

/** Where an OpenFlow connection is made or awaited. */
export type Endpoint =
  | { readonly kind: 'tcp' | 'tls'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** The port that IANA gave to OpenFlow. */
export const defaultPort = 6653;

/**
 * Reads `tcp:HOST[:PORT]`, `tls:...` (or `ssl:...`) and `unix:PATH`, and the passive forms of ovs-vsctl(8)
 * `ptcp:[PORT][:HOST]`, `pssl:...` and `punix:PATH`, which mean the same place. Throws `LC_INVALID`.
 */
export function parseEndpoint(text: string): Endpoint {
  const match = /^(p?)(tcp|tls|ssl|unix):(.*)$/.exec(text);
  if (!match) throw notAnEndpoint(text);
  const [, passive, scheme, rest = ''] = match;
  if (scheme === 'unix') {
    if (rest === '') throw notAnEndpoint(text);
    return { kind: 'unix', path: rest };
  }
  const place = passive
    ? /^(?<port>\d+)?(?::(?<host>.+))?$/.exec(rest)
    : /^(?<host>\[[^\]]+\]|[^:]+)(?::(?<port>\d+))?$/.exec(rest);
  const port = Number(place?.groups?.port ?? defaultPort);
  if (!place || port > 65535) throw notAnEndpoint(text);
  const host = (place.groups?.host ?? '127.0.0.1').replace(/^\[|\]$/g, '');
  return { kind: scheme === 'tcp' ? 'tcp' : 'tls', host, port };
}

/** The text that {@link parseEndpoint} reads. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${endpoint.kind}:${host}:${endpoint.port}`;
}

function notAnEndpoint(text: string): LinecardError {
  return new LinecardError('LC_INVALID', `"${text}" is not a place to speak OpenFlow`, {
    hint: 'write it as tcp:127.0.0.1:6653, tls:127.0.0.1:6653 or unix:/path/to/socket',
  });
}
