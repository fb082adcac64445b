import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type Bed, uplink } from '@linecard/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.js';
import { idsOf, numbers, rows } from './support/rows.js';
import { belongings, callPlugin, startDaemon, whenSound } from './support/survival.js';
import { describeSystem, useBed } from './support/system.js';

const bridge = 'lab';
const page = 'mkdir /w; echo hello > /w/index.html; exec httpd -f -p 80 -h /w';

async function prepare(bed: Bed): Promise<void> {
  await startDaemon(bed);
  await bed.docker(
    ...['network', 'create', '-d', 'ovs', '-o', `ovs.bridge.name=${bridge}`, '-o', 'ovs.bridge.mode=nat'],
    ...['--subnet', '172.27.0.0/24', '--gateway', '172.27.0.1', 'net'],
  );
  const always = ['run', '-td', '--restart', 'always', '--network', 'net'];
  await bed.docker(...always, '--name', 'web', '-p', '8080:80', 'busybox', 'sh', '-c', page);
  await bed.docker(...always, '--name', 'peer', 'busybox');
  await whenSound(bed, 'the preparation');
}

async function trafficFlows(bed: Bed): Promise<void> {
  const web = await bed.docker('inspect', '-f', '{{.NetworkSettings.Networks.net.IPAddress}}', 'web');
  await bed.docker('exec', 'peer', 'ping', '-c1', '-W1', web);
  const { stdout } = await bed.outside(['curl', '-sS', '-m', '2', `http://${uplink.ip}:8080/`]);
  expect(stdout).toBe('hello\n');
}

/** Answers everything with success and does nothing, in the daemon's place: what Docker does then, nobody is told. */
async function withDeafDriver(bed: Bed, work: () => Promise<void>): Promise<void> {
  await bed.killDaemon();
  const socket = bed.path('/run/docker/plugins/ovs.sock');
  await rm(socket, { force: true });
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  try {
    await work();
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await startDaemon(bed);
  }
}

describeSystem('Docker that goes away and comes back', () => {
  const theBed = useBed({ ovs: true, docker: { liveRestore: true }, uplink: true }, prepare);

  it.each(['TERM', 'KILL'] as const)('with live-restore (%s): nothing changes', async (signal) => {
    const bed = theBed();
    const [before, snapshot] = [await numbers(bed, bridge), await bed.snapshot()];
    await bed.stopDocker(signal);
    await trafficStays(bed);
    await bed.startDocker({ liveRestore: true });
    await whenSound(bed, `${signal} of dockerd`);
    await trafficFlows(bed);
    expect(await numbers(bed, bridge)).toEqual(before);
    const { links, addresses, ovs } = snapshot;
    expect(await bed.snapshot()).toMatchObject({ links, addresses, ovs });
  });

  it('with live-restore: finds the endpoint of a container that died meanwhile', async () => {
    const bed = theBed();
    const before = await numbers(bed, bridge);
    const pid = await bed.docker('inspect', '-f', '{{.State.Pid}}', 'peer');
    await bed.stopDocker('KILL');
    await bed.exec(['kill', '-9', pid]);
    await bed.startDocker({ liveRestore: true });
    await eventually(async () => expect(await numbers(bed, bridge)).toEqual(before), {
      what: 'the container to return',
    });
    await whenSound(bed, 'the death of a container');
    await trafficFlows(bed);
  });

  it.each(['TERM', 'KILL'] as const)(
    'without live-restore (%s): its containers return to their ports',
    async (signal) => {
      const bed = theBed();
      const before = await numbers(bed, bridge);
      await bed.stopDocker('TERM');
      await bed.startDocker({ liveRestore: false });
      await bed.stopDocker(signal);
      await bed.startDocker({ liveRestore: false });
      await eventually(async () => expect(await numbers(bed, bridge)).toEqual(before), {
        what: 'the containers to return',
      });
      await whenSound(bed, `${signal} of dockerd`);
      await trafficFlows(bed);
    },
  );

  it('at a boot, with the daemon first and Open vSwitch last: containers that restart always are plugged in', async () => {
    const bed = theBed();
    const before = await numbers(bed, bridge);
    await bed.reboot();
    await startDaemon(bed);
    const docker = bed.startDocker();
    // dockerd's first request waits in the daemon now, or will.
    await bed.startOvsdb();
    await bed.startVswitchd();
    await docker;
    await eventually(async () => expect(await numbers(bed, bridge)).toEqual(before), {
      what: 'the containers to return',
    });
    await whenSound(bed, 'the boot');
    await eventually(() => trafficFlows(bed), { what: 'traffic after the boot' });
  });

  it('that removes containers and networks while nobody listens: they are found, the living ones kept', async () => {
    const bed = theBed();
    await bed.docker('network', 'create', '-d', 'ovs', 'gone');
    await bed.docker('run', '-td', '--name', 'gone', '--network', 'gone', 'busybox');
    await bed.docker('run', '-td', '--name', 'left', '--network', 'net', '-p', '8081:81', 'busybox');
    await bed.docker('network', 'connect', 'gone', 'peer');
    const processes = await bed.docker('inspect', '-f', '{{.State.Pid}}', 'web', 'peer');
    await whenSound(bed, 'starting two more');
    await withDeafDriver(bed, async () => {
      await bed.docker('rm', '-f', 'gone', 'left');
      await bed.docker('network', 'disconnect', 'gone', 'peer');
      await bed.docker('network', 'rm', 'gone');
    });
    await whenSound(bed, 'removals that nobody was told of');
    expect(await bed.docker('inspect', '-f', '{{.State.Pid}}', 'web', 'peer')).toBe(processes);
    await trafficFlows(bed);
  });

  it('with 32 containers that start at once, and leave at once', async () => {
    const bed = theBed();
    const names = Array.from({ length: 32 }, (_, i) => `crowd-${i}`);
    await Promise.all(names.map((name) => bed.docker('run', '-td', '--name', name, '--network', 'net', 'busybox')));
    await whenSound(bed, 'starting 32 at once', 30_000);
    expect(new Set(Object.values(await numbers(bed, bridge))).size).toBe(34);
    await bed.docker('rm', '-f', ...names);
    await whenSound(bed, 'removing 32', 30_000);
  });

  it('with 32 connects and disconnects at once', async () => {
    const bed = theBed();
    const networks = Array.from({ length: 16 }, (_, i) => `extra-${i}`);
    await Promise.all(
      networks.map((name, i) => bed.docker('network', 'create', '-d', 'ovs', '--subnet', `172.28.${i}.0/24`, name)),
    );
    const pairs = networks.flatMap((network) => ['web', 'peer'].map((container) => [network, container] as const));
    await Promise.all(pairs.map((pair) => bed.docker('network', 'connect', ...pair)));
    await whenSound(bed, '32 connects at once', 30_000);
    await Promise.all(pairs.map((pair) => bed.docker('network', 'disconnect', ...pair)));
    await whenSound(bed, '32 disconnects at once', 30_000);
    await bed.docker('network', 'rm', ...networks);
    await whenSound(bed, 'removing 16 networks', 30_000);
    await trafficFlows(bed);
  });
});

