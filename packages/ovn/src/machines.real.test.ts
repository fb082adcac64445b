import { parseCidr } from '@linecard/wire';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NorthboundServer } from '../test/server.js';
import { Addresses } from './addresses.js';
import type { LogicalNetwork } from './logical-network.js';
import {
  editMachine,
  editMachineBack,
  editMachineGone,
  editMachineHost,
  isMachineRemoved,
  type MachineRequest,
  machinesOf,
} from './machines.js';
import { editNetwork, editNetworkGone } from './networks.js';
import type { Northbound } from './northbound.js';
import { hostsIn } from './survivors.js';

let server: NorthboundServer;
let nb: Northbound;
beforeEach(async () => {
  server = await NorthboundServer.start();
  nb = await server.client();
  await nb.write((tx) => editNetwork(nb, tx, network), { what: 'make net' });
});
afterEach(() => server.close());

const subnet = parseCidr('10.9.0.0/28');
const network: LogicalNetwork = {
  ...{ switch: 'net', host: 'h1', id: 'id', space: 'linecard', dhcp: { mtu: 1442, routed: true } },
  subnets: [
    { pool: subnet, gateway: parseCidr('10.9.0.1/28') },
    { pool: parseCidr('fd00:9::/64'), gateway: parseCidr('fd00:9::1/64') },
  ],
  router: { name: 'net', gateway: 'distributed' },
};
const pool = { space: 'linecard', subnet };
const addressesOf = (client: Northbound, host = 'h1') => new Addresses(client, { host, quarantineMs: 60_000 });

async function add(request: Partial<MachineRequest> & { name: string }, client = nb) {
  const whole = { switch: 'net', addresses: [], host: 'h1', ...request };
  await vi.waitFor(() => expect(client.switch('net')).toBeDefined());
  return client.write((tx) => editMachine(client, tx, addressesOf(client), whole), { what: 'add a machine' });
}
const remove = (name: string) =>
  nb.write((tx) => editMachineGone(nb, tx, addressesOf(nb), name), { what: 'remove a machine' });

it('machines and containers of many hosts never have an address twice', async () => {
  const clients = await Promise.all([1, 2, 3, 4].map(() => server.client()));
  const machines = clients.map((client, i) => add({ name: `vm${i}` }, client).then(({ addresses }) => addresses[0]!));
  const containers = clients.map((client, i) =>
    addressesOf(client, `h${i}`)
      .allocate(pool, `10.9.0.${i + 2}`)
      .catch(() => undefined),
  );
  const all = (await Promise.all([...machines, ...containers])).filter((address) => address !== undefined);
  expect(new Set(all).size).toBe(all.length);
  expect(all, 'the gateway').not.toContain('10.9.0.1');
  await expect(addressesOf(nb).allocate(pool, all[0])).rejects.toThrow(/belongs to vm\d/);
  const container = await addressesOf(nb).allocate(pool);
  await expect(add({ name: 'vm9', addresses: [container] })).rejects.toMatchObject({ code: 'LC_CONFLICT' });
  await expect(add({ name: 'vm9', addresses: ['10.9.0.1'] })).rejects.toThrow('10.9.0.1 is the gateway');
});

it('a machine has what OVN tells it, and keeps it when asked for again', async () => {
  const made = await add({ name: 'vm1', addresses: ['10.9.0.9'], mac: '52:54:00:00:00:01' });
  expect(made).toMatchObject({ mac: '52:54:00:00:00:01', addresses: ['10.9.0.9', expect.stringMatching(/^fd00:9::/)] });
  expect(await add({ name: 'vm1' })).toEqual(made);
  expect(machinesOf(nb)).toEqual([made]);
  const advertised = () => server.nbctl('get', 'Logical_Router_Port', 'lcr-net', 'ipv6_ra_configs');
  const always = 'mtu="1442", router_preference=LOW, send_periodic="true"';
  expect(await advertised()).toBe(`{address_mode=dhcpv6_stateful, ${always}}`);
  await add({ name: 'vm0' });
  await remove('vm0');
  expect(await advertised(), 'while there is one').toBe(`{address_mode=dhcpv6_stateful, ${always}}`);
  const options = await server.nbctl('get', 'Logical_Switch_Port', 'vm1', 'dhcpv4_options');
  const told = (await server.nbctl('dhcp-options-get-options', options)).split('\n').sort();
  const server4 = ['router=10.9.0.1', 'server_id=10.9.0.1', 'server_mac=02:42:0a:09:00:01'];
  expect(told).toEqual(['lease_time=3600', 'mtu=1442', ...server4]);
  expect(await server.nbctl('lsp-get-port-security', 'vm1')).toBe(['52:54:00:00:00:01', ...made.addresses].join(' '));
  const { router: _, ...rest } = network;
  const cut = { ...rest, switch: 'cut', dhcp: { mtu: 1400, routed: false } };
  await nb.write((tx) => editNetwork(nb, tx, cut), { what: 'make cut' });
  const find = ['--bare', '--columns=options', 'find', 'DHCP_Options', 'external_ids:switch=cut', 'cidr=10.9.0.0/28'];
  expect(await server.nbctl(...find)).toBe('lease_time=3600 mtu=1400 server_id=10.9.0.1 server_mac=02:42:0a:09:00:01');
  await expect(add({ name: 'vm1', addresses: ['10.9.0.8'] })).rejects.toThrow('a logical port vm1 already');
  await expect(add({ name: 'vm2', addresses: ['10.8.0.1'] })).rejects.toMatchObject({ code: 'LC_INVALID' });
  await expect(add({ name: 'vm2', addresses: ['10.9.0.15'] })).rejects.toMatchObject({ code: 'LC_INVALID' });
  await expect(add({ name: 'lcr-net-peer' })).rejects.toMatchObject({ code: 'LC_CONFLICT' });
  expect(machinesOf(nb)).toHaveLength(1);
  await remove('vm1');
  expect(await advertised()).toBe(`{${always}}`);
});

