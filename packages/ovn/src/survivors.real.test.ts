import { OvsdbSession, Transaction } from '@linecard/ovsdb';
import { parseCidr } from '@linecard/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NorthboundServer } from '../test/server.js';
import {
  Addresses,
  collectSilent,
  editEndpoint,
  editNetwork,
  type LogicalNetwork,
  type Northbound,
  southbound,
  takeTurn,
} from './index.js';

let server: NorthboundServer;
let south: NorthboundServer;
let chassis: OvsdbSession;
let nb: Northbound;
beforeEach(async () => {
  [server, south] = await Promise.all([NorthboundServer.start(), NorthboundServer.southbound()]);
  await server.nbctl('init');
  nb = await server.client();
  chassis = new OvsdbSession({ endpoint: south.socket });
  chassis.start();
  await chassis.ready(5000);
});
afterEach(async () => {
  await chassis.close();
  await Promise.all([server.close(), south.close()]);
});

/** What ovn-controller writes when it has seen a configuration. */
async function answer(host: string, nbCfg: number): Promise<void> {
  const tx = new Transaction(chassis, southbound);
  tx.delete('Chassis_Private', [['name', '==', host]]);
  tx.insert('Chassis_Private', { name: host, nb_cfg: nbCfg });
  await tx.commit();
}

/** What ovn-northd writes when it has seen a configuration. */
async function passOn(nbCfg: number): Promise<void> {
  const tx = new Transaction(chassis, southbound);
  tx.delete('SB_Global', []);
  tx.insert('SB_Global', { nb_cfg: nbCfg });
  await tx.commit();
}

const network = (host: string): LogicalNetwork => ({
  ...{ switch: 'foo', host, id: `n-${host}`, subnets: [{ pool: parseCidr('10.0.0.0/24') }] },
});

async function populate(host: string, address: string): Promise<void> {
  const addresses = new Addresses(nb, { host, quarantineMs: 0 });
  const place = { switch: 'foo', host, interface: 'lco1' };
  const endpoint = { id: `e-${host}`, ...place, mac: '02:00:00:00:00:01', space: 'linecard' };
  await nb.write((tx) => editNetwork(nb, tx, network(host)), { what: 'make foo' });
  await nb.write((tx) => editEndpoint(nb, tx, addresses, { ...endpoint, addresses: [address] }), { what: 'attach' });
  const pool = { space: 'linecard', subnet: parseCidr('10.0.0.0/24') };
  await addresses.share(pool, { kind: 'gateway', by: `n-${host}` });
}

describe('what a dead host has left', () => {
  it('is collected by the others, and nothing of who lives', async () => {
    for (const [i, host] of ['h1', 'h2', 'h3'].entries()) await populate(host, `10.0.0.${i + 2}`);
    const mine = new Addresses(nb, { host: 'h1', quarantineMs: 0 });
    await answer('h2', 1000);
    await answer('h3', 0);
    await passOn(1000);
    const options = { southbound: { endpoint: south.socket }, self: 'h1', graceMs: 200 };
    expect(await collectSilent(nb, mine, options)).toEqual([{ host: 'h3', ports: 1, networks: 1, addresses: 1 }]);
    expect(await server.nbctl('lsp-list', 'foo')).toMatch(/\(e-h1\)\n.*\(e-h2\)/);
    expect(await server.nbctl('lsp-list', 'foo')).not.toContain('e-h3');
    expect(mine.claim('linecard', '10.0.0.4')).toMatchObject({ kind: 'released' });
    expect(mine.claim('linecard', '10.0.0.1')?.users).toMatchObject([{ host: 'h1' }, { host: 'h2' }]);
    expect(await collectSilent(nb, mine, options)).toEqual([]);
  });

  it('stays while nobody can tell who is dead', async () => {
    await populate('h2', '10.0.0.2');
    await south.kill();
    const mine = new Addresses(nb, { host: 'h1', quarantineMs: 0 });
    const options = { southbound: { endpoint: south.socket }, self: 'h1', graceMs: 100, northdMs: 500 };
    await expect(collectSilent(nb, mine, options)).rejects.toMatchObject({ code: 'LC_OVSDB_UNREACHABLE' });
    await south.restart();
    await chassis.ready(10_000);
    await passOn(0);
    await expect(collectSilent(nb, mine, options)).rejects.toThrow(/ovn-northd to pass a question on/);
    expect(nb.port('e-h2')).toBeDefined();
  }, 20_000);

  it('is looked for by one host at a time', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => server.client()));
    const turns = await Promise.all(clients.map((client) => takeTurn(client, 'gc', 60_000, 1_000_000)));
    expect(turns.filter(Boolean)).toHaveLength(1);
    expect(await takeTurn(nb, 'gc', 60_000, 1_030_000)).toBe(false);
    expect(await takeTurn(nb, 'gc', 60_000, 1_060_000)).toBe(true);
  });
});
