import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { requestAddressRequest } from './ipam-messages.js';
import {
  allocateNetworkRequest,
  createEndpointRequest,
  createNetworkRequest,
  joinRequest,
} from './network-messages.js';
import { endpointOptions, networkOptions } from './options.js';
import { endpointId, networkId } from './values.js';

const fixtures = readFileSync(new URL('../fixtures/docker-20.10-requests.jsonl', import.meta.url), 'utf8');

/** The recorded request of `method` that contains `text`. */
function recorded(method: string, text: string): unknown {
  const rows = fixtures.trimEnd().split('\n');
  const bodies = rows.map((row) => JSON.parse(row) as { method: string; body: string });
  const found = bodies.find((row) => row.method === method && row.body.includes(text));
  return JSON.parse(found?.body ?? '');
}

describe('a network', () => {
  it('has its options and subnets', () => {
    const request = createNetworkRequest.parse(recorded('NetworkDriver.CreateNetwork', '"com.example.x"'));
    expect(request.Options).toEqual({
      generic: { a: 'b', 'com.example.x': '1' },
      enableIPv4: true,
      enableIPv6: false,
      internal: false,
    });
    expect(request.IPv4Data).toMatchObject([{ Pool: '10.50.6.0/24', Gateway: '10.50.6.1/24', AuxAddresses: {} }]);
    expect(request.IPv6Data).toEqual([]);
    expect(createNetworkRequest.parse(recorded('NetworkDriver.CreateNetwork', 'internal":true')).Options.internal).toBe(
      true,
    );
  });

  it('may have auxiliary addresses, no address management, or null lists', () => {
    const aux = createNetworkRequest.parse(recorded('NetworkDriver.CreateNetwork', 'r1'));
    expect(aux.IPv4Data[0]!.AuxAddresses).toEqual({ r1: '10.50.7.5/24', r2: '10.50.7.6/24' });
    const none = createNetworkRequest.parse(recorded('NetworkDriver.CreateNetwork', '0.0.0.0/0'));
    expect(none.IPv4Data).toMatchObject([{ AddressSpace: 'null', Pool: '0.0.0.0/0' }]);
    expect(none.IPv4Data[0]!.Gateway).toBeUndefined();
    const swarm = allocateNetworkRequest.parse(recorded('NetworkDriver.AllocateNetwork', '"a":"b"'));
    expect([swarm.NetworkID.length, swarm.Options, swarm.IPv6Data]).toEqual([
      25,
      expect.objectContaining({ a: 'b' }),
      [],
    ]);
  });

  it('has options that cannot reach the prototype', () => {
    const options = networkOptions.parse(JSON.parse('{"com.docker.network.generic":{"__proto__":"x","a":"b"}}'));
    expect(Object.getPrototypeOf(options.generic)).toBe(Object.prototype);
    expect(options.generic.a).toBe('b');
  });
});

describe('an endpoint', () => {
  it('has published and exposed ports', () => {
    const request = joinRequest.parse(recorded('NetworkDriver.Join', '"HostPort":8080'));
    expect(request.SandboxKey).toBe('/var/run/docker/netns/80accc700262');
    expect(request.Options).toEqual({
      portBindings: [{ protocol: 'tcp', port: 80, hostPort: 8080, hostPortEnd: 8080 }],
      exposedPorts: [
        { protocol: 'tcp', port: 90 },
        { protocol: 'tcp', port: 80 },
      ],
      dnsServers: [],
      driverOptions: {},
    });
  });

  it('has the MAC address that was asked for, in both of its forms', () => {
    const request = createEndpointRequest.parse(recorded('NetworkDriver.CreateEndpoint', 'macaddress'));
    expect(request.Interface).toEqual({
      Address: '10.50.1.4/24',
      AddressIPv6: undefined,
      MacAddress: '02:aa:bb:cc:dd:01',
    });
    expect(request.Options.mac).toBe('02:aa:bb:cc:dd:01');
    const key = 'com.docker.network.endpoint.macaddress';
    expect(endpointOptions.parse({ [key]: '02:AA:bb:cc:dd:01' }).mac).toBe('02:aa:bb:cc:dd:01');
    for (const bad of ['', 'Aqq7zN0=', 'Aqq7zN0BAg==', '02:aa', 7]) {
      expect(endpointOptions.safeParse({ [key]: bad }).success, String(bad)).toBe(false);
    }
  });

  it('has the options of its connect, and what newer engines tell', () => {
    expect(
      createEndpointRequest.parse(recorded('NetworkDriver.CreateEndpoint', '"p":"q"')).Options.driverOptions,
    ).toEqual({ p: 'q' });
    const options = endpointOptions.parse({
      'com.docker.network.endpoint.name': 'web',
      'com.docker.network.endpoint.ifname': 'eth7',
      'com.docker.network.portmap': null,
      other: { deep: 1 },
    });
    expect(options).toEqual({
      endpointName: 'web',
      portBindings: [],
      exposedPorts: [],
      dnsServers: [],
      driverOptions: {},
    });
    expect(endpointOptions.parse(null).portBindings).toEqual([]);
  });

  it.each([
    { Proto: 1, Port: 80 },
    { Proto: 6, Port: 0 },
    { Proto: 6, Port: 65536 },
    { Proto: 6, Port: 80, HostIP: 'x' },
    { Proto: 6, Port: 80, HostPort: 81, HostPortEnd: 80 },
  ])('does not publish %j', (binding) => {
    expect(endpointOptions.safeParse({ 'com.docker.network.portmap': [binding] }).success).toBe(false);
  });
});

it('an address is wanted for the gateway or for an endpoint', () => {
  const gateway = requestAddressRequest.parse(recorded('IpamDriver.RequestAddress', 'gateway'));
  expect([gateway.Address, gateway.Options.gateway]).toEqual([undefined, true]);
  const endpoint = requestAddressRequest.parse(recorded('IpamDriver.RequestAddress', 'macaddress'));
  expect(endpoint.Options).toMatchObject({ gateway: false, mac: '02:42:9a:d8:c6:17' });
});

it('IDs that could not be part of an interface name do not pass', () => {
  for (const good of ['0'.repeat(64), 'ld5vnane3wgndpvzps1x2en51'])
    expect(networkId.safeParse(good).success).toBe(true);
  expect(endpointId.safeParse('f'.repeat(64)).success).toBe(true);
  for (const bad of [
    '',
    'a',
    'g'.repeat(64),
    'A'.repeat(64),
    `${'a'.repeat(64)}\n`,
    `${'a'.repeat(63)}/`,
    '../../etc',
    null,
    7,
  ]) {
    expect([networkId.safeParse(bad).success, endpointId.safeParse(bad).success]).toEqual([false, false]);
  }
});
