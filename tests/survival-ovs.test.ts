import { Bed, uplink } from '@linecard/testkit';
import { expect, it } from 'vitest';
import { audit } from './support/audit.js';
import { eventually } from './support/eventually.js';
import { numbers } from './support/rows.js';
import { belongings, callPlugin, startDaemon, whenSound } from './support/survival.js';
import { describeSystem, useBed } from './support/system.js';

const bridge = 'lab';
const page = 'mkdir /w; echo hello > /w/index.html; exec httpd -f -p 80 -h /w';

/** What a container's restart would change. */
function processesOf(bed: Bed): Promise<string> {
  return bed.docker('inspect', '-f', '{{.State.Pid}} {{.State.StartedAt}}', 'web', 'peer');
}

/** All that is to work for containers: each other, the gateway, the world outside, and being reached from there. */
async function trafficFlows(bed: Bed): Promise<void> {
  const ping = (address: string) => bed.docker('exec', 'peer', 'ping', '-c1', '-W1', address);
  await Promise.all([ping('172.23.0.2'), ping('172.23.0.1'), ping(uplink.outsideIp)]);
  const { stdout } = await bed.outside(['curl', '-sS', '-m', '2', `http://${uplink.ip}:8080/`]);
  expect(stdout).toBe('hello\n');
}

describeSystem('Open vSwitch that goes away and comes back', () => {
  const theBed = useBed({ ovs: true, docker: true, uplink: true }, async (bed) => {
    await startDaemon(bed);
    await bed.docker(
      ...['network', 'create', '-d', 'ovs', '-o', `ovs.bridge.name=${bridge}`, '-o', 'ovs.bridge.mode=nat'],
      ...['-o', 'ovs.bridge.dpid=0x42', '--subnet', '172.23.0.0/24', '--gateway', '172.23.0.1', 'net'],
    );
    await bed.docker('network', 'create', '-d', 'ovs', '--subnet', '172.24.0.0/24', 'flat');
    await bed.docker('run', '-td', '--name', 'web', '--network', 'net', '-p', '8080:80', 'busybox', 'sh', '-c', page);
    await bed.docker('run', '-td', '--name', 'peer', '--network', 'net', 'busybox');
    await whenSound(bed, 'the preparation');
    await trafficFlows(bed);
  });

  /** Takes Open vSwitch away and brings it back; says how long it took from its return until all was as before. */
  async function comesBack(bed: Bed, what: string, outage: () => Promise<void>, back: () => Promise<void>) {
    const [before, processes] = [await numbers(bed, bridge), await processesOf(bed)];
    await outage();
    await back();
    const returned = performance.now();
    let sound = 0;
    await eventually(
      async () => {
        const asked = performance.now();
        expect(await audit(bed)).toEqual([]);
        sound = asked - returned;
      },
      { what: `all to be sound after ${what}` },
    );
    await eventually(() => trafficFlows(bed), { what: `traffic after ${what}` });
    console.log(
      `measured: sound ${Math.round(sound)} ms, traffic ${Math.round(performance.now() - returned)} ms after ${what}`,
    );
    expect(await numbers(bed, bridge)).toEqual(before);
    expect(await processesOf(bed)).toBe(processes);
    expect(await bed.vsctl('get', 'Bridge', bridge, 'datapath_id')).toBe('"0000000000000042"');
  }

  it.each(['TERM', 'KILL'] as const)('is mended when ovs-vswitchd was ended (%s)', async (signal) => {
    const bed = theBed();
    await comesBack(
      bed,
      `ovs-vswitchd (${signal})`,
      () => bed.stopVswitchd(signal),
      () => bed.startVswitchd(),
    );
  });

  it.each(['TERM', 'KILL'] as const)('is mended when ovsdb-server was ended (%s)', async (signal) => {
    const bed = theBed();
    await comesBack(
      bed,
      `ovsdb-server (${signal})`,
      () => bed.stopOvsdb(signal),
      () => bed.startOvsdb(),
    );
  });

  it('is mended when both were killed', async () => {
    const bed = theBed();
    const kill = async () => {
      await bed.stopVswitchd('KILL');
      await bed.stopOvsdb('KILL');
    };
    await comesBack(bed, 'both', kill, () => bed.startOvs());
  });

  it('is mended when its database was emptied', async () => {
    const bed = theBed();
    await comesBack(
      bed,
      'an emptied database',
      () => bed.emptyDatabase(),
      async () => undefined,
    );
  });

  it('is mended from Docker when its database was emptied while the daemon was dead', async () => {
    const bed = theBed();
    await bed.docker(
      ...['network', 'create', '-d', 'ovs', '-o', 'ovs.bridge.name=lost', '-o', 'ovs.bridge.mode=nat', '--ipv6'],
      ...['--subnet', '172.25.0.0/24', '--ip-range', '172.25.0.8/29', '--subnet', 'fd00:25::/64', 'lost'],
    );
    const choice = 'name=lost,driver-opt=ovs.port.number=55';
    await bed.docker('run', '-td', '--name', 'chooser', '--network', choice, 'busybox');
    const [processes, before] = [await processesOf(bed), (await bed.snapshot()).addresses];
    await bed.killDaemon();
    await bed.emptyDatabase();
    await eventually(
      async () =>
        expect(await bed.exec(['ip', 'link', 'show', bridge], { allowFail: true })).toMatchObject({ status: 1 }),
      {
        what: 'ovs-vswitchd to forget the bridge',
      },
    );
    await startDaemon(bed);
    await eventually(async () => expect((await bed.snapshot()).addresses).toEqual(before), {
      what: 'the gateways to be back',
    });
    await eventually(async () => expect(await numbers(bed, 'lost')).toEqual({ chooser: 55 }), {
      what: 'the chosen number',
    });
    await bed.docker('rm', '-f', 'chooser');
    await bed.docker('network', 'rm', 'lost');
    await whenSound(bed, 'the adoption');
    await eventually(() => trafficFlows(bed), { what: 'traffic after the adoption' });
    expect(await processesOf(bed)).toBe(processes);
  });
});

