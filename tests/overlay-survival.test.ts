import { randomBytes } from 'node:crypto';
import type { Bed } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import {
  about,
  callPlugin,
  clear,
  daemonEnv,
  guest,
  nbctl,
  network,
  ovnTools,
  type PluginAnswer,
  useHosts,
} from './support/overlay.js';
import { describeSystem } from './support/system.js';
import { pings } from './support/talk.js';

/** Whether the northbound database's member on a host leads. */
async function leads(host: Bed): Promise<boolean> {
  const status = ['ovn-appctl', '-t', '/run/ovn/ovnnb_db.ctl', 'cluster/status', 'OVN_Northbound'];
  return (await host.exec(status, { allowFail: true })).stdout.includes('Role: leader');
}

interface Attach {
  readonly host: Bed;
  readonly endpoint: string;
  readonly answer: PluginAnswer;
  readonly ms: number;
}

/** What dockerd sends for a container's start, up to the interface. */
async function attach(host: Bed, networkId: string, address: string): Promise<Attach> {
  const endpoint = randomBytes(32).toString('hex');
  const started = performance.now();
  const answer = await callPlugin(host, 'NetworkDriver.CreateEndpoint', {
    NetworkID: networkId,
    EndpointID: endpoint,
    Interface: { Address: `${address}/16`, AddressIPv6: '', MacAddress: '' },
    Options: {},
  });
  return { host, endpoint, answer, ms: performance.now() - started };
}

