import { parseCidr } from '@linecard/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NorthboundServer } from '../test/server.js';
import { Addresses, type Claim, type Pool, type SharedUse } from './index.js';

let server: NorthboundServer;
beforeEach(async () => {
  server = await NorthboundServer.start();
});
afterEach(() => server.close());

const pool = (subnet: string, range?: string): Pool => ({
  space: 'linecard',
  subnet: parseCidr(subnet),
  ...(range === undefined ? {} : { range: parseCidr(range) }),
});

const gateway = (by: string): SharedUse => ({ kind: 'gateway', by });
const reserved: SharedUse = { kind: 'reserved', by: 'n' };

async function host(name: string, quarantineMs = 60_000): Promise<Addresses> {
  return new Addresses(await server.client(), { host: name, quarantineMs });
}

describe('addresses', () => {
  it('are given once over all hosts, the lowest first', async () => {
    const [one, two] = [await host('h1'), await host('h2')];
    const net = pool('192.168.1.0/24');
    expect(await one.share(net, gateway('n'))).toBe('192.168.1.1');
    expect(await two.share(net, gateway('n'))).toBe('192.168.1.1');
    expect(await one.allocate(net)).toBe('192.168.1.2');
    expect(await two.allocate(net)).toBe('192.168.1.3');
    expect(await two.allocate(net, '192.168.1.77')).toBe('192.168.1.77');
    await expect(one.allocate(net, '192.168.1.77')).rejects.toThrow('belongs to an endpoint on host h2');
    await expect(one.allocate(net, '192.168.1.1')).rejects.toThrow('belongs to a gateway address');
    await expect(one.allocate(net, '192.168.1.255')).rejects.toMatchObject({ code: 'LC_INVALID' });
    await expect(one.share(net, reserved, '192.168.1.77')).rejects.toMatchObject({ code: 'LC_CONFLICT' });
  });

  it('come from the range, and the gateway from where the others have it', async () => {
    const [one, two] = [await host('h1'), await host('h2')];
    const net = pool('10.7.0.0/16', '10.7.5.0/29');
    expect(await one.share(net, gateway('n'), '10.7.255.254')).toBe('10.7.255.254');
    await vi.waitFor(() => expect(two.claim('linecard', '10.7.255.254')).toBeDefined());
    expect(await two.share(net, gateway('n'))).toBe('10.7.255.254');
    expect(await one.share(net, reserved, '10.7.5.1')).toBe('10.7.5.1');
    expect(await two.share(net, reserved, '10.7.5.1')).toBe('10.7.5.1');
    expect(await one.allocate(net)).toBe('10.7.5.0');
    expect(await two.allocate(net)).toBe('10.7.5.2');
    expect(await two.allocate(net, '10.7.9.9')).toBe('10.7.9.9');
  });

  it('of IPv6 work alike', async () => {
    const one = await host('h1');
    const net = pool('fd00:1::/64');
    expect(await one.share(net, gateway('n'))).toBe('fd00:1::1');
    expect(await one.allocate(net)).toBe('fd00:1::2');
    expect(await one.allocate(net, 'fd00:1::abcd')).toBe('fd00:1::abcd');
    expect(await one.allocate(net)).toBe('fd00:1::3');
  });

  it('are not given again too soon, unless there is no other', async () => {
    let clock = 1_000_000;
    const nb = await server.client();
    const one = new Addresses(nb, { host: 'h1', quarantineMs: 30_000, now: () => clock });
    const net = pool('10.0.0.0/29');
    const first = await one.allocate(net);
    await one.release('linecard', first);
    await one.release('linecard', first);
    expect(await one.allocate(net)).toBe('10.0.0.2');
    clock += 30_001;
    expect(await one.allocate(net)).toBe('10.0.0.3');
    expect(await one.allocate(net)).toBe('10.0.0.1');
    for (const last of ['4', '5', '6']) expect(await one.allocate(net)).toBe(`10.0.0.${last}`);
    await expect(one.allocate(net)).rejects.toThrow(/every address of 10.0.0.0\/29 is in use/);
    await one.release('linecard', '10.0.0.5');
    expect(await one.allocate(net)).toBe('10.0.0.5');
  });

  it('that hosts share are there until the last use of the last one has ended', async () => {
    const [one, two] = [await host('h1'), await host('h2')];
    const net = pool('10.0.0.0/24');
    const users = () => one.claim('linecard', '10.0.0.1')?.users.map(({ host: user, by }) => `${user}/${by}`);
    // Whose answer was lost asks again, and has it once all the same.
    for (const by of ['pool-1', 'pool-1', 'n1', 'n2']) await one.share(net, gateway(by));
    await two.share(net, gateway('n1'));
    await one.release('linecard', '10.0.0.1', 'pool-1');
    await one.release('linecard', '10.0.0.1', 'pool-1');
    await two.releaseShared('n1');
    await vi.waitFor(() => expect(users()).toEqual(['h1/n1', 'h1/n2']));
    await one.releaseShared('n2');
    expect(users()).toEqual(['h1/n1']);
    await one.releaseShared('n1');
    expect(one.claim('linecard', '10.0.0.1')).toBeUndefined();
  });

  it('that two hosts take and leave at once are shared as long as one of them uses them', async () => {
    const hosts = [await host('h1'), await host('h2')];
    const net = pool('10.0.0.0/24');
    for (let i = 0; i < 20; i++) {
      const by = `n${i}`;
      await Promise.all(hosts.map((one) => one.share(net, gateway(by))));
      if (i > 0) await Promise.all(hosts.map((one) => one.releaseShared(`n${i - 1}`)));
      for (const one of hosts) {
        await vi.waitFor(() => expect(one.claim('linecard', '10.0.0.1')?.users).toMatchObject([{ by }, { by }]));
      }
    }
    await Promise.all(hosts.map((one) => one.releaseShared('n19')));
    await vi.waitFor(() => expect(hosts[0]!.claim('linecard', '10.0.0.1')).toBeUndefined());
  });

  it('of a database that was restored from a backup are still those of their hosts', async () => {
    const [one, two] = [await host('h1'), await host('h2')];
    const net = pool('10.0.0.0/24');
    await one.share(net, gateway('n'));
    expect(await one.allocate(net)).toBe('10.0.0.2');
    await server.backup();
    expect(await two.allocate(net)).toBe('10.0.0.3');
    await server.restore();
    await vi.waitFor(() => expect(two.claim('linecard', '10.0.0.3')).toBeUndefined());
    // Every row has another identity now, and no index keeps a second one away.
    const [given] = await Promise.all([two.allocate(net), one.settle(), two.settle()]);
    expect(given).toBe('10.0.0.3');
    await expect(two.allocate(net, '10.0.0.2')).rejects.toThrow('belongs to an endpoint on host h1');
    expect(one.claim('linecard', '10.0.0.1')).toMatchObject({ kind: 'gateway' });
    expect(await server.nbctl('--bare', '--columns=_uuid', 'list', 'DNS')).toMatch(/^(\S+\s*){3}$/);
  });

  it('that nobody uses are freed by their own host, after a while', async () => {
    let clock = 1_000_000;
    const nb = await server.client();
    const one = new Addresses(nb, { host: 'h1', quarantineMs: 0, now: () => clock });
    const net = pool('10.0.0.0/24');
    await one.share(net, gateway('n'));
    for (const last of [2, 3]) expect(await one.allocate(net)).toBe(`10.0.0.${last}`);
    await (await host('h2')).allocate(net, '10.0.0.9');
    clock += 60_001;
    expect(await one.allocate(net)).toBe('10.0.0.4');
    await vi.waitFor(() => expect(one.claim('linecard', '10.0.0.9')).toBeDefined());
    await one.share(net, gateway('pool-1'));
    const asked: string[] = [];
    const isUsed = ({ address }: Claim, by?: string) => {
      asked.push(`${address} ${by ?? ''}`.trim());
      return address === '10.0.0.2';
    };
    expect(await one.releaseUnused(isUsed, 60_000)).toEqual(['10.0.0.1', '10.0.0.3']);
    expect(asked.sort()).toEqual(['10.0.0.1 n', '10.0.0.2', '10.0.0.3']);
    expect(one.claim('linecard', '10.0.0.1')?.users).toMatchObject([{ host: 'h1', by: 'pool-1' }]);
    expect(one.claim('linecard', '10.0.0.3')).toMatchObject({ kind: 'released' });
    for (const last of [2, 4, 9]) expect(one.claim('linecard', `10.0.0.${last}`)?.kind).toBe('endpoint');
    clock += 60_001;
    expect(await one.releaseUnused((_, by) => by === undefined, 60_000)).toEqual(['10.0.0.1']);
    expect(one.claim('linecard', '10.0.0.1')).toBeUndefined();
  });

  it('that hosts share are let go of by a host without such a network, after a while', async () => {
    let clock = 1_000_000;
    const one = new Addresses(await server.client(), { host: 'h1', quarantineMs: 0, now: () => clock });
    const two = await host('h2');
    await one.share(pool('10.0.0.0/24'), gateway('gone'));
    await one.share(pool('10.0.1.0/24'), gateway('gone'));
    await two.share(pool('10.0.1.0/24'), gateway('n'));
    await one.share(pool('10.0.2.0/24'), reserved, '10.0.2.7');
    const release = () => one.releaseUnused((_, by) => by === reserved.by, 60_000);
    expect(await release()).toEqual([]);
    clock += 60_001;
    expect(await release()).toEqual(['10.0.0.1', '10.0.1.1']);
    expect(one.claim('linecard', '10.0.0.1')).toBeUndefined();
    expect(one.claim('linecard', '10.0.1.1')?.users).toMatchObject([{ host: 'h2', by: 'n' }]);
    expect(one.claim('linecard', '10.0.2.7')).toMatchObject({ kind: 'reserved' });
  });

  it('are never given twice under eight hosts at once, in 20000 operations', async () => {
    const quarantineMs = 300;
    const hosts = await Promise.all(Array.from({ length: 8 }, (_, i) => host(`h${i}`, quarantineMs)));
    const net = pool('10.0.0.0/16');
    const held = new Map<string, number>();
    const released = new Map<string, number>();
    let left = 20_000;
    const work = async (addresses: Addresses, index: number) => {
      const mine: string[] = [];
      while (left-- > 0) {
        if (mine.length > 0 && Math.random() < 0.4) {
          const [address] = mine.splice(Math.floor(Math.random() * mine.length), 1);
          held.delete(address!);
          released.set(address!, Date.now());
          await addresses.release('linecard', address!);
        } else {
          const address = await addresses.allocate(net);
          expect(held.get(address), address).toBeUndefined();
          expect(Date.now() - (released.get(address) ?? 0), address).toBeGreaterThanOrEqual(quarantineMs);
          held.set(address, index);
          mine.push(address);
        }
      }
    };
    await Promise.all(hosts.map(work));
    const members = () => hosts.flatMap((_, i) => [...hosts[0]!.claimsOf(`h${i}`)]);
    await vi.waitFor(() => expect(members().length).toBe(held.size));
    for (const [address, index] of held) {
      expect(hosts[0]!.claim('linecard', address)).toMatchObject({ kind: 'endpoint', host: `h${index}` });
    }
  }, 120_000);
});
