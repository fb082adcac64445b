import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { columns, content, TestServer } from '../test/server.js';
import { Replica, vswitch } from './index.js';

let server: TestServer;
afterEach(() => server.close());

describe('replica after an outage', () => {
  beforeEach(async () => {
    server = await TestServer.start();
    await server.vsctl('init');
  });

  it('keeps its rows while the server is down, and reports the difference afterwards', async () => {
    await server.vsctl('add-br kept -- add-br doomed');
    const replica = await server.replica(columns);
    const kept = replica.byColumn('Bridge', 'name').one('kept');
    const lost = once(replica, 'lost');
    await server.stop();
    await lost;
    expect([replica.synced, replica.table('Bridge').size]).toEqual([false, 2]);
    const synced = once(replica, 'synced');
    const changes: string[] = [];
    replica.on('change', (batch) => {
      for (const { table, old, new: now } of batch) if (table === 'Bridge') changes.push(`${old?.name} ${now?.name}`);
    });
    await server.restart();
    await synced;
    await server.vsctl('del-br doomed -- add-br fresh');
    await replica.waitFor(() => changes.length >= 2 || undefined, { timeoutMs: 5000, what: 'the difference' });
    expect(changes.sort()).toEqual(['doomed undefined', 'undefined fresh']);
    expect(replica.byColumn('Bridge', 'name').one('kept')).toBe(kept);
  });

  it('finds itself empty when the database was replaced by an empty one', async () => {
    await server.vsctl('add-br br0');
    const replica = await server.replica(columns);
    const removed: string[] = [];
    replica.on('change', (batch) => removed.push(...batch.filter((change) => !change.new).map(({ table }) => table)));
    await server.stop();
    await server.createDatabase();
    await server.restart();
    await replica.waitFor(() => (replica.synced && removed.length > 0) || undefined, { timeoutMs: 5000, what: 'sync' });
    expect(removed.sort()).toEqual(['Bridge', 'Interface', 'Open_vSwitch', 'Port']);
    expect(replica.table('Open_vSwitch').size).toBe(0);
    expect(replica.byColumn('Bridge', 'name').one('br0')).toBeUndefined();
  });
});

describe('replica of another server', () => {
  beforeEach(async () => {
    server = await TestServer.start();
    await server.vsctl('init');
  });

  it.each([1, 2])('works with a server that lacks the newest %i monitor methods', async (missing) => {
    const unknown = ['monitor_cond_since', 'monitor_cond'].slice(0, missing);
    const endpoint = await server.front(({ id, method }) =>
      unknown.includes(method) ? { id, result: null, error: { error: 'unknown method' } } : undefined,
    );
    await server.vsctl('add-br br0 -- set bridge br0 external_ids={a=1,b=2}');
    const replica = new Replica(await server.session({ endpoint }), vswitch, columns);
    await replica.waitSynced(5000);
    await server.vsctl('set bridge br0 external_ids={b=3} fail_mode=secure -- add-br br1');
    await replica.waitFor(() => replica.table('Bridge').size === 2 || undefined, { timeoutMs: 5000, what: 'br1' });
    const br0 = replica.byColumn('Bridge', 'name').one('br0');
    expect([br0?.external_ids, br0?.fail_mode]).toEqual([new Map([['b', '3']]), 'secure']);
    await server.vsctl('del-br br0');
    await replica.waitFor(() => replica.table('Bridge').size === 1 || undefined, { timeoutMs: 5000, what: 'the end' });
  });

  it('does without the columns that an older schema lacks', async () => {
    const older = { tables: { Bridge: { columns: { name: {} } } } };
    const endpoint = await server.front(({ id, method }) =>
      method === 'get_schema' ? { id, result: older, error: null } : undefined,
    );
    await server.vsctl('add-br br0 -- set bridge br0 fail_mode=secure');
    const replica = new Replica(await server.session({ endpoint }), vswitch, columns);
    await replica.waitSynced(5000);
    expect(replica.byColumn('Bridge', 'name').one('br0')).toMatchObject({ fail_mode: undefined, ports: [] });
    expect(replica.table('Port').size).toBe(0);
  });

  it('starts anew after an update that it cannot read', async () => {
    await server.vsctl('add-br br0');
    let spoiled = false;
    const endpoint = await server.front(({ id, method }) => {
      if (method !== 'monitor_cond_since' || spoiled) return undefined;
      spoiled = true;
      const updates = { Bridge: { x: { initial: { name: 'half' } }, y: { initial: { name: 7 } } } };
      return { id, result: [false, '', updates], error: null };
    });
    const replica = new Replica(await server.session({ endpoint }), vswitch, columns);
    const changes: string[] = [];
    replica.on('change', (batch) => {
      for (const { table, old, new: now } of batch) if (table === 'Bridge') changes.push(`${old?.name} ${now?.name}`);
    });
    await replica.waitSynced(5000);
    expect(changes).toEqual(['undefined half', 'half undefined', 'undefined br0']);
  });
});

describe('replica of a clustered database', () => {
  it('fetches the difference only, and stays right', async () => {
    server = await TestServer.start({ clustered: true });
    // The server forgets its history as soon as that is larger than the database.
    const bulk = Array.from({ length: 20 }, (_, i) => `add-br bulk${i} -- set bridge bulk${i} flood_vlans=1,2,3,4`);
    await server.vsctl(`init -- ${bulk.join(' -- ')}`);
    await server.vsctl('add-br br0 -- set bridge br0 external_ids={a=1,b=2} flood_vlans=1,2 fail_mode=secure');
    const whole: boolean[] = [];
    const endpoint = await server.spy(({ result }) => {
      if (Array.isArray(result)) whole.push(!result[0]);
    });
    const session = await server.session({ endpoint });
    const replica = new Replica(session, vswitch, columns);
    await replica.waitSynced(5000);
    await server.vsctl('set open_vswitch . external_ids:x=1');
    const root = () => [...replica.table('Open_vSwitch').values()][0];
    await replica.waitFor(() => root()?.external_ids.get('x'), { timeoutMs: 5000, what: 'x' });
    await session.close();
    await server.vsctl(
      'set bridge br0 external_ids={b=3,c=4} flood_vlans=2,3 -- clear bridge br0 fail_mode -- del-br bulk0 -- add-br br1',
    );
    session.start();
    await replica.waitSynced(5000);
    expect(whole).toEqual([true, false]);
    expect(content(replica)).toEqual(content(await server.replica(columns)));
    expect(replica.byColumn('Bridge', 'name').one('bulk0')).toBeUndefined();
  });
});