/** Traffic while Docker cannot be asked. */
async function trafficStays(bed: Bed): Promise<void> {
  const { stdout } = await bed.outside(['curl', '-sS', '-m', '2', `http://${uplink.ip}:8080/`]);
  expect(stdout).toBe('hello\n');
}

const hex = (digit: string) => digit.repeat(64);
const network = {
  NetworkID: hex('a'),
  Options: { 'com.docker.network.generic': { 'ovs.bridge.name': 'raw' } },
  IPv4Data: [{ Pool: '172.29.0.0/24', Gateway: '172.29.0.1/24' }],
};
const endpoint = (digit: string, address: string) => ({
  NetworkID: network.NetworkID,
  EndpointID: hex(digit),
  Interface: { Address: address },
  Options: {},
});
const ok = { status: 200, body: expect.not.objectContaining({ Err: expect.anything() }) };
const refused = (text: RegExp) => ({ status: 200, body: { Err: expect.stringMatching(text) } });

describeSystem('plugin requests that come twice, late or out of order', () => {
  // No dockerd: nobody but these tests says what there is.
  const theBed = useBed({ ovs: true }, async (bed) => {
    await startDaemon(bed);
  });
  const ports = async (bed: Bed) => (await bed.vsctl('list-ports', 'raw')).split('\n').filter((name) => name !== '');
  const veths = async (bed: Bed) =>
    (await bed.links()).map(({ ifname }) => ifname).filter((name) => /^lc[vp]/.test(name));

  it('have the effect of one', async () => {
    const bed = theBed();
    const before = await belongings(bed);
    const one = { ...endpoint('1', '172.29.0.2/24'), SandboxKey: '/var/run/docker/netns/1' };
    expect(await Promise.all([1, 2].map(() => callPlugin(bed, 'CreateNetwork', network)))).toEqual([
      expect.objectContaining(ok),
      expect.objectContaining(ok),
    ]);
    expect(await callPlugin(bed, 'CreateNetwork', network)).toMatchObject(ok);
    expect(await callPlugin(bed, 'Join', one)).toMatchObject(refused(/endpoint 111111111111 does not exist/));
    const unknown = { ...one, NetworkID: hex('f') };
    expect(await callPlugin(bed, 'CreateEndpoint', unknown)).toMatchObject(
      refused(/network ffffffffffff is not known/),
    );
    expect(await veths(bed)).toEqual([]);

    const created = await Promise.all([1, 2, 3].map(() => callPlugin(bed, 'CreateEndpoint', one)));
    created.push(await callPlugin(bed, 'CreateEndpoint', one));
    for (const answer of created) expect(answer).toEqual(created[0]);
    const [link, ...more] = await ports(bed);
    expect([link, more]).toEqual([expect.stringMatching(/^lcv[0-9a-f]{12}$/), []]);
    const peer = link!.replace('lcv', 'lcp');
    expect((await veths(bed)).sort()).toEqual([peer, link]);
    const joins = await Promise.all([1, 2].map(() => callPlugin(bed, 'Join', one)));
    expect(joins[0]).toMatchObject({ body: { InterfaceName: { SrcName: peer, DstPrefix: 'eth' } } });
    expect(joins[1]).toEqual(joins[0]);

    expect(await callPlugin(bed, 'Leave', { ...one, EndpointID: hex('9') })).toMatchObject(ok);
    expect(await Promise.all([1, 2].map(() => callPlugin(bed, 'DeleteEndpoint', one)))).toMatchObject([ok, ok]);
    for (const method of ['DeleteEndpoint', 'Leave', 'RevokeExternalConnectivity']) {
      expect(await callPlugin(bed, method, one)).toMatchObject(ok);
    }
    await eventually(async () => expect([await ports(bed), await veths(bed)]).toEqual([[], []]), {
      what: 'the port to go',
    });

    await Promise.all(
      ['2', '3'].map((digit) => callPlugin(bed, 'CreateEndpoint', endpoint(digit, `172.29.0.${digit}/24`))),
    );
    expect(await callPlugin(bed, 'DeleteNetwork', network)).toMatchObject(ok);
    expect(await callPlugin(bed, 'DeleteNetwork', network)).toMatchObject(ok);
    expect(await callPlugin(bed, 'DeleteEndpoint', endpoint('2', '172.29.0.2/24'))).toMatchObject(ok);
    await eventually(async () => expect(await belongings(bed)).toEqual(before), { what: 'nothing to be left' });
  });

  it('leave what they should, whatever their order', async () => {
    const bed = theBed();
    const before = await belongings(bed);
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (sequence) => {
        const model = new Model();
        for (const step of sequence) {
          const answers = await Promise.all(
            Array.from({ length: step.times }, () => callPlugin(bed, step.method, requestOf(step))),
          );
          const accepted = model.accepts(step);
          for (const { status, body } of answers) expect([status, body.Err === undefined]).toEqual([200, accepted]);
        }
        await eventually(async () => expect(await present(bed)).toEqual(model.present()), {
          what: 'ports as asked for',
        });
        await Promise.all([0, 1].map((n) => callPlugin(bed, 'DeleteNetwork', { NetworkID: networkIds[n] })));
        await eventually(async () => expect(await belongings(bed)).toEqual(before), { what: 'nothing to be left' });
      }),
      { numRuns: 25, interruptAfterTimeLimit: 15_000, endOnFailure: true },
    );
  });

  it('leave nothing when they all come at once', async () => {
    const bed = theBed();
    const before = await belongings(bed);
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 60 }), async (sequence) => {
        const answers = await Promise.all(sequence.map((step) => callPlugin(bed, step.method, requestOf(step))));
        expect(answers.map(({ status }) => status)).toEqual(sequence.map(() => 200));
        await Promise.all([0, 1].map((n) => callPlugin(bed, 'DeleteNetwork', { NetworkID: networkIds[n] })));
        await eventually(async () => expect(await belongings(bed)).toEqual(before), { what: 'nothing to be left' });
      }),
      { numRuns: 10, interruptAfterTimeLimit: 10_000, endOnFailure: true },
    );
  });
});

