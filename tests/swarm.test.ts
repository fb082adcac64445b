import type { Bed } from '@linecard/testkit';
import { beforeAll, expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { about, clear, guest, nbctl, ovnTools, reaches, remains, useHosts } from './support/overlay.js';
import {
  containersOf,
  killDocker,
  makeSwarm,
  placesOn,
  pluginName,
  promoteAll,
  reboot,
  service,
  startPlugins,
} from './support/swarm.js';
import { describeSystem } from './support/system.js';
import { runAt } from './support/talk.js';

/** Says the name of the container that answers. */
const web = 'mkdir /w && hostname > /w/index.html && exec httpd -f -p 80 -h /w';

describeSystem('a swarm of three hosts', () => {
  const theHosts = useHosts({ hosts: 3, centrals: 1, plan: { docker: true }, run: startPlugins });
  const three = () => theHosts().hosts as readonly [Bed, Bed, Bed];
  beforeAll(() => makeSwarm(theHosts()));

  /** Makes a network of the swarm. */
  const network = (name: string, ...options: string[]) =>
    three()[0].docker('network', 'create', '-d', pluginName, '--attachable', ...options, name);
  const balancer = async (name: string) => {
    const wanted = `external_ids:service-name=${name}`;
    return nbctl(theHosts(), '--bare', '--columns=vips', 'find', 'Load_Balancer', wanted);
  };
  /** Which containers answer at an address, asked often from a container. */
  async function answers(host: Bed, container: string, address: string, times: number): Promise<string[]> {
    const urls = Array.from({ length: times }, () => `http://${address}/`);
    const argv = ['curl', '-sS', '-m', '5', '--no-keepalive', '-H', 'Connection: close', ...urls];
    return (await runAt(host, { container }, argv)).stdout.trim().split('\n');
  }

  /**
   * The database comes to have logical ports, addresses and members of services on `net` for the containers that run,
   * seven of the services and the three others, and for no others: what died is gone, and what came instead is there.
   */
  const becomesWhole = () =>
    eventually(
      async () => {
        const all = theHosts();
        const id = await three()[0].docker('network', 'inspect', '-f', '{{.Id}}', 'net');
        const places = await placesOn(three(), 'net');
        expect(places).toHaveLength(10);
        const ports = (await nbctl(all, 'lsp-list', id)).match(/[0-9a-f]{64}/g) ?? [];
        expect(ports.sort()).toEqual(places.map(({ endpoint }) => endpoint).sort());
        const wanted = ['find', 'DNS', `external_ids:space="switch:${id}"`];
        const claims = await nbctl(all, '--bare', '--columns=external_ids', ...wanted);
        const claimed = [...claims.matchAll(/\bip=(\S+) kind=endpoint/g)].map(([, address]) => address!);
        expect(claimed.sort()).toEqual(places.map(({ address }) => address).sort());
        const members = places.filter(({ service: of }) => of === 'web').map(({ address }) => address);
        expect((await balancer('web')).split('=')[1]?.split(',').sort()).toEqual(members.sort());
      },
      { what: 'the services to be whole again', timeoutMs: 60_000 },
    );
  /** Who has a network, and how that looks for one that is known as this swarm's. */
  const keeper = (id: string) => nbctl(theHosts(), '--if-exists', 'get', 'Logical_Switch', id, 'external_ids');
  const asSwarms = /"user:@swarm\/\w+"="?\w/;
  /** Starts the containers of a host again that are not a service's. */
  const startAgain = (index: number) =>
    eventually(async () => void (await three()[index]!.docker('start', `c${index + 1}`, `o${index + 1}`)), {
      what: `the containers of host ${index + 1} to start`,
      timeoutMs: 60_000,
    });
  /** So many containers answer at an address. */
  const allAnswer = (host: Bed, container: string, address: string, count: number) =>
    eventually(async () => expect(new Set(await answers(host, container, address, 10 * count)).size).toBe(count), {
      what: `${container} to be answered by ${count}`,
    });

  it('has its network as a logical switch before any container, and on a host when the first one comes', async () => {
    const all = theHosts();
    const [h1] = three();
    const id = await network('net', '--subnet=10.70.1.0/24');
    expect(id).toMatch(/^[0-9a-z]{25}$/);
    // The manager allocates networks after it has answered.
    const subnet = () => nbctl(all, 'get', 'Logical_Switch', id, 'external_ids:subnet');
    await eventually(async () => expect(await subnet()).toBe('"10.70.1.0/24"'), { what: 'the logical switch' });
    expect(await h1.vsctl('get', 'Bridge', 'br-int', 'external_ids')).not.toContain(id);
    const ports = ['--publish', 'mode=host,published=8081,target=80'];
    await service(h1, 'all', 'net', ['--mode', 'global', '--endpoint-mode', 'dnsrr', ...ports], web);
    await Promise.all(three().map((host, i) => guest(host, 'net', `c${i + 1}`)));
    await eventually(
      async () => expect((await nbctl(all, 'lsp-list', id)).match(/\([0-9a-f]{64}\)/g)).toHaveLength(6),
      { what: 'the service to run on every host', timeoutMs: 30_000 },
    );
    const hosts = await nbctl(all, '--bare', '--columns=external_ids', 'find', 'Logical_Switch_Port', 'type=""');
    for (const host of ['h1', 'h2', 'h3']) expect(hosts).toContain(`host=${host}`);
  });

  it('reaches containers of all hosts by name and by address', async () => {
    const [h1, h2, h3] = three();
    for (const name of ['c2', 'c3', 'all']) {
      await eventually(async () => void (await h1.docker('exec', 'c1', 'ping', '-c', '1', '-W', '1', name)), {
        what: `${name} to answer`,
      });
    }
    await reaches(h3, 'c3', await about(h2, 'c2', 'net', 'IPAddress'));
    const found = await h2.docker('exec', 'c2', 'nslookup', '-type=a', 'all');
    expect(found.match(/^Address: 10\.70\.1\.\d+$/gm)).toHaveLength(3);
    expect(await h1.docker('exec', 'c1', 'cat', '/sys/class/net/eth0/mtu')).toBe('1442');
    await theHosts().wire(['ip', 'address', 'replace', '192.0.2.254/24', 'dev', 'wire0']);
    await reaches(h2, 'c2', '192.0.2.254');
    const [own] = await containersOf(h2, 'all');
    const url = `http://${theHosts().address(1)}:8081/`;
    const page = await eventually(async () => (await theHosts().wire(['curl', '-sS', '-m', '3', url])).stdout.trim(), {
      what: 'the published port to answer',
    });
    expect(page).toBe(await h2.docker('inspect', '-f', '{{.Config.Hostname}}', own!));
  });

  it('gives a service one address that leads to all of its containers, as many as there are', async () => {
    const [h1, , h3] = three();
    await service(h1, 'web', 'net', ['--replicas', '3'], web);
    const found = async () => (await balancer('web')).split('=')[1]?.split(',').filter(Boolean) ?? [];
    const many = (count: number) =>
      eventually(async () => expect(await found()).toHaveLength(count), {
        what: `${count} containers to be behind the service`,
        timeoutMs: 30_000,
      });
    await many(3);
    const [address = ''] = (await balancer('web')).split('=');
    expect(await h1.docker('exec', 'c1', 'nslookup', '-type=a', 'web')).toContain(`Address: ${address}`);
    await allAnswer(h1, 'c1', address, 3);
    await allAnswer(h3, 'c3', address, 3);
    await h1.docker('service', 'scale', '-d', 'web=1');
    await many(1);
    await allAnswer(h3, 'c3', address, 1);
    await h1.docker('service', 'scale', '-d', 'web=4');
    await many(4);
  });

  it("may take addresses that are unique over all hosts, and Linecard's other networks beside it", async () => {
    const [h1, h2, h3] = three();
    await network('own', '--ipam-driver', pluginName, '--subnet=10.72.1.0/24');
    await Promise.all([guest(h1, 'own', 'o1'), guest(h3, 'own', 'o3', '--ip=10.72.1.77')]);
    expect(await about(h1, 'o1', 'own', 'IPAddress')).toMatch(/^10\.72\.1\.\d+$/);
    await reaches(h1, 'o1', '10.72.1.77');
    await expect(h2.linecard('up', '--serve', 'swarm')).rejects.toThrow('another daemon of this host serves');
    const ports = JSON.parse(await h2.linecard('ports', '--json')) as { container?: string; host?: string }[];
    for (const one of ['c1', 'c2', 'c3', 'o1', 'o3']) {
      expect(ports).toContainEqual(expect.objectContaining({ container: one, host: `h${one.slice(1)}` }));
    }
    await h2.daemon();
    expect((await h2.exec(['cat', '/run/linecard.log'])).stdout).toContain('another daemon of this host serves');
    await h2.docker('network', 'create', '-d', 'ovs', '--subnet=10.73.0.0/24', 'local');
    await guest(h2, 'local', 'alone');
    await clear(h2, ['alone'], ['local']);
    await h2.killDaemon('SIGTERM');
  });

  it("outlives its manager's plugin", async () => {
    const all = theHosts();
    const [h1, h2, h3] = three();
    const id = await h1.docker('network', 'inspect', '-f', '{{.Id}}', 'net');
    const target = await about(h3, 'c3', 'net', 'IPAddress');
    // While the manager's plugin is away, traffic goes on, a network goes and the database loses whose another is.
    const spare = await network('spare', '--subnet=10.74.0.0/24');
    await eventually(async () => expect(await keeper(spare)).toMatch(asSwarms), {
      what: 'the network to be known as one of this swarm',
    });
    await h1.docker('plugin', 'disable', '-f', pluginName);
    await reaches(h1, 'c1', target);
    await h1.docker('network', 'rm', 'spare');
    await nbctl(all, 'remove', 'Logical_Switch', id, 'external_ids', `user\\:@swarm/${id}`);
    expect(await keeper(id)).not.toContain('@swarm');
    await h1.docker('plugin', 'enable', pluginName);
    await eventually(async () => expect(await nbctl(all, 'ls-list')).not.toContain(`(${spare})`), {
      what: 'the network that was removed to go',
      timeoutMs: 20_000,
    });
    expect(await keeper(id)).toContain('@swarm');
    await h1.docker('restart', '-t', '0', 'c1');
    await reaches(h1, 'c1', target);
    await guest(h2, 'own', 'o2');
    await reaches(h2, 'o2', '10.72.1.77');
  });

  it('outlives the reboot of a node, and of all at once', async () => {
    const all = theHosts();
    const [h1, h2, h3] = three();
    for (const gone of [[2], [0, 1, 2]]) {
      await reboot(all, gone);
      await eventually(async () => void (await h1.docker('node', 'ls')), { what: 'the manager', timeoutMs: 30_000 });
      await Promise.all(gone.map(startAgain));
      await becomesWhole();
      await reaches(h1, 'c1', await about(h3, 'c3', 'net', 'IPAddress'));
      await reaches(h3, 'c3', await about(h1, 'c1', 'net', 'IPAddress'));
      await reaches(h2, 'o2', '10.72.1.77');
      const [address = ''] = (await balancer('web')).split('=');
      await allAnswer(h1, 'c1', address, 4);
      await allAnswer(h3, 'c3', address, 4);
    }
  });

  it('is led by another manager when its leader dies', async () => {
    const all = theHosts();
    const [h1, h2, h3] = three();
    await promoteAll(all);
    const id = await h1.docker('network', 'inspect', '-f', '{{.Id}}', 'net');
    const dead = await h1.docker('info', '-f', '{{.Swarm.NodeID}}');
    await killDocker(h1);
    await eventually(async () => void (await h2.docker('node', 'ls')), { what: 'another leader', timeoutMs: 30_000 });
    // A leader that was just elected refuses changes for a moment.
    const make = (name: string, subnet: string) =>
      eventually(() => h2.docker('network', 'create', '-d', pluginName, '--attachable', `--subnet=${subnet}`, name), {
        what: 'the leader to take changes',
      });
    const ids = await Promise.all([make('later', '10.75.1.0/24'), make('brief', '10.75.2.0/24')]);
    const switches = () => nbctl(all, 'ls-list');
    for (const one of ids) {
      await eventually(async () => expect(await switches()).toContain(`(${one})`), {
        what: 'the networks to be there',
      });
    }
    await h2.docker('network', 'rm', 'brief');
    const goes = (one: string | undefined) =>
      eventually(async () => expect(await switches()).not.toContain(`(${one})`), {
        what: 'a network to go',
        timeoutMs: 30_000,
      });
    await goes(ids[1]);
    await service(h2, 'two', 'later', ['--replicas', '2', '--constraint', `node.id!=${dead}`], web);
    await guest(h3, 'later', 'l3');
    const behind = async (count: number) => {
      const places = (await placesOn([h2, h3], 'later')).filter(({ service: of }) => of === 'two');
      expect(places).toHaveLength(count);
      const [, members = ''] = (await balancer('two')).split('=');
      expect(members.split(',').sort()).toEqual(places.map(({ address }) => address).sort());
      return members;
    };
    const first = await eventually(() => behind(2), { what: 'two containers', timeoutMs: 30_000 });
    await h2.docker('service', 'scale', '-d', 'two=3');
    await eventually(() => behind(3), { what: 'three containers', timeoutMs: 30_000 });
    await h2.docker('service', 'update', '-d', '--update-parallelism', '0', '--env-add', 'NEW=1', 'two');
    await eventually(
      async () => {
        for (const one of (await behind(3)).split(',')) expect(first.split(',')).not.toContain(one);
      },
      { what: 'three other containers', timeoutMs: 30_000 },
    );
    const [address = ''] = (await balancer('two')).split('=');
    await allAnswer(h3, 'l3', address, 3);
    await h1.startDocker();
    await startAgain(0);
    await becomesWhole();
    await reaches(h1, 'c1', await about(h3, 'c3', 'net', 'IPAddress'));
    // Each once, as the swarm's.
    for (const one of [id, ids[0]]) {
      expect((await switches()).match(new RegExp(`\\(${one}\\)`, 'g'))).toHaveLength(1);
      expect(await keeper(one!)).toMatch(asSwarms);
    }
    const balancers = await nbctl(all, '--bare', '--columns=name', 'list', 'Load_Balancer');
    expect(balancers.split(/\s+/).sort()).toEqual([`two@${ids[0]}`, `web@${id}`]);
    await clear(h3, ['l3'], []);
    await h1.docker('service', 'rm', 'two');
    await eventually(async () => void (await h1.docker('network', 'rm', 'later')), {
      what: 'the network to be unused',
      timeoutMs: 30_000,
    });
    await goes(ids[0]);
  });

  it('leaves nothing behind', async () => {
    const all = theHosts();
    const hosts = three();
    await hosts[0].docker('service', 'rm', 'all', 'web');
    await Promise.all(hosts.map((host, i) => clear(host, [`c${i + 1}`, `o${i + 1}`], [])));
    for (const name of ['all', 'web']) {
      await eventually(
        async () => expect((await Promise.all(hosts.map((host) => containersOf(host, name)))).flat()).toEqual([]),
        { what: `${name} to end`, timeoutMs: 30_000 },
      );
    }
    for (const name of ['own', 'net']) {
      await eventually(async () => void (await hosts[0].docker('network', 'rm', name)), {
        what: 'the network to be unused',
        timeoutMs: 30_000,
      });
    }
    await eventually(async () => expect(await remains(all)).toEqual([]), { what: 'nothing to be left' });
    for (const host of hosts) {
      expect((await host.links()).map(({ ifname }) => ifname).filter((name) => /^lc/.test(name))).toEqual([]);
      expect((await host.exec(['nft', 'list', 'tables'])).stdout).not.toContain('linecard_ovn');
    }
  });
}, [...ovnTools, 'curl', 'busybox']);
