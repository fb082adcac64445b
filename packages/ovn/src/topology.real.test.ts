import { parseCidr } from '@linecard/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NorthboundServer } from '../test/server.js';
import {
  Addresses,
  editEndpoint,
  editEndpointGone,
  editNetwork,
  editNetworkGone,
  type LogicalEndpoint,
  type LogicalNetwork,
  type Northbound,
  networksOf,
} from './index.js';

let server: NorthboundServer;
let nb: Northbound;
beforeEach(async () => {
  server = await NorthboundServer.start();
  nb = await server.client();
});
afterEach(() => server.close());

const network = (host: string, name = 'foo', router = 'r1'): LogicalNetwork => ({
  switch: name,
  host,
  id: `id-of-${name}`,
  label: name,
  subnets: [
    { pool: parseCidr('192.168.1.0/24'), gateway: parseCidr('192.168.1.1/24') },
    { pool: parseCidr('fd00:1::/64'), gateway: parseCidr('fd00:1::1/64') },
  ],
  router: { name: router, gateway: 'distributed' },
});
const make = (one: LogicalNetwork, client = nb) =>
  client.write((tx) => editNetwork(client, tx, one), { what: `make ${one.switch}` });
const remove = (one: LogicalNetwork, client = nb) => {
  const addresses = new Addresses(client, { host: one.host, quarantineMs: 0 });
  return client.write((tx) => editNetworkGone(client, tx, addresses, one), { what: `remove ${one.switch}` });
};

/** How many rows each table has. */
async function rows(): Promise<Record<string, number>> {
  const tables = ['Logical_Switch', 'Logical_Switch_Port', 'Logical_Router', 'Logical_Router_Port', 'DNS'];
  const counts = tables.map(async (table): Promise<[string, number]> => {
    const text = await server.nbctl('--bare', '--columns=_uuid', 'list', table);
    return [table, text === '' ? 0 : text.split(/\s+/).length];
  });
  return Object.fromEntries(await Promise.all(counts));
}
const nothing = {
  Logical_Switch: 0,
  Logical_Switch_Port: 0,
  Logical_Router: 0,
  Logical_Router_Port: 0,
  DNS: 0,
};

describe('a network', () => {
  it('has the keys that OVN documents, a gateway, and a way out', async () => {
    await make(network('h1'));
    expect(await server.nbctl('get', 'Logical_Switch', 'foo', 'external_ids:subnet')).toBe('"192.168.1.0/24"');
    expect(await server.nbctl('get', 'Logical_Switch', 'foo', 'external_ids:gateway_ip')).toBe('"192.168.1.1"');
    expect(await server.nbctl('get', 'Logical_Router_Port', 'lcr-foo', 'mac', 'networks')).toBe(
      '"02:42:c0:a8:01:01"\n["192.168.1.1/24", "fd00:1::1/64"]',
    );
    expect(await server.nbctl('lr-route-list', 'r1')).toMatch(/0\.0\.0\.0\/0\s+100\.93\.0\.1 dst-ip lct-r1/);
    expect([...networksOf(nb, 'h1')]).toEqual([{ id: 'id-of-foo', switch: 'foo', label: 'foo' }]);
    const { label, ...unnamed } = network('h1');
    await make(unnamed);
    expect([...networksOf(nb, 'h1')]).toMatchObject([{ label }]);
    expect(await rows()).toMatchObject({ Logical_Switch: 2, Logical_Switch_Port: 3, Logical_Router: 1 });
    await remove(network('h1'));
    expect(await rows()).toEqual(nothing);
  });

  it('that six hosts make and remove at once is one, and none in the end', async () => {
    const hosts = await Promise.all(
      ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map(async (host) => ({
        host,
        client: await server.client(),
      })),
    );
    for (let round = 0; round < 10; round++) {
      await Promise.all(hosts.map(({ host, client }) => make(network(host), client)));
      expect(await rows()).toMatchObject({ Logical_Switch: 2, Logical_Router: 1, Logical_Router_Port: 2 });
      await Promise.all(hosts.map(({ host, client }) => remove(network(host), client)));
      await vi.waitFor(async () => expect(await rows()).toEqual(nothing));
    }
  });

  it('of another subnet or router than the others is refused', async () => {
    await make(network('h1'));
    const other = { ...network('h2'), subnets: [{ pool: parseCidr('10.0.0.0/24') }] };
    await expect(make(other)).rejects.toThrow('has subnet 192.168.1.0/24, not 10.0.0.0/24');
    await expect(make(network('h2', 'foo', 'r2'))).rejects.toThrow('is at router r1, not r2');
    const lone = { ...network('h2', 'bar'), router: { name: 'r1', gateway: { host: 'h2' } } } as const;
    await expect(make(lone)).rejects.toThrow('has its gateway distributed, not h2');
  });

  it('on a switch that somebody made by hand leaves it there', async () => {
    await server.nbctl('ls-add', 'foo');
    await vi.waitFor(() => expect(nb.switch('foo')).toBeDefined());
    await make(network('h1'));
    expect(await rows()).toMatchObject({ Logical_Switch: 1, Logical_Router: 0 });
    await remove(network('h1'));
    expect(await server.nbctl('ls-list')).toContain('(foo)');
  });

  it('shares its router with others until the last has left', async () => {
    await make(network('h1', 'foo'));
    await make({
      ...network('h1', 'bar'),
      subnets: [{ pool: parseCidr('10.0.0.0/24'), gateway: parseCidr('10.0.0.1/24') }],
    });
    await remove(network('h1', 'foo'));
    expect(await rows()).toMatchObject({ Logical_Router: 1, Logical_Router_Port: 2 });
    await remove(network('h1', 'bar'));
    expect(await rows()).toEqual(nothing);
  });
});