// What is asked of two networks, the first one with a gateway, the second one flat, with three endpoints each.
const networkIds = [hex('d'), hex('e')];
const steps = fc.record({
  method: fc.constantFrom(
    ...['CreateNetwork', 'CreateNetwork', 'CreateEndpoint', 'CreateEndpoint', 'CreateEndpoint', 'Join', 'Leave'],
    ...['DeleteEndpoint', 'DeleteNetwork', 'ProgramExternalConnectivity', 'RevokeExternalConnectivity'],
  ),
  network: fc.nat(1),
  endpoint: fc.nat(2),
  times: fc.integer({ min: 1, max: 3 }),
});
type Step = typeof steps extends fc.Arbitrary<infer S> ? S : never;

const endpointOf = ({ network, endpoint }: Step) => `${network}${endpoint}`.repeat(32);
const hostPortOf = ({ network, endpoint }: Step) => 20_000 + network * 10 + endpoint;

function requestOf(step: Step): object {
  const ids = { NetworkID: networkIds[step.network], EndpointID: endpointOf(step) };
  const subnet = `172.29.${step.network}`;
  const mode = step.network === 0 ? { 'ovs.bridge.mode': 'nat' } : {};
  const requests: Record<string, object> = {
    CreateNetwork: {
      ...ids,
      Options: { 'com.docker.network.generic': mode },
      IPv4Data: [{ Pool: `${subnet}.0/24`, Gateway: `${subnet}.1/24` }],
    },
    CreateEndpoint: { ...ids, Interface: { Address: `${subnet}.${step.endpoint + 2}/24` }, Options: {} },
    Join: { ...ids, SandboxKey: '/var/run/docker/netns/x', Options: {} },
    ProgramExternalConnectivity: {
      ...ids,
      Options: { 'com.docker.network.portmap': [{ Proto: 6, Port: 80, HostPort: hostPortOf(step), HostPortEnd: 0 }] },
    },
  };
  return requests[step.method] ?? ids;
}

