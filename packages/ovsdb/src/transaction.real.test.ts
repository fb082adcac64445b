import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../test/server.js';
import { type OvsdbSession, Transaction, type Uuid, vswitch } from './index.js';

let server: TestServer;
let session: OvsdbSession;
const begin = () => new Transaction(session, vswitch);

beforeEach(async () => {
  server = await TestServer.start();
  await server.vsctl('init');
  session = await server.session();
});
afterEach(() => server.close());

/** A bridge with one port, in one transaction. */
async function makeBridge(name: string): Promise<{ bridge: Uuid; port: Uuid; cfg: number }> {
  const tx = begin();
  const ifc = tx.insert('Interface', { name, type: 'internal', external_ids: { owner: 'me' }, ofport_request: 7 });
  const port = tx.insert('Port', { name, interfaces: [ifc], tag: 5, trunks: [1, 2] });
  const bridge = tx.insert('Bridge', {
    name,
    ports: [port],
    protocols: ['OpenFlow13', 'OpenFlow10'],
    fail_mode: 'secure',
  });
  tx.mutate('Open_vSwitch', [], [['bridges', 'insert', [bridge]]]);
  const cfg = tx.increment('Open_vSwitch', [], 'next_cfg');
  tx.comment('a bridge with a port');
  const result = await tx.commit();
  return { bridge: result.uuid(bridge), port: result.uuid(port), cfg: result.get(cfg) };
}

