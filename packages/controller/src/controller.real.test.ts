import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Action, type Match, ports, type Version } from '@linecard/openflow';
import { buildEthernet, buildUdp } from '@linecard/packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ovs, whyNoOvs } from '../testing/ovs.js';
import type { FlowSpec } from './flow-spec.js';
import { type App, Controller, type ControllerOptions, formatEndpoint, knock, learningSwitch } from './index.js';
import type { SwitchSession } from './switch-session.js';

const reason = whyNoOvs();
const mac = (host: number) => `02:00:00:00:00:0${host}`;
const frame = (from: number, to: number) =>
  buildEthernet({ source: mac(from), destination: mac(to), etherType: 0x1234, payload: new Uint8Array(46) });

async function eventually<T>(what: () => Promise<T>, check: (value: T) => boolean): Promise<T> {
  const end = Date.now() + 8000;
  for (;;) {
    const value = await what();
    if (check(value) || Date.now() > end) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.skipIf(reason !== undefined)(`with Open vSwitch${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let ovs: Ovs;
  let controllers: Controller[];

  beforeEach(async () => {
    ovs = await Ovs.start();
    controllers = [];
  });
  afterEach(async () => {
    for (const controller of controllers) await controller.close();
    await ovs.stop();
  });

  function make(options: ControllerOptions, ...apps: App[]): Controller {
    const controller = new Controller(options);
    controller.on('appError', (app, handler, error) => {
      throw new Error(`${app.name} ${handler}`, { cause: error });
    });
    for (const app of apps) controller.use(app);
    controllers.push(controller);
    return controller;
  }

  /** A controller that rules bridge br0, with the session. */
  async function rule(
    options: ControllerOptions,
    ...apps: App[]
  ): Promise<{ sw: SwitchSession; controller: Controller }> {
    const controller = make(options, ...apps);
    const endpoint = await controller.listen('tcp:127.0.0.1:0');
    const up = once(controller, 'up');
    await ovs.bridge('br0', formatEndpoint(endpoint));
    const [sw] = (await up) as [SwitchSession];
    return { sw, controller };
  }

  it.each<Version>([1, 4, 5, 6])('the learning switch forwards, version %i', async (version) => {
    const { sw } = await rule({ versions: [version] }, learningSwitch());
    expect(sw.version).toBe(version);
    expect([...sw.ports.values()].map(({ number, name }) => [number, name]).sort()).toEqual([
      [1, 'p1'],
      [2, 'p2'],
      [3, 'p3'],
      [ports.local, 'br0'],
    ]);
    await eventually(
      () => ovs.flows('br0'),
      (flows) => flows.length === 1,
    );
    await ovs.receive('p1', frame(1, 2));
    expect(
      await eventually(
        () => ovs.sent('br0'),
        ([, second]) => second === 1,
      ),
    ).toEqual([0, 1, 1]);
    await ovs.receive('p2', frame(2, 1));
    expect(
      await eventually(
        () => ovs.sent('br0'),
        ([first]) => first === 1,
      ),
    ).toEqual([1, 1, 1]);
    const learned = await eventually(
      () => ovs.flows('br0'),
      (flows) => flows.length === 2,
    );
    expect(learned.join('\n')).toMatch(/dl_src=02:00:00:00:00:02,dl_dst=02:00:00:00:00:01 actions=output:"?p?1/);
  });

  it('ports that come and go are seen', async () => {
    const { sw } = await rule({});
    await ovs.vsctl('add-port', 'br0', 'p9', '--', 'set', 'interface', 'p9', 'type=dummy', 'ofport_request=9');
    await eventually(
      async () => sw.ports.get(9)?.name,
      (name) => name === 'p9',
    );
    expect(sw.ports.get(9)).toMatchObject({ name: 'p9', up: true });
    await ovs.vsctl('del-port', 'br0', 'p9');
    await eventually(
      async () => sw.ports.has(9),
      (there) => !there,
    );
    expect(sw.ports.has(9)).toBe(false);
  });

  it.each<Version>([1, 4, 5, 6])('10,000 flows are applied once, version %i', async (version) => {
    const { sw } = await rule({ versions: [version] });
    const actions: Action[] = [{ type: 'output', port: 1 }];
    const flows: FlowSpec[] = Array.from({ length: 10_000 }, (_, i) => ({
      match: [{ field: 'eth_dst', value: i + 1 }],
      actions,
    }));
    expect(await sw.flows.apply(flows, { cookie: 5n })).toMatchObject({ added: 10_000 });
    expect(await ovs.ofctl('dump-aggregate', 'br0')).toMatch('flow_count=10000');
    const sent = sw.counters.sent;
    expect(await sw.flows.apply(flows, { cookie: 5n })).toMatchObject({ unchanged: 10_000, added: 0, modified: 0 });
    // One request for what is installed, and nothing else.
    expect(sw.counters.sent).toBe(sent + 1);
  });

  const common: FlowSpec[] = [
    { priority: 1 },
    {
      priority: 2,
      match: [{ field: 'in_port', value: ports.local }],
      actions: [{ type: 'output', port: ports.normal }],
    },
    { priority: 3, match: [{ field: 'vlan_vid', value: 0 }], actions: [{ type: 'output', port: ports.controller }] },
    { priority: 4, match: [{ field: 'vlan_vid', value: 0x1064 }], idleTimeout: 5, hardTimeout: 10 },
    { priority: 5, match: ipv4(['ip_proto', 6], ['tcp_dst', 80]), actions: [{ type: 'output', port: ports.in_port }] },
    { priority: 6, match: [...ipv4(), { field: 'ipv4_dst', value: 0x0a000000, mask: 0xff000000 }], flags: 1 },
    {
      priority: 7,
      match: ipv4(['ip_proto', 17], ['udp_src', 53], ['in_port', 2]),
      actions: [{ type: 'output', port: ports.flood }],
    },
    {
      priority: 8,
      match: [
        { field: 'eth_type', value: 0x0806 },
        { field: 'arp_op', value: 1 },
      ],
    },
  ];
  const later: FlowSpec[] = [
    {
      table: 3,
      match: [{ field: 'eth_dst', value: 0x010000000000, mask: 0x010000000000 }],
      instructions: [{ type: 'goto_table', table_id: 4 }],
    },
    { priority: 9, match: [{ field: 'metadata', value: 5n, mask: 0xffn }], instructions: [{ type: 'clear_actions' }] },
    {
      priority: 10,
      match: [
        { field: 'reg0', value: 1 },
        { field: 'vlan_vid', value: 0x1000, mask: 0x1000 },
      ],
      actions: [{ type: 'pop_vlan' }],
    },
    {
      priority: 11,
      actions: [
        { type: 'push_vlan', ethertype: 0x8100 },
        { type: 'set_field', field: { field: 'vlan_vid', value: 0x1005 } },
        { type: 'output', port: 1 },
      ],
    },
    {
      priority: 12,
      instructions: [
        { type: 'write_actions', actions: [{ type: 'output', port: 2 }] },
        { type: 'write_metadata', metadata: 7n, metadata_mask: 0xffn },
        { type: 'goto_table', table_id: 1 },
      ],
    },
  ];

  it.each<Version>([1, 4, 5, 6])('what the switch tells of a flow is recognised, version %i', async (version) => {
    const { sw } = await rule({ versions: [version] });
    const flows = version === 1 ? common : [...common, ...later];
    await sw.flows.apply(flows, { cookie: 3n });
    expect(await sw.flows.apply(flows, { cookie: 3n })).toMatchObject({
      unchanged: flows.length,
      added: 0,
      modified: 0,
      deleted: 0,
    });
    expect(await sw.flows.apply(flows.slice(2), { cookie: 3n })).toMatchObject({ deleted: 2 });
    expect(await sw.flows.installed({ cookie: 3n })).toHaveLength(flows.length - 2);
  });

  it.each<Version>([4, 5])('a change that is refused is told, version %i', async (version) => {
    const { sw } = await rule({ versions: [version] });
    const bad: FlowSpec = { match: [{ field: 'tcp_dst', value: 80 }] };
    await expect(sw.flows.apply([{ priority: 1 }, bad], { cookie: 1n })).rejects.toThrow('refused 1 of 2');
    // A bundle is all or nothing.
    expect(await sw.flows.installed()).toHaveLength(version === 4 ? 1 : 0);
  });

  it.each<Version>([1, 4, 5, 6])('a flow that ends is told to the app whose it is, version %i', async (version) => {
    const ended: string[] = [];
    const app = (name: string, cookie: bigint): App => ({
      name,
      cookie,
      on: { flowRemoved: (_, { message, table }) => void ended.push(`${name} ${message.priority} ${table}`) },
    });
    const { sw } = await rule({ versions: [version] }, app('mine', 5n), app('other', 6n));
    await sw.flows.apply(['priority=7,send_flow_rem actions=drop', 'priority=8 actions=drop'], { cookie: 5n });
    await ovs.ofctl('del-flows', 'br0');
    // Whatever the switch still had to say comes before its answer.
    await eventually(
      () => sw.barrier().then(() => ended),
      (told) => told.length > 0,
    );
    expect(ended).toEqual([`mine 7 ${version === 1 ? undefined : 0}`]);
  });

  it('flows are put back after Open vSwitch has died', async () => {
    const { sw, controller } = await rule({});
    await sw.flows.apply([{ priority: 7, actions: [{ type: 'output', port: 1 }] }], { cookie: 1n });
    const up = once(controller, 'up');
    await ovs.killDaemon();
    await ovs.startDaemon();
    await up;
    expect(await ovs.flows('br0')).toEqual([expect.stringMatching(/^priority=7 actions=output:"?p?1/)]);
  });

  it.each<Version>([1, 4])('the knock example has the flows of the article, version %i', async (version) => {
    const app = knock({ guarded: 'p1', free: 'p2' });
    await rule({ versions: [version] }, app);
    const article = [
      'priority=20,in_port=1 actions=drop',
      'priority=20,in_port=2 actions=FLOOD',
      'priority=30,arp actions=FLOOD',
      'priority=30,udp,in_port=1 actions=CONTROLLER:65535',
    ];
    const flows = async () =>
      (await ovs.flows('br0')).map((line) =>
        line.replace(/in_port="?p?(\d)"?/, 'in_port=$1').replace('reset_counts ', ''),
      );
    expect(await eventually(flows, (lines) => lines.length === 4)).toEqual(article);
    const ask = (name: string) =>
      ovs.receive(
        'p1',
        buildUdp({
          sourceMac: mac(1),
          destinationMac: mac(2),
          source: '172.31.1.1',
          destination: '172.31.1.2',
          sourcePort: 4000,
          destinationPort: 53,
          payload: Buffer.from(`\0\x01\x01\0\0\x01\0\0\0\0\0\0\x05${name}\x07example\x03com\0\0\x01\0\x01`, 'latin1'),
        }),
      );
    await ovs.receive('p1', frame(1, 2));
    await ask('nopey');
    expect(await ovs.sent('br0')).toEqual([0, 0, 0]);
    await ask('xyzzy');
    expect(await eventually(flows, (lines) => lines.length === 5)).toEqual([
      ...article,
      'priority=40,dl_src=02:00:00:00:00:01 actions=FLOOD',
    ]);
    expect(
      await eventually(
        () => ovs.sent('br0'),
        ([, second]) => second === 1,
      ),
    ).toEqual([0, 1, 1]);
    await ovs.receive('p1', frame(1, 2));
    expect(
      await eventually(
        () => ovs.sent('br0'),
        ([, second]) => second === 2,
      ),
    ).toEqual([0, 2, 2]);
  });

  it('a switch that listens is connected to, by socket and by TCP', async () => {
    await ovs.bridge('br0', 'ptcp:16634:127.0.0.1');
    for (const endpoint of [`unix:${ovs.dir}/br0.mgmt`, 'tcp:127.0.0.1:16634']) {
      const controller = make({ versions: [4] });
      const up = once(controller, 'up');
      const dialled = controller.connect(endpoint);
      const [sw] = (await up) as [SwitchSession];
      await sw.flows.apply([{ priority: 3 }], { cookie: 9n });
      expect(await ovs.flows('br0')).toEqual(['priority=3 actions=drop']);
      dialled.close();
    }
  });

  it('controllers take turns at being master', async () => {
    const { sw } = await rule({ versions: [4] });
    const other = make({ versions: [4] });
    const endpoint = await other.listen('tcp:127.0.0.1:0');
    const up = once(other, 'up');
    const [first] = (await ovs.vsctl('get-controller', 'br0')).split('\n');
    await ovs.vsctl('set-controller', 'br0', first!, formatEndpoint(endpoint));
    const [second] = (await up) as [SwitchSession];
    expect(await sw.role('master', 1n)).toBe('master');
    expect(await second.role('master', 2n)).toBe('master');
    expect(await sw.role('nochange')).toBe('slave');
    // One that is equal to all may change flows beside a master, which does not notice.
    expect(await sw.role('equal')).toBe('equal');
    expect(await second.role('nochange')).toBe('master');
    expect(await sw.flows.apply([{ priority: 2 }], { cookie: 2n })).toMatchObject({ added: 1 });
    expect(await sw.role('slave', 2n)).toBe('slave');
    await expect(sw.role('master', 1n)).rejects.toMatchObject({ name: 'OpenFlowError', errorType: 11, errorCode: 0 });
    await expect(sw.flows.apply([{ priority: 1 }], { cookie: 1n })).rejects.toThrow('refused');
  });

  it('TLS with certificates of both sides', async () => {
    const certificate = (name: string) => {
      const [key, cert] = [`${ovs.dir}/${name}.key`, `${ovs.dir}/${name}.pem`];
      const argv = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ];
      execFileSync('openssl', [...argv, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
      return { key, cert };
    };
    const [ours, theirs] = [certificate('controller'), certificate('switch')];
    await ovs.vsctl('set-ssl', theirs.key, theirs.cert, ours.cert);
    const tls = { key: readFileSync(ours.key), cert: readFileSync(ours.cert), ca: readFileSync(theirs.cert) };
    const controller = make({ tls });
    const endpoint = await controller.listen('tls:127.0.0.1:0');
    const up = once(controller, 'up');
    await ovs.bridge('br0', formatEndpoint(endpoint).replace('tls:', 'ssl:'));
    const [sw] = (await up) as [SwitchSession];
    await sw.barrier();
    expect(sw.peer).toMatch(/^tls:127/);
  });

  it('versions that do not meet are told to both sides', async () => {
    const controller = make({ versions: [5] });
    const endpoint = await controller.listen('tcp:127.0.0.1:0');
    const rejected = once(controller, 'rejected');
    await ovs.bridge('br0', formatEndpoint(endpoint), 'OpenFlow10');
    expect((await rejected)[1].message).toMatch('no common OpenFlow version');
  });

  const osken = '/usr/bin/osken-manager';
  it.skipIf(!existsSync(osken))('os-ken rules the bridge while we look on', async () => {
    const app = fileURLToPath(new URL('../../../bench/inside/peers/simple_switch_13.py', import.meta.url));
    const argv = ['--ofp-listen-host', '127.0.0.1', '--ofp-tcp-listen-port', '16635', app];
    const foreign = spawn(osken, argv, { stdio: 'ignore' });
    try {
      await eventually(reachable, (there) => there);
      await ovs.bridge('br0', 'tcp:127.0.0.1:16635', 'OpenFlow13');
      const looking = make({ versions: [4] });
      const up = once(looking, 'up');
      looking.connect(`unix:${ovs.dir}/br0.mgmt`);
      const [sw] = (await up) as [SwitchSession];
      await eventually(
        () => sw.flows.installed(),
        (flows) => flows.length === 1,
      );
      await ovs.receive('p1', frame(1, 2));
      await eventually(
        () => ovs.sent('br0'),
        ([, second]) => second === 1,
      );
      await ovs.receive('p2', frame(2, 1));
      const flows = await eventually(
        () => sw.flows.installed(),
        (found) => found.length === 2,
      );
      const values = (match: Match) => match.map(({ field, value }) => [field, value]);
      expect(values(flows.find((flow) => flow.priority === 1)!.match).sort()).toEqual([
        ['eth_dst', 0x020000000001],
        ['eth_src', 0x020000000002],
        ['in_port', 2],
      ]);
    } finally {
      foreign.kill('SIGKILL');
    }
  });

  async function reachable(): Promise<boolean> {
    const socket = createConnection({ host: '127.0.0.1', port: 16635 });
    const outcome = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    return outcome;
  }
});

function ipv4(
  ...more: [
    Match[number] extends infer F ? (F extends { field: infer N } ? Exclude<N, 'unknown'> : never) : never,
    number,
  ][]
): Match {
  return [{ field: 'eth_type', value: 0x0800 }, ...more.map(([field, value]) => ({ field, value }))];
}
