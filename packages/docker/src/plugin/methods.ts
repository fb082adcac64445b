import { LinecardError } from '@linecard/wire';
import type { z } from 'zod';
import type { IpamDriver, NetworkDriver, SwarmDriver } from './drivers.js';
import * as ipam from './ipam-messages.js';
import * as network from './network-messages.js';

/** The drivers that one plugin socket offers. */
export interface Drivers {
  readonly networkDriver: NetworkDriver;
  readonly ipamDriver?: IpamDriver;
  /** Answers in the network driver's place what the managers of a swarm ask. */
  readonly swarm?: SwarmDriver;
}

/** A call whose request was read and checked, ready to be made. */
export interface PreparedCall {
  readonly networkId?: string;
  readonly endpointId?: string;
  /** The driver's answer; nothing becomes `{}`. */
  readonly invoke: () => Promise<unknown>;
}

/** Reads and checks the body of a request. Throws `LC_INVALID`. */
export type Prepare = (body: unknown) => PreparedCall;

/** The calls of one method table entry, by the method's name as it stands in the URL after the slash. */
export type MethodTable = ReadonlyMap<string, Prepare>;

/** All methods of the drivers given, and `Plugin.Activate`, which tells Docker about them. */
export function methodTable(drivers: Drivers): MethodTable {
  const { networkDriver, ipamDriver, swarm } = drivers;
  const implemented = ipamDriver ? ['NetworkDriver', 'IpamDriver'] : ['NetworkDriver'];
  return new Map<string, Prepare>([
    ['Plugin.Activate', bodyless(async () => ({ Implements: implemented }))],
    ...networkMethods(networkDriver, swarm ?? networkDriver),
    ...(ipamDriver ? ipamMethods(ipamDriver) : []),
  ]);
}

function networkMethods(driver: NetworkDriver, swarm: SwarmDriver): [string, Prepare][] {
  return [
    ['NetworkDriver.GetCapabilities', bodyless(() => swarm.getCapabilities())],
    method('NetworkDriver.AllocateNetwork', network.allocateNetworkRequest, (r) => swarm.allocateNetwork(r)),
    method('NetworkDriver.FreeNetwork', network.networkRequest, (r) => swarm.freeNetwork(r)),
    method('NetworkDriver.CreateNetwork', network.createNetworkRequest, (r) => driver.createNetwork(r)),
    method('NetworkDriver.DeleteNetwork', network.networkRequest, (r) => driver.deleteNetwork(r)),
    method('NetworkDriver.CreateEndpoint', network.createEndpointRequest, (r) => driver.createEndpoint(r)),
    method('NetworkDriver.EndpointOperInfo', network.endpointRequest, (r) => driver.endpointOperInfo(r)),
    method('NetworkDriver.DeleteEndpoint', network.endpointRequest, (r) => driver.deleteEndpoint(r)),
    method('NetworkDriver.Join', network.joinRequest, (r) => driver.join(r)),
    method('NetworkDriver.Leave', network.endpointRequest, (r) => driver.leave(r)),
    method('NetworkDriver.ProgramExternalConnectivity', network.connectivityRequest, (r) =>
      driver.programExternalConnectivity(r),
    ),
    method('NetworkDriver.RevokeExternalConnectivity', network.endpointRequest, (r) =>
      driver.revokeExternalConnectivity(r),
    ),
    method('NetworkDriver.DiscoverNew', network.discoverRequest, (r) => driver.discoverNew(r)),
    method('NetworkDriver.DiscoverDelete', network.discoverRequest, (r) => driver.discoverDelete(r)),
  ];
}

function ipamMethods(driver: IpamDriver): [string, Prepare][] {
  return [
    ['IpamDriver.GetCapabilities', bodyless(() => driver.getCapabilities())],
    ['IpamDriver.GetDefaultAddressSpaces', bodyless(() => driver.getDefaultAddressSpaces())],
    method('IpamDriver.RequestPool', ipam.requestPoolRequest, (r) => driver.requestPool(r)),
    method('IpamDriver.ReleasePool', ipam.releasePoolRequest, (r) => driver.releasePool(r)),
    method('IpamDriver.RequestAddress', ipam.requestAddressRequest, (r) => driver.requestAddress(r)),
    method('IpamDriver.ReleaseAddress', ipam.releaseAddressRequest, (r) => driver.releaseAddress(r)),
  ];
}

/** A method that takes nothing; a body is not looked at. */
function bodyless(invoke: () => Promise<unknown>): Prepare {
  return () => ({ invoke });
}

/** A method whose request is checked by `schema`. */
function method<S extends z.ZodType>(
  name: string,
  schema: S,
  invoke: (request: z.output<S>) => Promise<unknown>,
): [string, Prepare] {
  const prepare = (body: unknown): PreparedCall => {
    if (body === undefined) throw bodyMissing(name);
    const result = schema.safeParse(body);
    if (!result.success) throw new LinecardError('LC_INVALID', describe(name, result.error));
    return { ...identities(result.data), invoke: () => invoke(result.data) };
  };
  return [name, prepare];
}

/** Docker repeats a call whose connection broke, but without its body (moby issue 39331): nothing can be done then. */
function bodyMissing(name: string): LinecardError {
  return new LinecardError('LC_INVALID', `${name}: the request has no body`, {
    hint: 'the first attempt was cut off and Docker repeated it without its body; repeat the docker command',
  });
}

function identities(request: unknown): { networkId?: string; endpointId?: string } {
  const { NetworkID, EndpointID } = request as { NetworkID?: string; EndpointID?: string };
  return {
    ...(NetworkID !== undefined && { networkId: NetworkID }),
    ...(EndpointID !== undefined && { endpointId: EndpointID }),
  };
}

/** `NetworkDriver.Join: EndpointID: must be 64 hex digits`, bounded however long the path is. */
function describe(name: string, error: z.ZodError): string {
  const [first] = error.issues;
  const field = first?.path.map(String).join('.').slice(0, 200);
  return `${name}: ${field ? `${field}: ` : ''}${first?.message.slice(0, 300) ?? 'malformed'}`;
}