describe('transaction', () => {
  it('inserts rows that refer to each other, as ovs-vsctl sees them', async () => {
    const { bridge, cfg } = await makeBridge('br0');
    expect(await server.vsctl('get bridge br0 _uuid')).toBe(bridge);
    expect(await server.vsctl('get bridge br0 protocols fail_mode')).toBe('[OpenFlow10, OpenFlow13]\nsecure');
    expect(await server.vsctl('list-ports br0')).toBe('');
    expect(await server.vsctl('get port br0 tag trunks')).toBe('5\n[1, 2]');
    expect(await server.vsctl('get interface br0 type external_ids ofport_request')).toBe('internal\n{owner=me}\n7');
    expect(Number(await server.vsctl('get open_vswitch . next_cfg'))).toBe(cfg);
    expect((await makeBridge('br1')).cfg).toBe(cfg + 1);
  });

  it('gives a row the identity that is asked for, once', async () => {
    const uuid = '6f1a3c52-0000-5000-8000-000000000001' as Uuid;
    const make = () => {
      const tx = begin();
      const ref = tx.insert('Bridge', { name: `br${performance.now()}` }, uuid);
      tx.mutate('Open_vSwitch', [], [['bridges', 'insert', [ref]]]);
      return tx.commit().then((result) => result.uuid(ref));
    };
    expect(await make()).toBe(uuid);
    await expect(make()).rejects.toMatchObject({ code: 'LC_OVSDB', error: 'duplicate uuid' });
  });

  it('updates, mutates and deletes', async () => {
    const { bridge, port } = await makeBridge('br0');
    const tx = begin();
    const updated = tx.update('Port', [['name', '==', 'br0']], { tag: undefined, trunks: [] });
    tx.mutate('Bridge', bridge, [
      [
        'external_ids',
        'insert',
        new Map([
          ['a', '1'],
          ['b', '2'],
          ['c', '3'],
        ]),
      ],
      ['external_ids', 'delete', ['a']],
      ['external_ids', 'delete', { b: 'other', c: '3' }],
      ['protocols', 'delete', ['OpenFlow10']],
      ['flood_vlans', 'insert', [4, 5]],
    ]);
    const none = tx.update('Port', [['name', '==', 'no such']], { tag: 1 });
    tx.setKeys('Interface', [['name', '==', 'br0']], 'external_ids', { owner: 'you', more: '1', gone: undefined });
    const result = await tx.commit();
    expect([result.get(updated), result.get(none)]).toEqual([1, 0]);
    expect(await server.vsctl('get port br0 tag trunks')).toBe('[]\n[]');
    expect(await server.vsctl('get bridge br0 external_ids protocols flood_vlans')).toBe(
      '{b="2"}\n[OpenFlow13]\n[4, 5]',
    );
    expect(await server.vsctl('get interface br0 external_ids')).toBe('{more="1", owner=you}');
    const removal = begin();
    removal.mutate('Open_vSwitch', [], [['bridges', 'delete', [bridge]]]);
    await removal.commit();
    const check = begin();
    const rows = check.select('Port', port, ['name']);
    expect((await check.commit()).get(rows)).toEqual([]);
  });

  it('selects rows, decoded', async () => {
    const { port } = await makeBridge('br0');
    const tx = begin();
    const ports = tx.select('Port', [['trunks', 'includes', [2]]], ['name', 'tag', 'trunks', 'vlan_mode']);
    const result = (await tx.commit()).get(ports);
    expect(result).toEqual([{ _uuid: port, name: 'br0', tag: 5, trunks: [1, 2], vlan_mode: undefined }]);
  });

  it('compares and sets', async () => {
    const { bridge } = await makeBridge('br0');
    const claim = (expected: Record<string, string>, owner: string) => {
      const tx = begin();
      tx.wait('Bridge', bridge, '==', [{ external_ids: expected }]);
      tx.update('Bridge', bridge, { external_ids: { owner } });
      return tx.commit();
    };
    const claims = await Promise.allSettled([claim({}, 'a'), claim({}, 'b')]);
    expect(claims.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(claim({}, 'c')).rejects.toMatchObject({
      code: 'LC_OVSDB',
      error: 'timed out',
      operation: { index: 0, op: 'wait', table: 'Bridge' },
    });
    await claim({ owner: 'a' }, 'd');
    expect(await server.vsctl('get bridge br0 external_ids')).toBe('{owner=d}');
  });

  it('fails when a row that it needs is gone, or one that must not exist does', async () => {
    const { bridge } = await makeBridge('br0');
    const there = begin();
    there.requireRow('Bridge', bridge);
    await there.commit();
    const unique = begin();
    unique.wait('Bridge', [['name', '==', 'br0']], '==', []);
    await expect(unique.commit()).rejects.toMatchObject({ error: 'timed out' });
    await server.vsctl('del-br br0');
    const gone = begin();
    gone.requireRow('Bridge', bridge);
    await expect(gone.commit()).rejects.toMatchObject({ error: 'timed out' });
    const fresh = begin();
    fresh.wait('Bridge', [['name', '==', 'br0']], '==', []);
    await fresh.commit();
  });

  it('says which operation the server refused, and why', async () => {
    const { port } = await makeBridge('br0');
    const tx = begin();
    tx.comment('out of range');
    tx.update('Port', port, { tag: 5000 });
    await expect(tx.commit()).rejects.toMatchObject({
      error: 'constraint violation',
      operation: { index: 1, op: 'update', table: 'Port' },
      message: /refused "update" on table Port \(operation 1\): constraint violation \(.*5000/,
    });
    const twice = begin();
    const ifc = twice.insert('Interface', { name: 'br0' });
    const again = twice.insert('Port', { name: 'br0', interfaces: [ifc] });
    twice.mutate('Bridge', [], [['ports', 'insert', [again]]]);
    await expect(twice.commit()).rejects.toMatchObject({ operation: undefined, message: /refused to commit/ });
  });

  it('refuses what cannot be right before it is sent', async () => {
    const tx = begin();
    const ref = tx.insert('Port', { name: 'p' });
    expect(() => begin().insert('Bridge', { name: 'b', ports: [ref] })).toThrow(/another transaction/);
    expect(() => tx.update('Port', 'x' as Uuid, { nonsense: 1 } as object)).toThrow(/no column "nonsense"/);
    expect(() => tx.update('Port', 'x' as Uuid, { tag: 1.5 })).toThrow(/expected integer/);
    const empty = begin();
    await empty.commit();
    await expect(empty.commit()).rejects.toThrow(/once only/);
  });

  it('carries thousands of rows', async () => {
    const count = 5000;
    const tx = begin();
    const ports = Array.from({ length: count }, (_, i) => {
      const ifc = tx.insert('Interface', { name: `p${i}`, external_ids: { text: 'x'.repeat(100) } });
      return tx.insert('Port', { name: `p${i}`, interfaces: [ifc] });
    });
    const bridge = tx.insert('Bridge', { name: 'br0', ports });
    tx.mutate('Open_vSwitch', [], [['bridges', 'insert', [bridge]]]);
    const result = await tx.commit(30_000);
    expect(new Set(ports.map((port) => result.uuid(port))).size).toBe(count);
    const replica = await server.replica({ Bridge: ['ports'], Interface: ['name', 'external_ids'] });
    expect(replica.table('Interface').size).toBe(count);
    const removal = begin();
    removal.mutate('Bridge', result.uuid(bridge), [
      ['ports', 'delete', ports.slice(1).map((port) => result.uuid(port))],
    ]);
    await removal.commit(30_000);
    await replica.waitFor(() => replica.table('Interface').size === 1 || undefined, { timeoutMs: 10_000, what: 'it' });
    expect(replica.table('Bridge').get(result.uuid(bridge))?.ports).toEqual([result.uuid(ports[0]!)]);
  }, 30_000);

  it('says that nothing was sent without a connection', async () => {
    await session.close();
    await expect(begin().commit()).rejects.toMatchObject({ code: 'LC_OVSDB_UNREACHABLE' });
  });
});
