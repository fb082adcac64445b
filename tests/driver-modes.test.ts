import { type Snapshot, uplink } from '@linecard/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { addressesOf, bridgeOf, guests, refusal, remove, useDriver } from './support/driver.js';
import { eventually } from './support/eventually.js';
import { describeSystem } from './support/system.js';
import { answerAt, ask, type Place, pings, runAt } from './support/talk.js';

const in_ = (container: string): Place => ({ container });

describeSystem('the modes of a network', () => {
  const theBed = useDriver({}, async (bed) => {
    await Promise.all([answerAt(bed, 'outside', 7000), answerAt(bed, 'host', 7001)]);
    await guests(bed, 'bridge', 'dockers');
    await answerAt(bed, in_('dockers'), 80);
    // Outside knows the way to every network of the bed: whatever does not get through is held up by a filter.
    for (const [range, via] of [
      ['172.16.0.0/12', uplink.ip],
      ['fd00::/16', uplink.ip6],
    ] as const) {
      await bed.outside(['ip', 'route', 'add', range, 'via', via]);
    }
  });
  let before: Snapshot;
  const noteSnapshot = () =>
    beforeAll(async () => {
      before = await theBed().snapshot();
    });
  const nothingLeft = () =>
    eventually(async () => expect(await theBed().snapshot()).toEqual(before), { what: 'nothing to be left behind' });

  describe('flat', () => {
    noteSnapshot();
    beforeAll(async () => {
      await theBed().docker(
        ...['network', 'create', '-d', 'ovs', '--subnet', '172.20.0.0/24'],
        ...['--ipv6', '--subnet', 'fd00:20::/64', 'flat'],
      );
      await guests(theBed(), 'flat', 'f1', 'f2');
    });

    it('lets containers reach each other over both families, and by name', async () => {
      const bed = theBed();
      const { v4, v6 } = await addressesOf(bed, 'f2', 'flat');
      expect(await pings(bed, in_('f1'), v4)).toBe(true);
      expect(await pings(bed, in_('f1'), v6)).toBe(true);
      await bed.docker('exec', 'f1', 'ping', '-c', '1', '-W', '2', 'f2');
      await answerAt(bed, in_('f2'), 80);
      expect(await ask(bed, in_('f1'), 'tcp', v4, 80)).toBe((await addressesOf(bed, 'f1', 'flat')).v4);
      expect(await ask(bed, in_('f1'), 'udp', v6, 80)).toBe((await addressesOf(bed, 'f1', 'flat')).v6);
    });

    it('has no gateway: neither one of ours nor docker_gwbridge', async () => {
      const bed = theBed();
      expect((await bed.links()).map(({ ifname }) => ifname)).not.toContain('docker_gwbridge');
      const routes = (await runAt(bed, in_('f1'), ['sh', '-c', 'ip route; ip -6 route'])).stdout;
      expect(routes).not.toContain('default');
      const bridge = await bridgeOf(bed, 'flat');
      expect((await bed.snapshot()).addresses.filter((line) => line.startsWith(bridge))).toEqual([]);
      expect((await runAt(bed, in_('f1'), ['ip', '-o', 'link'])).stdout).not.toContain('eth1');
      const { v4 } = await addressesOf(bed, 'f1', 'flat');
      const strangers = ['host', 'outside'] as const;
      expect(await Promise.all(strangers.map((from) => pings(bed, from, v4)))).toEqual([false, false]);
    });

    it('publishes no ports: the container may have them for another of its networks', async () => {
      const bed = theBed();
      await bed.docker('run', '-td', '--name', 'f3', '-p', '8000:80', '--network', 'flat', 'busybox');
      await answerAt(bed, in_('f3'), 80);
      expect(await ask(bed, 'host', 'tcp', '127.0.0.1', 8000, 500)).toBeUndefined();
      expect((await bed.links()).map(({ ifname }) => ifname)).not.toContain('docker_gwbridge');
      await bed.docker('rm', '-f', 'f3');
    });

    it('leaves nothing behind', async () => {
      await remove(theBed(), ['f1', 'f2'], ['flat']);
      await nothingLeft();
    });
  });

  describe('nat', () => {
    const published = ['-p', '8080:80', '-p', '8080:80/udp', '-p', '127.0.0.1:8081:80'];
    noteSnapshot();
    beforeAll(async () => {
      const bed = theBed();
      await bed.docker(
        ...['network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.mode=nat', '--subnet', '172.21.0.0/24'],
        ...['--gateway', '172.21.0.1', '--ipv6', '--subnet', 'fd00:21::/64', '--gateway', 'fd00:21::1', 'nat'],
      );
      await bed.docker(
        ...['network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.mode=nat', '--subnet', '172.22.0.0/24', 'nat4'],
      );
      await bed.docker('run', '-td', '--name', 'web', ...published, '--network', 'nat', 'busybox');
      await Promise.all([
        guests(bed, 'nat', 'peer'),
        guests(bed, 'nat4', 'stranger'),
        bed.docker(
          ...['run', '-td', '--name', 'web4', '-p', '8084:80', '-p', '8084:80/udp', '--network', 'nat4', 'busybox'],
        ),
      ]);
      await Promise.all(['web', 'web4'].map((name) => answerAt(bed, in_(name), 80)));
    });

    it('sends the containers out under the address of the host', async () => {
      const bed = theBed();
      expect(await ask(bed, in_('peer'), 'tcp', uplink.outsideIp, 7000)).toBe(uplink.ip);
      expect(await ask(bed, in_('peer'), 'udp', uplink.outsideIp, 7000)).toBe(uplink.ip);
      expect(await ask(bed, in_('peer'), 'tcp', uplink.outsideIp6, 7000)).toBe(uplink.ip6);
      expect(await ask(bed, in_('peer'), 'udp', uplink.outsideIp6, 7000)).toBe(uplink.ip6);
    });

    it.each([
      ['tcp', uplink.ip, uplink.outsideIp],
      ['udp', uplink.ip, uplink.outsideIp],
      ['tcp', uplink.ip6, uplink.outsideIp6],
      ['udp', uplink.ip6, uplink.outsideIp6],
    ] as const)('publishes %s ports on %s to the outside, which keeps its address', async (protocol, host, seen) => {
      expect(await ask(theBed(), 'outside', protocol, host, 8080)).toBe(seen);
    });

    it.each(
      (['tcp', 'udp'] as const).flatMap((protocol) =>
        ['127.0.0.1', '::1', uplink.ip, uplink.ip6].map((host) => [protocol, host] as const),
      ),
    )('publishes %s ports to the host itself on %s', async (protocol, host) => {
      expect(await ask(theBed(), 'host', protocol, host, 8080)).toBeDefined();
      expect(await ask(theBed(), 'host', protocol, host, 8084)).toBeDefined();
    });

    it.each(
      (['tcp', 'udp'] as const).flatMap((protocol) =>
        ['172.21.0.1', 'fd00:21::1', uplink.ip, uplink.ip6].map((host) => [protocol, host] as const),
      ),
    )('publishes %s ports on %s to containers of the same network, its own one included', async (protocol, host) => {
      expect(await ask(theBed(), in_('peer'), protocol, host, 8080)).toBeDefined();
      expect(await ask(theBed(), in_('web'), protocol, host, 8080)).toBeDefined();
    });

    it('publishes to containers of other networks', async () => {
      const bed = theBed();
      expect(await ask(bed, in_('stranger'), 'tcp', uplink.ip, 8080)).toBeDefined();
      expect(await ask(bed, in_('dockers'), 'tcp', uplink.ip, 8080)).toBeDefined();
    });

    it('publishes on the one address that was named and on no other', async () => {
      const bed = theBed();
      expect(await ask(bed, 'host', 'tcp', '127.0.0.1', 8081)).toBeDefined();
      expect(await ask(bed, 'host', 'tcp', uplink.ip, 8081, 500)).toBeUndefined();
      expect(await ask(bed, 'outside', 'tcp', uplink.ip, 8081, 500)).toBeUndefined();
    });

    it('hides the containers themselves from everybody but the host and their own network', async () => {
      const bed = theBed();
      const { v4, v6 } = await addressesOf(bed, 'web', 'nat');
      expect(await ask(bed, in_('peer'), 'tcp', v4, 80)).toBeDefined();
      expect(await ask(bed, 'host', 'tcp', v4, 80)).toBe('172.21.0.1');
      expect(await ask(bed, 'host', 'tcp', v6, 80)).toBe('fd00:21::1');
      const others: Place[] = ['outside', in_('stranger'), in_('dockers')];
      expect(await Promise.all(others.map((from) => ask(bed, from, 'tcp', v4, 80, 400)))).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(await ask(bed, 'outside', 'udp', v6, 80, 400)).toBeUndefined();
    });

    it("leaves containers on Docker's own bridge as hidden as they were, but for their published ports", async () => {
      const bed = theBed();
      await bed.docker('run', '-td', '--name', 'dweb', '-p', '8090:80', 'busybox');
      await answerAt(bed, in_('dweb'), 80);
      const address = (await addressesOf(bed, 'dockers', 'bridge')).v4;
      expect(await ask(bed, in_('peer'), 'tcp', uplink.ip, 8090)).toBeDefined();
      expect(await ask(bed, in_('peer'), 'tcp', address, 80, 400)).toBeUndefined();
      expect(await ask(bed, 'outside', 'tcp', address, 80, 400)).toBeUndefined();
      await bed.docker('rm', '-f', 'dweb');
    });

    it('keeps what listens on 127.0.0.1 of the host from the containers', async () => {
      const bed = theBed();
      expect(await ask(bed, in_('peer'), 'tcp', '172.21.0.1', 7001)).toBeDefined();
      const sneak = ['sh', '-c', 'ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1/32 via 172.21.0.1'];
      await runAt(bed, in_('peer'), sneak);
      expect(await ask(bed, in_('peer'), 'tcp', '127.0.0.1', 7001, 400)).toBeUndefined();
    });

    it('refuses a port of the host that is taken, by a program or by another container', async () => {
      const bed = theBed();
      const run = (name: string, ...ports: string[]) =>
        refusal(bed.docker('run', '-d', '--name', name, ...ports, '--network', 'nat', 'busybox'));
      expect(await run('c1', '-p', '7001:80')).toContain('port 7001/tcp of the host is in use');
      expect(await run('c2', '-p', '7001:80/udp')).toContain('port 7001/udp of the host is in use');
      expect(await run('c3', '-p', '8095:81', '-p', '8080:80')).toContain('port 8080/tcp of the host is in use');
      await bed.docker('rm', '-f', 'c1', 'c2', 'c3');
      // Nothing of the refused one is held: its first port is free.
      await bed.docker('run', '-td', '--name', 'c4', '-p', '8095:81', '--network', 'nat', 'busybox');
      await bed.docker('rm', '-f', 'c4');
    });

    it('closes published ports with their container, and opens them again', async () => {
      const bed = theBed();
      await bed.docker('stop', 'web4');
      expect(await ask(bed, 'outside', 'tcp', uplink.ip, 8084, 500)).toBeUndefined();
      await bed.docker('start', 'web4');
      await answerAt(bed, in_('web4'), 80);
      expect(await ask(bed, 'outside', 'tcp', uplink.ip, 8084)).toBe(uplink.outsideIp);
    });

    it('keeps published ports while the daemon is away, but for what it relays, and relays again when it is back', async () => {
      const bed = theBed();
      await bed.killDaemon('SIGKILL');
      expect(await ask(bed, 'outside', 'tcp', uplink.ip, 8080)).toBe(uplink.outsideIp);
      expect(await ask(bed, 'host', 'udp', '127.0.0.1', 8080)).toBeDefined();
      await bed.daemon();
      await eventually(async () => expect(await ask(bed, 'host', 'tcp', '::1', 8080, 400)).toBeDefined(), {
        what: 'the relay',
      });
    });

    it('finds free ports of the host by itself', async () => {
      const bed = theBed();
      const run = (name: string) =>
        bed.docker('run', '-td', '--name', name, '-p', '8100-8101:80', '--network', 'nat', 'busybox');
      await run('p1');
      await run('p2');
      await Promise.all(['p1', 'p2'].map((name) => answerAt(bed, in_(name), 80)));
      expect(await ask(bed, 'outside', 'tcp', uplink.ip, 8100)).toBe(uplink.outsideIp);
      expect(await ask(bed, 'outside', 'tcp', uplink.ip, 8101)).toBe(uplink.outsideIp);
      await bed.docker('rm', '-f', 'p1', 'p2');
    });

    it('leaves nothing behind', async () => {
      await remove(theBed(), ['web', 'peer', 'stranger', 'web4'], ['nat', 'nat4']);
      await nothingLeft();
    });
  });

  describe('routed', () => {
    noteSnapshot();
    beforeAll(async () => {
      const bed = theBed();
      await bed.docker(
        ...['network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.mode=routed', '--subnet', '172.23.0.0/24'],
        ...['--ipv6', '--subnet', 'fd00:23::/64', '--gateway', 'fd00:23::1', 'routed'],
      );
      await bed.docker('run', '-td', '--name', 'r1', '-p', '8230:80', '--network', 'routed', 'busybox');
      await answerAt(bed, in_('r1'), 80);
    });

    it('sends and lets in without any translation', async () => {
      const bed = theBed();
      const { v4, v6 } = await addressesOf(bed, 'r1', 'routed');
      expect(await ask(bed, in_('r1'), 'tcp', uplink.outsideIp, 7000)).toBe(v4);
      expect(await ask(bed, in_('r1'), 'udp', uplink.outsideIp6, 7000)).toBe(v6);
      expect(await ask(bed, 'outside', 'udp', v4, 80)).toBe(uplink.outsideIp);
      expect(await ask(bed, 'outside', 'tcp', v6, 80)).toBe(uplink.outsideIp6);
    });

    it("publishes ports all the same, and is no way around Docker's filters", async () => {
      const bed = theBed();
      expect(await ask(bed, 'outside', 'tcp', uplink.ip, 8230)).toBe(uplink.outsideIp);
      const { v4 } = await addressesOf(bed, 'dockers', 'bridge');
      expect(await ask(bed, in_('r1'), 'tcp', v4, 80, 400)).toBeUndefined();
    });

    it('leaves nothing behind', async () => {
      await remove(theBed(), ['r1'], ['routed']);
      await nothingLeft();
    });
  });

  describe.each(['flat', 'nat', 'routed'])('internal, %s', (mode) => {
    const bed = theBed;
    noteSnapshot();
    beforeAll(async () => {
      await bed().docker(
        ...['network', 'create', '-d', 'ovs', '--internal', '-o', `ovs.bridge.mode=${mode}`],
        ...['--subnet', '172.24.0.0/24', '--gateway', '172.24.0.1', 'inside'],
      );
      await guests(bed(), 'inside', 'i1', 'i2');
      await answerAt(bed(), in_('i2'), 80);
    });

    it('joins containers with each other and keeps them from everything else', async () => {
      const { v4 } = await addressesOf(bed(), 'i2', 'inside');
      expect(await ask(bed(), in_('i1'), 'tcp', v4, 80)).toBeDefined();
      const routes = (await runAt(bed(), in_('i1'), ['ip', 'route'])).stdout;
      expect(routes).not.toContain('default');
      expect((await bed().links()).map(({ ifname }) => ifname)).not.toContain('docker_gwbridge');
      expect(await ask(bed(), 'outside', 'tcp', v4, 80, 400)).toBeUndefined();
      await runAt(bed(), in_('i1'), ['ip', 'route', 'add', 'default', 'via', '172.24.0.1']);
      expect(await ask(bed(), in_('i1'), 'tcp', uplink.outsideIp, 7000, 400)).toBeUndefined();
    });

    it('leaves nothing behind', async () => {
      await remove(bed(), ['i1', 'i2'], ['inside']);
      await nothingLeft();
    });
  });
});
