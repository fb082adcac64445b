import { parseCidr } from '@linecard/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NorthboundServer } from '../test/server.js';
import {
  Addresses,
  editAnswers,
  editEndpoint,
  editEndpointGone,
  editMember,
  editNetwork,
  editService,
  editServiceGone,
  hostsIn,
  type Northbound,
  servicesIn,
  swarmUser,
} from './index.js';

let server: NorthboundServer;
let nb: Northbound;
beforeEach(async () => {
  server = await NorthboundServer.start();
  nb = await server.client();
  const subnets = [{ pool: parseCidr('10.70.1.0/24'), gateway: parseCidr('10.70.1.1/24') }];
  const router = { name: 'net', gateway: 'distributed' } as const;
  await nb.write((tx) => editNetwork(nb, tx, { switch: 'net', host: swarmUser, id: 'id', subnets, router }), {
    what: 'make the network',
  });
});
afterEach(() => server.close());

const web = { service: 's1', name: 'web', switch: 'net', address: '10.70.1.9' };
const make = (client = nb) => client.write((tx) => editService(client, tx, web), { what: 'make the service' });
const vips = () => server.nbctl('--bare', '--columns=vips', 'list', 'Load_Balancer');

/** Attaches a container of a host. */
async function attach(client: Northbound, host: string, id: string, address: string): Promise<void> {
  const addresses = new Addresses(client, { host, quarantineMs: 0 });
  const place = { switch: 'net', host, interface: `i-${id}` };
  const endpoint = { id, ...place, mac: '02:42:00:00:00:01', addresses: [address], space: 'switch:net' };
  await client.write((tx) => editEndpoint(client, tx, addresses, endpoint), { what: 'attach' });
}
const join = (client: Northbound, id: string) =>
  client.write((tx) => editMember(client, tx, id, 's1'), { what: 'add to the service' });

describe('a service', () => {
  it('is a load balancer of its switch, made once however many managers make it', async () => {
    const others = await Promise.all([server.client(), server.client()]);
    await Promise.all([nb, ...others].map((client) => make(client)));
    expect(await server.nbctl('ls-lb-list', 'net')).toMatch(/web@net +10\.70\.1\.9 *$/);
    expect([...servicesIn(nb)]).toMatchObject([web]);
    await nb.write((tx) => editServiceGone(nb, tx, web), { what: 'remove the service' });
    expect(await vips()).toBe('');
    expect(await server.nbctl('get', 'Logical_Switch', 'net', 'load_balancer')).toBe('[]');
  });

  it('leads to its containers, whether they or it came first, and to none that is gone', async () => {
    await attach(nb, 'h1', 'e1', '10.70.1.2');
    await join(nb, 'e1');
    await make();
    expect(await vips()).toBe('10.70.1.9=10.70.1.2');
    await attach(nb, 'h1', 'e2', '10.70.1.3');
    await join(nb, 'e2');
    await attach(nb, 'h1', 'stranger', '10.70.1.4');
    expect(await vips()).toBe('10.70.1.9=10.70.1.2,10.70.1.3');
    const addresses = new Addresses(nb, { host: 'h1', quarantineMs: 0 });
    for (const id of ['e1', 'stranger']) {
      await nb.write((tx) => editEndpointGone(nb, tx, addresses, id), { what: 'remove' });
    }
    expect(await vips()).toBe('10.70.1.9=10.70.1.3');
    await nb.write((tx) => editEndpointGone(nb, tx, addresses, 'e2'), { what: 'remove' });
    expect(await vips()).toBe('10.70.1.9=');
  });

  it('loses nobody when hosts add and remove containers at once', async () => {
    await make();
    const hosts = await Promise.all(
      ['h1', 'h2', 'h3', 'h4'].map(async (host, i) => ({ host, id: `e${i}`, client: await server.client() })),
    );
    await vi.waitFor(() => expect(hosts.every(({ client }) => [...servicesIn(client)].length === 1)).toBe(true));
    await Promise.all(hosts.map(({ client, host, id }, i) => attach(client, host, id, `10.70.1.${10 + i}`)));
    await Promise.all(hosts.map(({ client, id }) => join(client, id)));
    expect(await vips()).toBe('10.70.1.9=10.70.1.10,10.70.1.11,10.70.1.12,10.70.1.13');
    await Promise.all(
      hosts.slice(1).map(({ client, host, id }) => {
        const addresses = new Addresses(client, { host, quarantineMs: 0 });
        return client.write((tx) => editEndpointGone(client, tx, addresses, id), { what: 'remove' });
      }),
    );
    expect(await vips()).toBe('10.70.1.9=10.70.1.10');
  });

  it('is answered for by the gateway of its switch as long as it is there', async () => {
    const answers = () =>
      server.nbctl('--if-exists', 'get', 'Logical_Switch_Port', 'lcr-net-peer', 'options:arp_proxy');
    const answer = () => nb.write((tx) => editAnswers(nb, tx, 'net'), { what: 'answer' });
    await make();
    await answer();
    expect(await answers()).toBe('"10.70.1.9"');
    await nb.write((tx) => editServiceGone(nb, tx, web), { what: 'remove the service' });
    await answer();
    expect(await answers()).toBe('');
  });
});

describe('what a swarm keeps', () => {
  it("is no host's, and may be asked for again", async () => {
    const swarm = new Addresses(nb, { host: 'h1', quarantineMs: 0 }).inNameOf(swarmUser);
    const want = { space: 'linecard-swarm', address: '10.70.1.2' };
    for (let i = 0; i < 2; i++) await nb.write((tx) => swarm.take(tx, want), { what: 'take' });
    expect([...swarm.claimsOf(swarmUser)]).toMatchObject([want]);
    expect(hostsIn(nb).size).toBe(0);
    await swarm.release(want.space, want.address);
    expect([...swarm.claimsOf(swarmUser)]).toEqual([]);
  });
});
