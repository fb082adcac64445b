import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../../ovsdb/test/server.js';
import {
  appErrorKey,
  appOf,
  type BridgeSpec,
  controllerOf,
  OpenvSwitch,
  type PortSpec,
  type SwitchEdit,
} from './index.js';

let server: TestServer;
let ovs: OpenvSwitch;

beforeEach(async () => {
  server = await TestServer.start();
  await server.vsctl('init');
  ovs = new OpenvSwitch({ endpoint: server.endpoint });
  ovs.start();
  await ovs.whenReady(10_000);
});
afterEach(async () => {
  await ovs.close();
  await server.close();
});

const bridge = (more: Partial<BridgeSpec> = {}): BridgeSpec => ({
  name: 'br0',
  datapathType: 'netdev',
  failMode: 'secure',
  controllers: ['tcp:127.0.0.1:6653'],
  protocols: ['OpenFlow10', 'OpenFlow13'],
  otherConfig: new Map([['hwaddr', '0e:00:00:00:00:01']]),
  externalIds: new Map([['network-id', 'n1']]),
  local: { mtu: 1400, tag: 7 },
  ...more,
});
const port = (more: Partial<PortSpec> = {}): PortSpec => ({
  bridge: 'br0',
  name: 'p1',
  type: '',
  ofport: 5,
  tag: 10,
  policing: { rate: 1000, burst: 100 },
  externalIds: new Map([['container-name', 'web']]),
  ownedIds: ['container-name', 'ip'],
  ...more,
});
const build = (...edits: ((edit: SwitchEdit) => void)[]) =>
  ovs.commit((edit) => {
    for (const one of edits) one(edit);
  });
const withBridge = (spec = bridge()) => build((edit) => edit.ensureBridge(spec));
const withPort = (spec = port()) => build((edit) => edit.ensurePort(spec));
const get = (words: string) => server.vsctl(`get ${words}`);
const content = async () => (await server.vsctl('list Bridge')) + (await server.vsctl('list Port'));