const networkId = 'a'.repeat(64);
const endpointId = 'b'.repeat(64);
const network = {
  NetworkID: networkId,
  Options: { 'com.docker.network.generic': { 'ovs.bridge.name': 'early' } },
  IPv4Data: [{ Pool: '172.26.0.0/24', Gateway: '172.26.0.1/24' }],
};
const endpoint = { NetworkID: networkId, EndpointID: endpointId, Interface: { Address: '172.26.0.2/24' } };

describeSystem('a request of Docker while Open vSwitch is away', () => {
  it('waits for Open vSwitch to start, and needs no Docker for that', async () => {
    const bed = await Bed.create();
    try {
      await startDaemon(bed);
      const made = callPlugin(bed, 'CreateNetwork', network);
      await bed.startOvsdb();
      await bed.startVswitchd();
      expect(await made).toMatchObject({ status: 200, body: {} });
      expect(await bed.vsctl('list-br')).toBe('early');
    } finally {
      await bed.destroy();
    }
  });

  async function failsWithout(daemon: string): Promise<void> {
    const bed = await Bed.create({ ovs: true });
    try {
      await startDaemon(bed);
      expect(await callPlugin(bed, 'CreateNetwork', network)).toMatchObject({ status: 200, body: {} });
      const before = await belongings(bed);
      await (daemon === 'ovsdb-server' ? bed.stopOvsdb() : bed.stopVswitchd());
      const asked = performance.now();
      const other = { ...network, NetworkID: 'c'.repeat(64), Options: {} };
      const answers = await Promise.all([
        callPlugin(bed, 'CreateNetwork', other),
        callPlugin(bed, 'CreateEndpoint', endpoint).then((answer) =>
          answer.body.Err === undefined
            ? callPlugin(bed, 'Join', { ...endpoint, SandboxKey: '/x', Options: {} })
            : answer,
        ),
      ]);
      for (const { status, body } of answers) {
        expect(status).toBe(200);
        expect(body.Err).toMatch(/within 10 s.*linecard doctor|ovs-vswitchd to apply its configuration/);
      }
      expect(performance.now() - asked).toBeLessThan(20_000);
      await bed.startOvs();
      await callPlugin(bed, 'DeleteEndpoint', endpoint);
      await eventually(async () => expect(await belongings(bed)).toEqual(before), { what: 'nothing to be left' });
    } finally {
      await bed.destroy();
    }
  }

  it('fails clearly in the end, and leaves nothing', async () => {
    // Each of them waits for ten seconds.
    await Promise.all(['ovsdb-server', 'ovs-vswitchd'].map(failsWithout));
  });
});