describe('an endpoint', () => {
  const endpoint = (host: string, id: string, address: string): LogicalEndpoint => ({
    ...{ id, host, switch: 'foo', interface: `i-${id}` },
    ...{ mac: '02:42:c0:a8:01:02', addresses: [address, 'fd00:1::2'], space: 'switch:foo' },
    network: 'foo',
    container: { id: 'c1', name: 'Web' },
  });

  it('is a port with security, an owner and a name, and takes all of it along', async () => {
    const addresses = new Addresses(nb, { host: 'h1', quarantineMs: 0 });
    await make(network('h1'));
    const add = () =>
      nb.write((tx) => editEndpoint(nb, tx, addresses, endpoint('h1', 'e1', '192.168.1.2')), { what: 'add e1' });
    await add();
    await add();
    await add();
    expect(await server.nbctl('lsp-get-port-security', 'e1')).toBe('02:42:c0:a8:01:02 192.168.1.2 fd00:1::2');
    expect(await server.nbctl('lsp-list', 'foo')).toContain('(e1)');
    expect(await server.nbctl('get', 'Logical_Switch_Port', 'e1', 'external_ids:container')).toBe('Web');
    expect(await server.nbctl('--bare', '--columns=records', 'find', 'DNS', 'records!={}')).toBe(
      'web=192.168.1.2 fd00:1::2',
    );
    expect(await server.nbctl('get', 'Logical_Switch', 'foo', 'dns_records')).toMatch(/^\[[0-9a-f-]{36}\]$/);
    await nb.write((tx) => editEndpointGone(nb, tx, addresses, 'e1'), { what: 'remove e1' });
    expect(await server.nbctl('lsp-list', 'foo')).not.toContain('(e1)');
    expect([...addresses.claimsOf('h1')]).toEqual([]);
  });

  it('of a name that another host has is not answered for until that one is gone', async () => {
    const clients = [await server.client(), await server.client()];
    await make(network('h1'));
    await vi.waitFor(() => expect(clients.every((client) => client.switch('foo'))).toBe(true));
    const hosts = clients.map((client, i) => {
      const addresses = new Addresses(client, { host: `h${i}`, quarantineMs: 0 });
      const mine = { ...endpoint(`h${i}`, `e${i}`, `192.168.1.${2 + i}`), addresses: [`192.168.1.${2 + i}`] };
      return {
        attach: () => client.write((tx) => editEndpoint(client, tx, addresses, mine), { what: 'attach' }),
        detach: () => client.write((tx) => editEndpointGone(client, tx, addresses, mine.id), { what: 'detach' }),
      };
    });
    const records = () => server.nbctl('--bare', '--columns=records', 'find', 'DNS', 'records!={}');
    const outcomes = await Promise.all(hosts.map(({ attach }) => attach()));
    const first = outcomes.indexOf(undefined);
    expect(outcomes[1 - first]).toBe(`h${first}`);
    expect(await records()).toBe(`web=192.168.1.${2 + first}`);
    await hosts[first]!.detach();
    await vi.waitFor(async () => expect(await hosts[1 - first]!.attach()).toBeUndefined());
    expect(await records()).toBe(`web=192.168.1.${3 - first}`);
  });

  it('with an address of another host is refused, whoever of two is first', async () => {
    const clients = [await server.client(), await server.client()];
    await make(network('h1'));
    await vi.waitFor(() => expect(clients.every((client) => client.switch('foo'))).toBe(true));
    const outcomes = await Promise.allSettled(
      clients.map((client, i) => {
        const addresses = new Addresses(client, { host: `h${i}`, quarantineMs: 0 });
        const mine = endpoint(`h${i}`, `e${i}`, '192.168.1.2');
        return client.write((tx) => editEndpoint(client, tx, addresses, mine), { what: 'attach' });
      }),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refusal = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(refusal?.reason).toMatchObject({ code: 'LC_CONFLICT' });
    expect(await server.nbctl('lsp-list', 'foo')).toMatch(/^[^(]*\(e[01]\)\n[^(]*\(lcr-foo-peer\)$/);
  });
});