describe('a bridge', () => {
  it('is made with its local port, its controllers and all that it is to be', async () => {
    await withBridge();
    expect(await server.vsctl('list-br')).toBe('br0');
    expect(await server.vsctl('get-controller br0')).toBe('tcp:127.0.0.1:6653');
    expect(await get('Bridge br0 datapath_type fail_mode protocols other_config external_ids')).toBe(
      'netdev\nsecure\n[OpenFlow10, OpenFlow13]\n{hwaddr="0e:00:00:00:00:01"}\n{network-id=n1}',
    );
    expect(await get('Interface br0 type mtu_request')).toBe('internal\n1400');
    expect(await get('Port br0 tag')).toBe('7');
    expect(await server.vsctl('--columns=connection_mode list Controller')).toMatch(/: out-of-band$/);
  });

  it('is mended in what differs, and what others wrote stays', async () => {
    await withBridge();
    await server.vsctl('set Bridge br0 other_config:theirs=1 external_ids:theirs=2 fail_mode=standalone');
    await server.vsctl('set-controller br0 tcp:10.0.0.1:6653');
    await server.vsctl('set Interface br0 mtu_request=9000');
    await server.vsctl('remove Port br0 tag 7');
    await ovs.view.replica.waitFor(() => (ovs.view.port('br0')?.tag === undefined ? true : undefined), {
      timeoutMs: 5000,
      what: 'the tag to go',
    });
    await withBridge();
    expect(await get('Bridge br0 fail_mode other_config external_ids')).toBe(
      'secure\n{hwaddr="0e:00:00:00:00:01", theirs="1"}\n{network-id=n1, theirs="2"}',
    );
    expect(await server.vsctl('get-controller br0')).toBe('tcp:127.0.0.1:6653');
    expect(await get('Interface br0 mtu_request')).toBe('1400');
    expect(await get('Port br0 tag')).toBe('7');
  });

  it('keeps its controllers and fail mode when none are asked for', async () => {
    await withBridge();
    const { controllers: _, failMode: __, protocols: ___, ...rest } = bridge();
    await withBridge(rest);
    expect(await server.vsctl('get-controller br0')).toBe('tcp:127.0.0.1:6653');
    expect(await get('Bridge br0 fail_mode')).toBe('secure');
  });

  it('has apps of the daemon as controllers, each known by its row', async () => {
    const rows = () => ovs.view.controllersOf(ovs.view.bridge('br0')!);
    await withBridge(bridge({ controllers: ['embedded:hub', 'tcp:127.0.0.1:6653'] }));
    expect(rows().map(controllerOf).sort()).toEqual(['embedded:hub', 'tcp:127.0.0.1:6653']);
    expect(await server.vsctl('get-controller br0')).toBe('tcp:127.0.0.1:6653\nunix:linecard-app-hub.sock');
    const [uuid] = rows().filter((row) => appOf(row) === 'hub');
    // A row that knows nothing of its app, as one of an older version, is mended where it stands.
    await server.vsctl(`clear Controller ${uuid!._uuid} external_ids`);
    await ovs.view.replica.waitFor(() => (rows().some(appOf) ? undefined : true), {
      timeoutMs: 5000,
      what: 'it to go',
    });
    await withBridge(bridge({ controllers: ['embedded:hub', 'tcp:127.0.0.1:6653'] }));
    expect(rows().find((row) => appOf(row) === 'hub')?._uuid).toBe(uuid!._uuid);
    await withBridge();
    expect(rows().map(controllerOf)).toEqual(['tcp:127.0.0.1:6653']);
  });

  it('gets marked controllers, and loses them', async () => {
    await withBridge();
    const controllerIds = new Map([['by', 'me']]);
    const marks = () => [...ovs.view.controllers()].map(({ external_ids }) => external_ids.get('by'));
    await withBridge(bridge({ controllerIds })); // that one was there before
    expect(marks()).toEqual([undefined]);
    await withBridge(bridge({ controllers: ['tcp:127.0.0.1:6653', 'embedded'], controllerIds }));
    expect(marks()).toEqual(['me', 'me']);
    const [first] = ovs.view.controllers();
    await build((edit) => edit.removeController(first!._uuid));
    expect([...ovs.view.controllers()]).toHaveLength(1);
    await build((edit) => edit.removeController(first!._uuid));
    expect([...ovs.view.controllers()]).toHaveLength(1);
  });

  it('says of an app why it is not served, and of no other controller', async () => {
    await withBridge(bridge({ controllers: ['embedded:hub', 'embedded:hub?table=1'] }));
    const errors = () => [...ovs.view.controllers()].flatMap(({ external_ids }) => external_ids.get(appErrorKey) ?? []);
    await build((edit) => edit.setAppError('hub', 'it is away'));
    expect(errors()).toEqual(['it is away']);
    await withBridge(bridge({ controllers: ['embedded:hub', 'embedded:hub?table=1'] }));
    expect(errors()).toEqual(['it is away']);
    await build((edit) => edit.setAppError('hub', undefined));
    expect(errors()).toEqual([]);
  });

  it('is removed with its ports, once and again', async () => {
    await withBridge();
    await withPort();
    await build((edit) => edit.removeBridge('br0'));
    await build((edit) => edit.removeBridge('br0'));
    expect(await server.vsctl('list-br')).toBe('');
    expect(await server.vsctl('list Interface')).toBe('');
    expect(await server.vsctl('list Controller')).toBe('');
  });

  it('is made in a database without any row, too', async () => {
    await server.stop();
    await server.createDatabase();
    await server.restart();
    await ovs.whenReady(10_000);
    await ovs.view.replica.waitFor(() => (ovs.view.root() === undefined ? true : undefined), {
      timeoutMs: 5000,
      what: 'the empty database',
    });
    await withBridge();
    expect(await server.vsctl('list-br')).toBe('br0');
  });
});