describeSystem(
  'networks over three hosts survive',
  () => {
    const theHosts = useHosts({ hosts: 3, centrals: 3, plan: { docker: true } });
    const hosts = () => theHosts().hosts;
    const networkId = (host: Bed) => host.docker('network', 'inspect', '-f', '{{.Id}}', 'net');
    const reaches = async (host: Bed, container: string, target: string) => {
      const what = `${container} to reach ${target}`;
      await eventually(async () => expect(await pings(host, { container }, target)).toBe(true), {
        what,
        timeoutMs: 20_000,
      });
    };
    let targets: string[] = [];

    it('a northbound database that has lost everything: the hosts give it back', async () => {
      const all = theHosts();
      await network(hosts(), 'net', '--subnet=10.9.0.0/16');
      await Promise.all(hosts().map((host, i) => guest(host, 'net', `web${i}`)));
      targets = await Promise.all(hosts().map((host, i) => about(host, `web${i}`, 'net', 'IPAddress')));
      await reaches(hosts()[0]!, 'web0', targets[1]!);
      const everything = ['Logical_Switch', 'Logical_Router', 'DNS'].flatMap((table) => [
        '--',
        '--all',
        'destroy',
        table,
      ]);
      await nbctl(all, ...everything.slice(1));
      for (const [i, host] of hosts().entries()) {
        const endpoint = await about(host, `web${i}`, 'net', 'EndpointID');
        await eventually(async () => expect(await nbctl(all, 'lsp-list', 'net')).toContain(`(${endpoint})`), {
          what: `the logical port of web${i} to be back`,
        });
      }
      await eventually(
        async () =>
          expect(await nbctl(all, '--bare', '--columns=external_ids', 'list', 'DNS')).toMatch(
            /ip=10.9.0.1 kind=gateway/,
          ),
        { what: 'the gateway to be taken again' },
      );
      await reaches(hosts()[0]!, 'web0', targets[1]!);
      await eventually(
        async () =>
          expect(await hosts()[0]!.docker('exec', 'web0', 'nslookup', '-type=a', 'web1')).toContain(targets[1]!),
        { what: 'the name to be known again' },
      );
    });

    it('a daemon that is killed at every step of an attach and a detach', async () => {
      const all = theHosts();
      const [host] = hosts() as [Bed];
      const steps = ['overlay-link-created', 'overlay-row-committed', 'logical-port-written', 'overlay-row-removed'];
      for (const step of steps) {
        await host.killDaemon('SIGTERM');
        const doomed = await host.daemon({ env: { ...daemonEnv, LINECARD_TEST_CRASH: step } });
        // Docker repeats a call whose answer was lost, some versions without its body: then the start fails.
        const started = guest(host, 'net', 'unlucky').catch((error: Error) => error.message);
        const work = started.then(() => clear(host, ['unlucky'], []));
        await doomed.exited;
        await host.daemon({ env: daemonEnv });
        await work;
        await eventually(
          async () => {
            const ports = (await nbctl(all, 'lsp-list', 'net')).match(/\([0-9a-f]{64}\)/g) ?? [];
            expect(ports).toHaveLength(3);
            expect((await host.vsctl('list-ports', 'br-int')).match(/^lco/gm)).toHaveLength(1);
            const links = (await host.links()).map(({ ifname }) => ifname).filter((name) => /^lc[oq]/.test(name));
            expect(links).toHaveLength(1);
          },
          { what: `nothing to be left after a death at ${step}`, timeoutMs: 20_000 },
        );
      }
      await reaches(host, 'web0', targets[1]!);
    });

    it('a host that is cut off for a while', async () => {
      const all = theHosts();
      await all.partition(2, true);
      const late = attach(hosts()[2]!, await networkId(hosts()[2]!), '10.9.100.1');
      expect(await pings(hosts()[0]!, { container: 'web0' }, targets[1]!, ['-c', '3', '-w', '4'])).toBe(true);
      const near = await attach(hosts()[0]!, await networkId(hosts()[0]!), '10.9.100.2');
      expect(near.answer.Err).toBeUndefined();
      await all.partition(2, false);
      // It waited for its database, or said that it could not be reached: nothing in between.
      const { answer } = await late;
      if (answer.Err !== undefined) expect(answer.Err).toMatch(/did not answer|in time|unknown/);
      await reaches(hosts()[2]!, 'web2', targets[0]!);
      await eventually(
        async () => {
          const again = await attach(hosts()[2]!, await networkId(hosts()[2]!), '10.9.100.3');
          expect(again.answer.Err).toBeUndefined();
        },
        { what: 'the host to attach again', timeoutMs: 30_000 },
      );
    });

    it('the death of the leading databases, without the loss of a packet', async () => {
      const roles = await Promise.all(hosts().map(leads));
      const leader = roles.indexOf(true);
      const [a, b] = [0, 1, 2].filter((i) => i !== leader) as [number, number];
      await reaches(hosts()[a]!, `web${a}`, targets[b]!);
      const traffic = hosts()[a]!.docker('exec', `web${a}`, 'ping', '-q', '-c', '6', targets[b]!);
      const pids = ['nb', 'sb'].map((name) => `/run/ovn/ovn${name}_db.pid`);
      const kill = 'for file; do kill -9 "$(cat "$file")"; done';
      await hosts()[leader]!.exec(['sh', '-c', kill, 'kill', ...pids]);
      const started = performance.now();
      const { answer } = await attach(hosts()[a]!, await networkId(hosts()[a]!), '10.9.100.4');
      expect(answer.Err).toBeUndefined();
      expect(performance.now() - started).toBeLessThan(15_000);
      expect(await traffic).toMatch(/ 0% packet loss/);
      const all = theHosts();
      const members = [0, 1, 2].map((i) => all.address(i)).join(',');
      await hosts()[leader]!.linecard('ovn', 'central', '--address', all.address(leader), '--members', members);
      const status = ['ovn-appctl', '-t', '/run/ovn/ovnnb_db.ctl', 'cluster/status', 'OVN_Northbound'];
      const what = 'the member to be back';
      await eventually(
        async () => expect((await hosts()[leader]!.exec(status)).stdout).toMatch(/Role: (follower|leader)/),
        { what, timeoutMs: 20_000 },
      );
    });

    it("the death of the leader's whole machine during 200 attaches", async () => {
      const all = theHosts();
      const roles = await Promise.all(hosts().map(leads));
      const leader = roles.indexOf(true);
      const others = [0, 1, 2].filter((i) => i !== leader);
      const [a, b] = others as [number, number];
      const done: Attach[] = [];
      let killed: Promise<void> | undefined;
      const work = async (index: number) => {
        const host = hosts()[index]!;
        const id = await networkId(host);
        for (let i = 0; i < 100; i++) {
          done.push(await attach(host, id, `10.9.${150 + index}.${i + 1}`));
          if (done.length === 60) killed = all.hosts[leader]!.reboot();
        }
      };
      await Promise.all(others.map(work));
      await killed;
      expect(done).toHaveLength(200);
      for (const { ms } of done) expect(ms).toBeLessThan(25_000);
      const failed = done.filter(({ answer }) => answer.Err !== undefined);
      for (const { answer } of failed) expect(answer.Err).toMatch(/did not answer|in time|unknown/);
      const members = others.map((i) => `tcp:${all.address(i)}:6641`).join(',');
      const list = await hosts()[a]!.exec(['ovn-nbctl', '--timeout=15', `--db=${members}`, 'lsp-list', 'net']);
      for (const { host, endpoint, answer } of done) {
        const whole = answer.Err === undefined;
        expect(list.stdout.includes(`(${endpoint})`), endpoint).toBe(whole);
        expect(
          (await host.links()).some(({ ifname }) => ifname === `lco${endpoint.slice(0, 12)}`),
          endpoint,
        ).toBe(whole);
      }
      // What the dead host has left is collected; of the living, nothing is.
      const collected = await hosts()[a]!.linecard('ovn', 'gc', '--grace', '3');
      expect(collected).toMatch(new RegExp(`^host h${leader + 1} is gone: collected \\d+ logical ports, 1 networks`));
      expect(await hosts()[a]!.linecard('ovn', 'gc', '--grace', '3')).toBe('every host lives');
      expect(await pings(hosts()[a]!, { container: `web${a}` }, targets[b]!)).toBe(true);
      for (const index of others) await clear(hosts()[index]!, [`web${index}`], []);
      await Promise.all(
        done.map(({ host, endpoint }) =>
          callPlugin(host, 'NetworkDriver.DeleteEndpoint', { NetworkID: '0'.repeat(64), EndpointID: endpoint }),
        ),
      );
    });

    it('a return of the dead machine', async () => {
      const all = theHosts();
      const gone = (await Promise.all(hosts().map((host) => host.processes()))).findIndex((list) => list.length === 0);
      const host = hosts()[gone]!;
      await all.plug(gone);
      await host.startOvs({ systemId: `h${gone + 1}` });
      const members = [0, 1, 2].map((i) => all.address(i)).join(',');
      await host.exec(['ip', 'link', 'set', 'br-ul0', 'up']);
      await host.linecard('ovn', 'join', members);
      await host.linecard('ovn', 'central', '--address', all.address(gone), '--members', members);
      await Promise.all([host.startDocker(), host.daemon({ env: daemonEnv })]);
      await host.docker('start', `web${gone}`);
      const other = (gone + 1) % 3;
      await guest(hosts()[other]!, 'net', 'fresh');
      await reaches(host, `web${gone}`, await about(hosts()[other]!, 'fresh', 'net', 'IPAddress'));
    });
  },
  ovnTools,
);
