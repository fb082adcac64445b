import type { Uuid } from '@linecard/ovsdb';
import { parseCidr } from '@linecard/wire';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NorthboundServer } from '../test/server.js';
import { rowIdentity } from './identity.js';
import { Addresses, type Northbound, type NorthboundTransaction } from './index.js';

let members: NorthboundServer[] = [];
afterEach(() => Promise.all(members.map((member) => member.close())));

const ensureSwitch = (nb: Northbound, name: string) =>
  nb.write(
    (tx) => {
      if (nb.switch(name) !== undefined) return 'there';
      tx.wait('Logical_Switch', [['name', '==', name]], '==', []);
      tx.insert('Logical_Switch', { name });
      return 'made';
    },
    { what: `make switch ${name}` },
  );

describe('the northbound database', () => {
  it('lets one of many hosts make a row, and the others find it', async () => {
    members = [await NorthboundServer.start()];
    const clients = await Promise.all(Array.from({ length: 6 }, () => members[0]!.client()));
    const outcomes = await Promise.all(clients.map((client) => ensureSwitch(client, 'shared')));
    expect(outcomes.sort()).toEqual(['made', 'there', 'there', 'there', 'there', 'there']);
    expect(await members[0]!.nbctl('--bare', '--columns=name', 'list', 'Logical_Switch')).toBe('shared');
  });

  it('passes on what is wrong with a change, and says who does not answer', async () => {
    members = [await NorthboundServer.start()];
    const [member] = members;
    const client = await member!.client();
    const bad = client.write((tx) => tx.insert('Port_Group', { name: 'a', ports: ['x' as Uuid] }), { what: 'x' });
    await expect(bad).rejects.toMatchObject({ code: 'LC_OVSDB' });
    await member!.kill();
    const late = client.write((tx) => tx.insert('DNS', {}), { what: 'x', timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ code: 'LC_OVSDB_UNREACHABLE' });
  });

  it('has rows whose identity is made of words', () => {
    expect(rowIdentity('address', 'a', '10.0.0.1')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    expect(rowIdentity('a', 'b')).not.toBe(rowIdentity('ab'));
  });
});

describe('a cluster of three', () => {
  it('loses and repeats nothing when its leader is killed in the middle of changes', async () => {
    members = await NorthboundServer.cluster(3);
    const sockets = members.map(({ socket }) => socket);
    // Each client begins with another member: one of them talks to the leader itself.
    const clients = await Promise.all(
      members.map((member, i) => member.client([...sockets.slice(i), ...sockets.slice(0, i)].join(','))),
    );
    const hosts = clients.map((client, i) => new Addresses(client, { host: `h${i}`, quarantineMs: 60_000 }));
    const pool = { space: 'linecard', subnet: parseCidr('10.0.0.0/16') };
    const got: string[] = [];
    let killed: Promise<void> | undefined;
    const work = async (addresses: Addresses) => {
      for (let i = 0; i < 150; i++) {
        got.push(await addresses.allocate(pool));
        if (got.length === 120) killed = killLeader();
      }
    };
    await Promise.all(hosts.map(work));
    await killed;
    expect(new Set(got).size).toBe(450);
    // An allocation whose answer was lost is not taken a second time under another address.
    const claims = () => hosts.flatMap((_, i) => [...hosts[1]!.claimsOf(`h${i}`)]);
    await vi.waitFor(() => expect(claims().length).toBeGreaterThanOrEqual(450));
    expect(
      claims()
        .map(({ address }) => address)
        .sort(),
    ).toEqual(got.sort());
  }, 60_000);

  it('is left by a client whose member has lost the others', async () => {
    members = await NorthboundServer.cluster(3);
    const leader = await indexOfLeader();
    const lonely = (leader + 1) % 3;
    const order = [lonely, (leader + 2) % 3, leader].map((i) => members[i]!.socket);
    const client = await members[lonely]!.client(order.join(','));
    // Stopped, not dead: the lonely member keeps its sockets and hears nothing any more.
    const others = members.filter((_, i) => i !== lonely);
    for (const member of others) await member.kill('SIGSTOP');
    const name = rowIdentity('a row');
    const add = (tx: NorthboundTransaction) => client.nameRow(name) ?? tx.insert('DNS', {}, name);
    const change = client.write(add, { what: 'add a row', timeoutMs: 30_000 });
    await new Promise((resolve) => client.session.once('disconnected', resolve));
    for (const member of others) await member.kill('SIGCONT');
    await change;
    expect(client.replica.table('DNS').size).toBe(1);
  }, 60_000);
});

async function indexOfLeader(): Promise<number> {
  const roles = await Promise.all(members.map((member) => member.role().catch(() => 'dead')));
  return roles.indexOf('leader');
}

async function killLeader(): Promise<void> {
  await members[await indexOfLeader()]!.kill();
}