describe('a port', () => {
  beforeEach(() => withBridge());

  it('is made with number, VLAN, rate and keys, together with its bridge in one transaction', async () => {
    await build(
      (edit) => edit.ensureBridge(bridge({ name: 'br1' })),
      (edit) => edit.ensurePort(port({ bridge: 'br1' })),
    );
    expect(await server.vsctl('list-ports br1')).toBe('p1');
    expect(await get('Interface p1 ofport_request ingress_policing_rate ingress_policing_burst external_ids')).toBe(
      '5\n1000\n100\n{container-name=web}',
    );
    expect(await get('Port p1 tag trunks vlan_mode')).toBe('10\n[]\n[]');
  });

  it('gets a rate, another one, and none, and leaves no row behind', async () => {
    await withPort();
    const qos = (maxRate: number) => ({ type: 'linux-htb', maxRate, externalIds: new Map([['owner', 'me']]) }) as const;
    const rows = () => server.vsctl('--columns=type,other_config,external_ids list QoS');
    await build((edit) => edit.setQos('p1', qos(1_000_000)));
    await build((edit) => edit.setQos('p1', qos(2_000_000)));
    expect((await rows()).match(/max-rate="\d+"/g)).toEqual(['max-rate="2000000"']);
    expect(ovs.view.qosOf('p1')?.external_ids.get('owner')).toBe('me');
    await build((edit) => edit.setQos('p1', undefined));
    expect(await rows()).toBe('');
    await build((edit) => edit.setQos('p1', qos(1_000_000)));
    const [row] = [...ovs.view.qos()];
    await build((edit) => {
      edit.removePort('p1');
      edit.removeQos(row!._uuid);
    });
    expect(await rows()).toBe('');
  });

  it.each([
    [{ trunks: [11, 12] }, '[]\n[11, 12]\ntrunk'],
    [{ trunks: [11], tag: 3 }, '3\n[11]\nnative-untagged'],
    [{}, '[]\n[]\n[]'],
  ])('lives in the VLANs of %j', async (vlans, shown) => {
    await withPort();
    const { tag: _, ...rest } = port();
    await withPort({ ...rest, ...vlans });
    expect(await get('Port p1 tag trunks vlan_mode')).toBe(shown);
  });

  it('is mended in what differs; its own keys go when they are not wanted, those of others stay', async () => {
    await withPort(port({ externalIds: new Map([['ip', '10.0.0.1/8']]) }));
    await server.vsctl('set Interface p1 external_ids:theirs=1 ofport_request=77 ingress_policing_rate=3');
    await ovs.view.replica.waitFor(() => (ovs.view.interface('p1')?.ofport_request === 77 ? true : undefined), {
      timeoutMs: 5000,
      what: 'the change',
    });
    await withPort();
    expect(await get('Interface p1 ofport_request ingress_policing_rate external_ids')).toBe(
      '5\n1000\n{container-name=web, theirs="1"}',
    );
    const { policing: _, ...free } = port();
    await withPort(free);
    expect(await get('Interface p1 ingress_policing_rate')).toBe('0');
  });

  it('may be a tunnel', async () => {
    const options = new Map([
      ['remote_ip', '192.0.2.1'],
      ['key', '7'],
    ]);
    await withPort(port({ name: 't1', type: 'vxlan', options }));
    expect(await get('Interface t1 type options')).toBe('vxlan\n{key="7", remote_ip="192.0.2.1"}');
  });

  it('changes nothing when all is as wanted', async () => {
    await withPort();
    const before = await content();
    const sent: string[] = [];
    const call = ovs.session.call.bind(ovs.session);
    ovs.session.call = (method, ...rest) => {
      sent.push(method);
      return call(method, ...rest);
    };
    await build(
      (edit) => edit.ensureBridge(bridge()),
      (edit) => edit.ensurePort(port()),
      (edit) => edit.removePort('p9'),
      (edit) => edit.removeBridge('br9'),
      (edit) => edit.setIds('Interface', 'p9', new Map([['a', 'b']])),
    );
    expect(sent).toEqual([]);
    expect(await content()).toBe(before);
  });

  it('is refused without its bridge, and when another bridge has it', async () => {
    await expect(withPort(port({ bridge: 'br9' }))).rejects.toMatchObject({
      code: 'LC_NOT_FOUND',
      message: 'there is no bridge br9',
    });
    await withPort();
    await withBridge(bridge({ name: 'br1' }));
    await expect(withPort(port({ bridge: 'br1' }))).rejects.toMatchObject({
      code: 'LC_CONFLICT',
      message: 'interface p1 is a port of bridge br0',
      hint: 'ovs-vsctl del-port p1 frees it',
    });
  });

  it('loses only itself when it is one of several edits that wait together', async () => {
    const results = await Promise.allSettled([
      withPort(port({ name: 'a1', ofport: 1 })),
      withPort(port({ name: 'b1', bridge: 'br9' })),
      withPort(port({ name: 'c1', ofport: 3 })),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await server.vsctl('list-ports br0')).split('\n')).toEqual(['a1', 'c1']);
  });

  it('is removed alone', async () => {
    await withPort();
    await withPort(port({ name: 'p2', ofport: 6 }));
    await build((edit) => edit.removePort('p1'));
    expect(await server.vsctl('list-ports br0')).toBe('p2');
  });
});