it('the switch stays for the last machine, which no host that dies takes along', async () => {
  await add({ name: 'vm1' });
  await nb.write((tx) => editNetworkGone(nb, tx, addressesOf(nb), network), { what: 'leave net' });
  expect(hostsIn(nb)).toEqual(new Set());
  expect(await server.nbctl('lsp-list', 'net')).toContain('(vm1)');
  await remove('vm1');
  await expect(remove('vm1')).rejects.toMatchObject({ code: 'LC_NOT_FOUND' });
  expect(await server.nbctl('ls-list')).toBe('');
  expect(await server.nbctl('list', 'DHCP_Options')).toBe('');
  expect(await server.nbctl('--bare', '--columns=external_ids', 'find', 'DNS', 'external_ids:kind!=released')).toBe('');
  await nb.write((tx) => editNetwork(nb, tx, network), { what: 'make net' });
  const { addresses } = await add({ name: 'vm2' });
  expect(addresses[0], 'an address that was just released is left alone').toBe('10.9.0.3');
});

it('a machine gets back the port that the database has lost, and none that was removed', async () => {
  const options = async () =>
    server.nbctl('--bare', '--columns=dhcpv4_options,dhcpv6_options', 'list', 'Logical_Switch_Port', 'vm1');
  const made = await add({ name: 'vm1', addresses: ['10.9.0.9'], mac: '52:54:00:00:00:01' });
  await nb.write((tx) => editMachineHost(nb, tx, 'vm1', 'h2'), { what: 'move vm1' });
  await vi.waitFor(() => expect(machinesOf(nb)).toEqual([{ ...made, host: 'h2' }]));
  const [kept] = machinesOf(nb);
  const giveBack = () => nb.write((tx) => editMachineBack(nb, tx, addressesOf(nb), kept!), { what: 'give vm1 back' });
  await giveBack();
  const before = await options();
  expect(before.split('\n')).toHaveLength(2);
  await server.nbctl('lsp-del', 'vm1');
  await vi.waitFor(() => expect(machinesOf(nb)).toEqual([]));
  expect(isMachineRemoved(addressesOf(nb), kept!), 'its addresses are its own still').toBe(false);
  await giveBack();
  await server.nbctl('--all', 'destroy', 'Logical_Switch', '--', '--all', 'destroy', 'DNS');
  await vi.waitFor(() => expect(nb.switch('net')).toBeUndefined());
  expect(isMachineRemoved(addressesOf(nb), kept!)).toBe(false);
  await expect(giveBack()).rejects.toMatchObject({ code: 'LC_NOT_FOUND' });
  await nb.write((tx) => editNetwork(nb, tx, { ...network, host: 'h3' }), { what: 'make net' });
  await vi.waitFor(() => expect(nb.switch('net')).toBeDefined());
  await giveBack();
  await vi.waitFor(() => expect(machinesOf(nb)).toEqual([kept]));
  expect(await options()).toBe(before);
  await expect(addressesOf(nb, 'h9').allocate(pool, '10.9.0.9')).rejects.toThrow('belongs to vm1');
  await remove('vm1');
  await vi.waitFor(() => expect(isMachineRemoved(addressesOf(nb), kept!)).toBe(true));
});

it('a machine has its DHCP options also where a restored database gave them another identity', async () => {
  const own = await server.nbctl('--bare', '--columns=_uuid', 'find', 'DHCP_Options', 'cidr=10.9.0.0/28');
  await server.nbctl('--', 'dhcp-options-del', own);
  const ids = ['external_ids:linecard=dhcp', 'external_ids:switch=net'];
  const other = await server.nbctl('create', 'DHCP_Options', 'cidr=10.9.0.0/28', ...ids);
  await vi.waitFor(() => expect(nb.replica.table('DHCP_Options').has(other as never)).toBe(true));
  await add({ name: 'vm1' });
  await nb.write((tx) => editNetwork(nb, tx, network), { what: 'make net' });
  expect(await server.nbctl('get', 'Logical_Switch_Port', 'vm1', 'dhcpv4_options')).toBe(other);
  expect(await server.nbctl('--bare', '--columns=_uuid', 'find', 'DHCP_Options', 'cidr=10.9.0.0/28')).toBe(other);
});