/** What there must be after requests: the networks, their endpoints, and the published ports. */
class Model {
  readonly #networks = new Set<number>();
  readonly #endpoints = new Map<string, Step>();
  readonly #published = new Set<string>();

  /** Takes a request in. Returns whether it must succeed. */
  accepts(step: Step): boolean {
    const id = endpointOf(step);
    const exists = this.#endpoints.has(id);
    switch (step.method) {
      case 'CreateNetwork':
        this.#networks.add(step.network);
        return true;
      case 'DeleteNetwork':
        this.#networks.delete(step.network);
        for (const [key, { network: on }] of this.#endpoints) if (on === step.network) this.#forget(key);
        return true;
      case 'CreateEndpoint':
        if (this.#networks.has(step.network)) this.#endpoints.set(id, step);
        return this.#networks.has(step.network);
      case 'Join':
        return exists;
      case 'DeleteEndpoint':
        this.#forget(id);
        return true;
      case 'ProgramExternalConnectivity':
        if (exists && step.network === 0) this.#published.add(id);
        return exists && step.network === 0;
      case 'RevokeExternalConnectivity':
        this.#published.delete(id);
        return true;
      default:
        return true;
    }
  }

  #forget(id: string): void {
    this.#endpoints.delete(id);
    this.#published.delete(id);
  }

  present() {
    return {
      bridges: [...this.#networks].map((n) => `lc${networkIds[n]!.slice(0, 12)}`).sort(),
      ports: [...this.#endpoints.keys()].sort(),
      strayLinks: [],
      published: [...this.#published].map((id) => String(hostPortOf(this.#endpoints.get(id)!))).sort(),
      numbersAreUnique: true,
    };
  }
}

async function present(bed: Bed) {
  const [interfaces, snapshot, links] = await Promise.all([rows(bed, 'Interface'), bed.snapshot(), bed.links()]);
  const ports = interfaces.filter(({ name }) => /^lcv/.test(String(name)));
  const wanted = ports.flatMap(({ name }) => [String(name), String(name).replace('lcv', 'lcp')]);
  const there = links.map(({ ifname }) => ifname).filter((name) => /^lc[vp]/.test(name));
  const strayLinks = [...there, ...wanted].filter((name) => !(there.includes(name) && wanted.includes(name)));
  const numbersOf = (network: number) =>
    ports
      .filter((row) => idsOf(row)['network-id'] === networkIds[network])
      .map(({ ofport, ofport_request }) => (ofport === ofport_request ? Number(ofport) : 0));
  return {
    bridges: interfaces
      .filter(({ type }) => type === 'internal')
      .map(({ name }) => String(name))
      .sort(),
    ports: ports.map((row) => idsOf(row)['endpoint-id']).sort(),
    strayLinks: strayLinks.sort(),
    published: snapshot.nft.flatMap((line) => /tcp dport (\d+) dnat/.exec(line)?.[1] ?? []).sort(),
    numbersAreUnique: [0, 1].every((n) => new Set([0, ...numbersOf(n)]).size === numbersOf(n).length + 1),
  };
}