describe('what ovs-vswitchd answers', () => {
  beforeEach(async () => {
    await withBridge();
    await withPort();
  });

  it('is the port number, as soon as it stands there', async () => {
    const asked = ovs.ofport('p1', 5000);
    await server.vsctl('set Interface p1 ofport=5');
    expect(await asked).toBe(5);
    expect(await ovs.ofport('p1', 0)).toBe(5);
  });

  it('is an error in its words', async () => {
    const asked = ovs.ofport('p1', 5000);
    const refused = expect(asked).rejects.toMatchObject({
      code: 'LC_OVS_PORT',
      message: 'Open vSwitch could not add port p1: no-such-device',
    });
    await server.vsctl('set Interface p1 ofport=-1 error=no-such-device');
    await refused;
  });

  it('is nothing at all, while it does not run', async () => {
    await expect(ovs.ofport('p1', 50)).rejects.toMatchObject({
      code: 'LC_TIMEOUT',
      message: 'Open vSwitch gave interface p1 no port within 0.05 s',
    });
    await expect(ovs.settled(50)).rejects.toMatchObject({ code: 'LC_TIMEOUT' });
  });

  it('is that everything was applied', async () => {
    const settled = ovs.settled(5000);
    await ovs.view.replica.waitFor(() => ((ovs.view.root()?.next_cfg ?? 0) > 0 ? true : undefined), {
      timeoutMs: 5000,
      what: 'the new configuration number',
    });
    await server.vsctl(`set Open_vSwitch . cur_cfg=${ovs.view.root()?.next_cfg}`);
    await settled;
  });
});

describe('the view', () => {
  it('finds bridges, ports and interfaces by what people call them', async () => {
    await withBridge();
    await withPort();
    const { view } = ovs;
    expect([...view.bridges()].map(({ name }) => name)).toEqual(['br0']);
    expect(view.bridgeOf('p1')).toBe('br0');
    expect(view.bridgeOf('p9')).toBeUndefined();
    expect(
      view
        .interfacesOf('br0')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['br0', 'p1']);
    expect(view.interfacesOf('br9')).toEqual([]);
    expect(view.bridgeOfInterface(view.interface('p1')!)).toBe('br0');
    const controllers = [{ target: 'tcp:127.0.0.1:6653', is_connected: false }];
    expect(view.controllersOf(view.bridge('br0')!)).toMatchObject(controllers);
    expect([...view.controllers()]).toMatchObject(controllers);
    await server.vsctl('set Interface p1 ifindex=42');
    await view.replica.waitFor(() => (view.interfacesAt(42).length > 0 ? true : undefined), {
      timeoutMs: 5000,
      what: 'the index',
    });
    expect(view.interfacesAt(42).map(({ name }) => name)).toEqual(['p1']);
  });
});

it('keeps the files of SSL in the one row that there is for them', async () => {
  const files = (name: string) => ({ key: `/${name}.key`, cert: `/${name}.crt`, ca: `/${name}.ca` });
  expect(ovs.view.tls()).toBeUndefined();
  for (const name of ['old', 'new', 'new']) {
    await ovs.commit((edit) => edit.setTls(files(name)));
    expect(ovs.view.tls()).toEqual(files(name));
  }
  expect(await server.vsctl('--bare --columns=certificate list SSL')).toBe('/new.crt');
});

it('tells that nobody answers, and why', async () => {
  const away = new OpenvSwitch({ endpoint: `unix:${server.directory}/nobody.sock` });
  away.start();
  await expect(away.whenReady(50)).rejects.toMatchObject({
    code: 'LC_OVSDB_UNREACHABLE',
    message: expect.stringMatching(/did not answer on unix:.*nobody\.sock within 0\.05 s/),
  });
  await away.close();
});
