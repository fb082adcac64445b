import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { columns, content, TestServer } from '../test/server.js';
import { OvsdbSession, Replica, Transaction, vswitch } from './index.js';

let server: TestServer;

afterEach(() => server.close());

describe('replica', () => {
  beforeEach(async () => {
    server = await TestServer.start();
    await server.vsctl('init');
  });

  it('holds what others write, change by change', async () => {
    const replica = await server.replica(columns);
    const bridgeByName = replica.byColumn('Bridge', 'name');
    const bridge = () => bridgeByName.one('br0');
    const until = <T>(check: () => T | undefined) => replica.waitFor(check, { timeoutMs: 5000, what: 'a change' });
    await server.vsctl('add-br br0 -- set bridge br0 external_ids={a=1,b=2,c=3}');
    await until(bridge);
    expect(bridge()).toMatchObject({ name: 'br0', protocols: [], fail_mode: undefined, flood_vlans: [] });
    expect(bridge()?.external_ids).toEqual(
      new Map([
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ]),
    );

    await server.vsctl('set bridge br0 external_ids={b=2,c=4,d=5} fail_mode=secure');
    await until(() => bridge()?.fail_mode);
    expect(bridge()?.external_ids).toEqual(
      new Map([
        ['b', '2'],
        ['c', '4'],
        ['d', '5'],
      ]),
    );

    await server.vsctl('set bridge br0 flood_vlans=10,9,100,2 fail_mode=standalone');
    await until(() => bridge()?.fail_mode === 'standalone' || undefined);
    expect(bridge()?.flood_vlans).toEqual([2, 9, 10, 100]);

    await server.vsctl(
      '-- remove bridge br0 flood_vlans 9 -- add bridge br0 flood_vlans 5 -- clear bridge br0 external_ids fail_mode',
    );
    await until(() => bridge()?.fail_mode === undefined || undefined);
    expect(bridge()?.flood_vlans).toEqual([2, 5, 10, 100]);
    expect(bridge()?.external_ids.size).toBe(0);

    await server.vsctl('del-br br0');
    await until(() => replica.table('Bridge').size === 0 || undefined);
    expect([replica.table('Port').size, replica.table('Interface').size]).toEqual([0, 0]);
    expect(bridge()).toBeUndefined();
  });

  it('is what a fresh copy reads, whatever was written', async () => {
    const few = <T>(values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { maxLength: 4 });
    const write = fc.record({
      external_ids: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.constantFrom('', '1', '"{\\')),
      flood_vlans: few([1, 2, 9, 10, 100, 4095]),
      protocols: few(['OpenFlow10', 'OpenFlow13', 'OpenFlow15'] as const),
      fail_mode: fc.constantFrom('secure', 'standalone', undefined),
    });
    await server.vsctl('add-br br0');
    const session = await server.session();
    const replica = new Replica(session, vswitch, columns);
    await replica.waitSynced(5000);
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 5 }), async (writes) => {
        for (const row of writes) {
          const tx = new Transaction(session, vswitch);
          tx.update('Bridge', [['name', '==', 'br0']], row);
          await tx.commit();
        }
        const fresh = new Replica(session, vswitch, columns);
        await fresh.waitSynced(5000);
        expect(content(replica)).toEqual(content(fresh));
        fresh.close();
      }),
      { numRuns: 30 },
    );
  });

  it('reports each update once, with the row before and after it', async () => {
    const replica = await server.replica(columns);
    const batches: unknown[][] = [];
    replica.on('change', (changes) => {
      batches.push(changes.map(({ table, old, new: now }) => [table, old !== undefined, now !== undefined]));
    });
    await server.vsctl('add-br br0');
    await replica.waitFor(() => replica.table('Bridge').size || undefined, { timeoutMs: 5000, what: 'br0' });
    expect(batches).toHaveLength(1);
    expect(batches[0]?.sort()).toEqual([
      ['Bridge', false, true],
      ['Interface', false, true],
      ['Open_vSwitch', true, true],
      ['Port', false, true],
    ]);
  });

  it('has a transaction of its own session applied before the commit resolves', async () => {
    const session = await server.session();
    const replica = new Replica(session, vswitch, columns);
    await replica.waitSynced(5000);
    const [root] = replica.table('Open_vSwitch').keys();
    const tx = new Transaction(session, vswitch);
    tx.setKeys('Open_vSwitch', root!, 'external_ids', { mine: 'yes' });
    await tx.commit();
    expect(replica.table('Open_vSwitch').get(root!)?.external_ids.get('mine')).toBe('yes');
    expect(replica.byKey('Open_vSwitch', 'external_ids', 'mine').one('yes')?._uuid).toBe(root);
  });

  it('looks rows up by columns, by elements of sets and by keys of maps', async () => {
    const replica = await server.replica(columns);
    const byInterface = replica.byColumn('Port', 'interfaces');
    const byTag = replica.byColumn('Port', 'tag');
    const byOwner = replica.byKey('Interface', 'external_ids', 'owner');
    const add = (name: string) => `add-port br0 ${name} tag=7 -- set interface ${name} external_ids:owner=me`;
    await server.vsctl(`add-br br0 -- ${add('p1')} -- ${add('p2')}`);
    await replica.waitFor(() => byTag.get(7).length === 2 || undefined, { timeoutMs: 5000, what: 'two ports' });
    expect(
      byOwner
        .get('me')
        .map((row) => row.name)
        .sort(),
    ).toEqual(['p1', 'p2']);
    const [p1] = replica.byColumn('Interface', 'name').get('p1');
    expect(byInterface.one(p1!._uuid)?.name).toBe('p1');
    await server.vsctl('del-port p1 -- clear port p2 tag');
    await replica.waitFor(() => byTag.get(7).length === 0 || undefined, { timeoutMs: 5000, what: 'no tag' });
    expect(byInterface.one(p1!._uuid)).toBeUndefined();
    expect(byOwner.get('me').map((row) => row.name)).toEqual(['p2']);
  });

  it('agrees between two clients that write at the same time', async () => {
    const copies = [await server.replica(columns), await server.replica(columns)];
    const names = Array.from({ length: 20 }, (_, i) => `br${i}`);
    await Promise.all(names.map((name) => server.vsctl(`add-br ${name}`)));
    for (const copy of copies) {
      await copy.waitFor(() => copy.table('Bridge').size === 20 || undefined, { timeoutMs: 5000, what: 'bridges' });
    }
    expect([...copies[0]!.table('Bridge').values()]).toEqual([...copies[1]!.table('Bridge').values()]);
    expect([...copies[0]!.table('Open_vSwitch').values()]).toEqual([...copies[1]!.table('Open_vSwitch').values()]);
  });

  it('ends waits that time out, are aborted or outlive it', async () => {
    const replica = await server.replica(columns);
    const never = () => undefined;
    const timed = replica.waitFor(never, { timeoutMs: 20, what: 'a miracle' });
    await expect(timed).rejects.toMatchObject({ code: 'LC_TIMEOUT', message: 'waited 20 ms for a miracle' });
    const aborted = replica.waitFor(never, { timeoutMs: 5000, what: '', signal: AbortSignal.timeout(10) });
    await expect(aborted).rejects.toMatchObject({ name: 'TimeoutError' });
    const thrown = replica.waitFor(
      () => {
        throw new Error('check failed');
      },
      { timeoutMs: 5000, what: '' },
    );
    await expect(thrown).rejects.toThrow('check failed');
    const outlived = replica.waitFor(never, { timeoutMs: 5000, what: '' });
    replica.close();
    await expect(outlived).rejects.toMatchObject({ code: 'LC_CLOSED' });
  });

  it('refuses tables and columns that do not exist', () => {
    const session = new OvsdbSession({ endpoint: server.endpoint });
    // @ts-expect-error: no such column
    expect(() => new Replica(session, vswitch, { Bridge: ['nam'] })).toThrow(/no column "nam"/);
    expect(() => new Replica(session, vswitch, { Brigde: ['name'] } as object)).toThrow(/no table "Brigde"/);
    const replica = new Replica(session, vswitch, { Bridge: ['name'] });
    // @ts-expect-error: not chosen
    expect(() => replica.table('Port')).toThrow(/"Port" of Open_vSwitch is not copied/);
    // @ts-expect-error: not chosen
    for (const row of replica.table('Bridge').values()) row.ports;
  });

  it('says why it cannot be had', async () => {
    const session = await server.session();
    const nowhere = new Replica(session, { ...vswitch, name: 'Nonsense' }, columns);
    await expect(nowhere.waitSynced(100)).rejects.toMatchObject({ code: 'LC_OVSDB', error: 'unknown database' });
    nowhere.close();
    await server.stop();
    const replica = new Replica(session, vswitch, columns);
    await expect(replica.waitSynced(100)).rejects.toMatchObject({ code: 'LC_OVSDB_UNREACHABLE' });
  });
});
