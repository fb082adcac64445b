import { z } from 'zod';
import { list, macBytes, optionalIp, text, textMap } from './values.js';

/** The transport protocols that Docker publishes ports of. */
export type PortProtocol = 'tcp' | 'udp' | 'sctp';

/** A published port (`docker run -p`). */
export interface PortBinding {
  readonly protocol: PortProtocol;
  /** The container's port, 1 to 65535. */
  readonly port: number;
  /** The container's address, when Docker names one. */
  readonly ip?: string;
  /** The host address to publish on; absent means all. */
  readonly hostIp?: string;
  /** The first port of the host's range; 0 lets the driver choose. */
  readonly hostPort: number;
  /** The last port of the host's range, at least `hostPort`. */
  readonly hostPortEnd: number;
}

/** A port that an image or `docker run --expose` declares. */
export interface ExposedPort {
  readonly protocol: PortProtocol;
  /** 1 to 65535. */
  readonly port: number;
}

/** What a user chose at `docker network create`. */
export interface NetworkOptions {
  /** The `-o key=value` options (`com.docker.network.generic`). */
  readonly generic: Readonly<Record<string, string>>;
  /** False only with `--ipv4=false` (Docker 28 and newer). */
  readonly enableIPv4: boolean;
  /** `--ipv6`. */
  readonly enableIPv6: boolean;
  /** `--internal`: no way out of the network. */
  readonly internal: boolean;
}

/** What Docker says of an endpoint beyond its addresses. */
export interface EndpointOptions {
  readonly portBindings: readonly PortBinding[];
  readonly exposedPorts: readonly ExposedPort[];
  /** The MAC address that the user asked for (`--mac-address`). */
  readonly mac?: string;
  readonly dnsServers: readonly string[];
  /** The container's name on this network, from engines that tell it. */
  readonly endpointName?: string;
  /** The `docker network connect --driver-opt key=value` options. */
  readonly driverOptions: Readonly<Record<string, string>>;
}

const prefix = 'com.docker.network.';
const protocols: Readonly<Record<number, PortProtocol>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };
const protocol = z
  .number()
  .refine((value) => protocols[value] !== undefined, { error: 'must be 6 (TCP), 17 (UDP) or 132 (SCTP)' })
  .transform((value) => protocols[value]!);
const containerPort = z.number().int().min(1).max(65535);
const hostPort = z.number().int().min(0).max(65535).nullish();

const portBinding = z
  .object({
    Proto: protocol,
    IP: optionalIp,
    Port: containerPort,
    HostIP: optionalIp,
    HostPort: hostPort,
    HostPortEnd: hostPort,
  })
  .transform((wire, context): PortBinding => {
    const first = wire.HostPort ?? 0;
    const last = Math.max(wire.HostPortEnd ?? 0, first);
    if (wire.HostPortEnd && wire.HostPortEnd < first) {
      context.addIssue({ code: 'custom', path: ['HostPortEnd'], message: 'must not be less than HostPort' });
    }
    return {
      protocol: wire.Proto,
      port: wire.Port,
      hostPort: first,
      hostPortEnd: last,
      ...(wire.IP !== undefined && { ip: wire.IP }),
      ...(wire.HostIP !== undefined && { hostIp: wire.HostIP }),
    };
  });

const exposedPort = z
  .object({ Proto: protocol, Port: containerPort })
  .transform((wire): ExposedPort => ({ protocol: wire.Proto, port: wire.Port }));

/** The `Options` of CreateNetwork. */
export const networkOptions = z
  .looseObject({
    'com.docker.network.generic': textMap,
    'com.docker.network.enable_ipv4': z.boolean().nullish(),
    'com.docker.network.enable_ipv6': z.boolean().nullish(),
    'com.docker.network.internal': z.boolean().nullish(),
  })
  .nullish()
  .transform(
    (wire): NetworkOptions => ({
      generic: wire?.['com.docker.network.generic'] ?? {},
      enableIPv4: wire?.['com.docker.network.enable_ipv4'] ?? true,
      enableIPv6: wire?.['com.docker.network.enable_ipv6'] ?? false,
      internal: wire?.['com.docker.network.internal'] ?? false,
    }),
  );

/** The `Options` of CreateEndpoint, Join and ProgramExternalConnectivity. */
export const endpointOptions = z
  .looseObject({
    'com.docker.network.portmap': list(portBinding, 65536),
    'com.docker.network.endpoint.exposedports': list(exposedPort, 65536),
    'com.docker.network.endpoint.macaddress': macBytes.nullish(),
    'com.docker.network.endpoint.dnsservers': list(text, 256),
    'com.docker.network.endpoint.name': text.nullish(),
  })
  .nullish()
  .transform((wire): EndpointOptions => {
    const mac = wire?.['com.docker.network.endpoint.macaddress'];
    const endpointName = wire?.['com.docker.network.endpoint.name'];
    return {
      portBindings: wire?.['com.docker.network.portmap'] ?? [],
      exposedPorts: wire?.['com.docker.network.endpoint.exposedports'] ?? [],
      dnsServers: wire?.['com.docker.network.endpoint.dnsservers'] ?? [],
      driverOptions: driverOptions(wire ?? {}),
      ...(mac && { mac }),
      ...(endpointName && { endpointName }),
    };
  });

/** The options that are the driver's own: strings under keys that Docker does not reserve. */
function driverOptions(wire: Readonly<Record<string, unknown>>): Record<string, string> {
  const own: Record<string, string> = {};
  for (const key in wire) {
    const value = wire[key];
    if (typeof value === 'string' && !key.startsWith(prefix)) own[key] = value;
  }
  return own;
}
