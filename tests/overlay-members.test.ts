import type { Bed } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { about, clear, guest, nbctl, network, ovnTools, reaches, useHosts } from './support/overlay.js';
import { describeSystem } from './support/system.js';
import { startTraffic, type Traffic } from './support/talk.js';

const clusters = [
  ['/run/ovn/ovnnb_db.ctl', 'OVN_Northbound'],
  ['/run/ovn/ovnsb_db.ctl', 'OVN_Southbound'],
] as const;

/** The last numbers of the addresses of both databases' members, as one of them knows them. */
async function membersOn(host: Bed): Promise<string[]> {
  const known = await Promise.all(
    clusters.map(async ([control, database]) => {
      const { stdout } = await host.exec(['ovn-appctl', '-t', control, 'cluster/status', database]);
      return [...stdout.matchAll(/^ {4}\w{4} \(\w{4} at tcp:192\.0\.2\.(\d+):/gm)].map(([, number]) => number!);
    }),
  );
  return known.map((numbers) => numbers.sort().join(' '));
}

describeSystem(
  'the members of OVN central',
  () => {
    const theHosts = useHosts({ hosts: 4, centrals: 3, plan: { docker: true } });
    const four = () => theHosts().hosts as readonly [Bed, Bed, Bed, Bed];
    let traffic: Traffic;

    /** What the manual says to do when the members have changed. */
    const tell = async (members: readonly number[], hosts: readonly number[]) => {
      const all = theHosts();
      const list = members.map((i) => all.address(i)).join(',');
      for (const i of members) {
        await all.hosts[i]!.linecard('ovn', 'central', '--address', all.address(i), '--members', list);
      }
      for (const i of hosts) await all.hosts[i]!.linecard('ovn', 'join', list);
    };
    /** Starts a container on a host, which reaches one that was there before. */
    const attaches = async (host: Bed, name: string) => {
      await guest(host, 'net', name);
      expect(await nbctl(theHosts(), 'lsp-list', 'net')).toContain(await about(host, name, 'net', 'EndpointID'));
      await reaches(host, name, await about(four()[0], 'web1', 'net', 'IPAddress'));
    };

    it('may leave, and others join in their place', async () => {
      const [h1, h2, h3, h4] = four();
      await network([h1, h3, h4], 'net', '--subnet=10.9.0.0/16');
      await Promise.all([guest(h1, 'net', 'web1'), guest(h1, 'net', 'mate')]);
      traffic = await startTraffic(h1, { container: 'web1' }, await about(h1, 'mate', 'net', 'IPAddress'));
      expect(await membersOn(h1)).toEqual(['1 2 3', '1 2 3']);
      expect(await h3.linecard('ovn', 'central-leave')).toBe('this host is no member of OVN central any more');
      expect(await membersOn(h1)).toEqual(['1 2', '1 2']);
      expect((await h3.processes()).filter((line) => /ovn-northd|ovnnb_db|ovnsb_db/.test(line))).toEqual([]);
      await expect(h3.linecard('ovn', 'central-leave')).rejects.toThrow('this host is no member of OVN central');
      await attaches(h3, 'web3');
      await tell([0, 1, 3], [0, 1, 2, 3]);
      expect(await membersOn(h2)).toEqual(['1 2 4', '1 2 4']);
      const northd = (await h1.processes()).filter((line) => line.startsWith('ovn-northd'));
      expect(northd.join('\n'), 'the ovn-northd of a member that was there').toContain('tcp:192.0.2.4:6641');
      await attaches(h4, 'web4');
    });

    it('are taken off when they are dead', async () => {
      const [h1, h2, h3, h4] = four();
      await expect(h1.linecard('ovn', 'central-kick', '192.0.2.2')).rejects.toThrow('the member at 192.0.2.2 lives');
      await h2.reboot();
      await attaches(h4, 'meanwhile');
      expect(await h1.linecard('ovn', 'central-kick', '192.0.2.2')).toContain('192.0.2.2 is no member');
      expect(await membersOn(h1)).toEqual(['1 4', '1 4']);
      await expect(h1.linecard('ovn', 'central-kick', '192.0.2.2')).rejects.toThrow('no member of OVN central has');
      await tell([0, 2, 3], [0, 2, 3]);
      expect(await membersOn(h4)).toEqual(['1 3 4', '1 3 4']);
      await attaches(h3, 'again');
    });

    it('may leave until there is one, which may not', async () => {
      const [h1, , h3, h4] = four();
      await h3.linecard('ovn', 'central-leave');
      await h4.linecard('ovn', 'central-leave');
      expect(await membersOn(h1)).toEqual(['1', '1']);
      await expect(h1.linecard('ovn', 'central-leave')).rejects.toThrow('this host is the only member');
      await tell([0], [0, 2, 3]);
      await attaches(h4, 'last');
      expect(await traffic.lost(), 'packets between containers of one host').toEqual([]);
      await traffic.stop();
      await Promise.all([
        clear(h1, ['web1', 'mate'], ['net']),
        clear(h3, ['web3', 'again'], ['net']),
        clear(h4, ['web4', 'meanwhile', 'last'], ['net']),
      ]);
    });
  },
  ovnTools,
);
