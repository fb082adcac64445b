import type { IpamDriver, NetworkDriver } from '../index.js';

/** A call that a recording driver saw. */
export interface Seen {
  readonly method: string;
  readonly request: unknown;
}

const replies: Readonly<Record<string, unknown>> = {
  'NetworkDriver.getCapabilities': { Scope: 'local', ConnectivityScope: 'global' },
  'NetworkDriver.createEndpoint': { Interface: { MacAddress: '02:42:ac:11:00:02' } },
  'NetworkDriver.join': { InterfaceName: { SrcName: 'lc0123456789ab', DstPrefix: 'eth' }, Gateway: '10.0.0.1' },
  'NetworkDriver.allocateNetwork': { Options: {} },
  'NetworkDriver.endpointOperInfo': { Value: {} },
  'IpamDriver.requestPool': { PoolID: 'p', Pool: '10.0.0.0/24' },
  'IpamDriver.requestAddress': { Address: '10.0.0.2/24' },
};

/** Drivers that answer every call with a fixed reply and write down what they were asked; `overrides` wins. */
export function recordingDrivers(overrides: Partial<NetworkDriver> = {}) {
  const seen: Seen[] = [];
  const record = <D extends object>(type: string, own: Partial<D>): D =>
    new Proxy(own, {
      get: (target, method: string) =>
        Reflect.get(target, method) ??
        (async (request: unknown) => {
          seen.push({ method: `${type}.${method}`, request });
          return replies[`${type}.${method}`];
        }),
    }) as D;
  return {
    seen,
    networkDriver: record<NetworkDriver>('NetworkDriver', overrides),
    ipamDriver: record<IpamDriver>('IpamDriver', {}),
  };
}
