import { buildArp, buildEthernet, buildUdp } from '@linecard/packet';
import { explain } from '@linecard/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { Bed } from '../../testing/bed.js';
import type { ModelSwitch } from '../../testing/model-switch.js';
import { shippedApp, shippedApps } from './catalog.js';
import { hub } from './hub.js';
import { type KnockOptions, knock } from './knock.js';
import { learningSwitch } from './learning-switch.js';
import { MacTable } from './mac-table.js';

let bed: Bed;
afterEach(() => bed?.close());

const mac = (host: number) => `02:00:00:00:00:0${host}`;
const frame = (from: number, to: number | string, vlan?: number) =>
  buildEthernet({
    source: mac(from),
    destination: typeof to === 'string' ? to : mac(to),
    tags: vlan === undefined ? [] : [{ id: vlan }],
    etherType: 0x1234,
    payload: new Uint8Array(46),
  });

/** Where a frame comes out, once the controller has done all it wants. */
async function ports(model: ModelSwitch, inPort: number, data: Uint8Array): Promise<number[]> {
  model.delivered.length = 0;
  model.inject(inPort, data);
  await settled(model);
  return model.delivered.map(({ port }) => port).sort();
}

/** Echo, barrier and flow reads are answered in order: when ours is, all before it is done. */
async function settled(model: ModelSwitch): Promise<void> {
  for (let round = 0; round < 8; round++) {
    const before = model.log.filter((type) => type === 'echo_reply').length;
    model.send({ type: 'echo_request', version: model.version });
    await model.until(() => model.log.filter((type) => type === 'echo_reply').length > before);
  }
}

describe('hub', () => {
  it('sends everything everywhere', async () => {
    bed = await Bed.make({}, hub());
    const { model } = await bed.up();
    await settled(model);
    expect(await ports(model, 2, frame(1, 2))).toEqual([1, 3]);
    expect(model.log).not.toContain('packet_out');
  });
});

describe.each([1, 4, 5, 6] as const)('learning switch of version %i', (version) => {
  async function start() {
    bed = await Bed.make({}, learningSwitch());
    const { model } = await bed.up({ version });
    await settled(model);
    return model;
  }

  it('floods, learns, and needs no controller after that', async () => {
    const model = await start();
    expect(await ports(model, 1, frame(1, 2))).toEqual([2, 3]);
    expect(await ports(model, 2, frame(2, 1))).toEqual([1]);
    expect(await ports(model, 1, frame(1, 2))).toEqual([2]);
    const packetOuts = model.log.filter((type) => type === 'packet_out').length;
    expect(await ports(model, 1, frame(1, 2))).toEqual([2]);
    expect(await ports(model, 2, frame(2, 1))).toEqual([1]);
    expect(model.log.filter((type) => type === 'packet_out').length).toBe(packetOuts);
    expect(await ports(model, 1, frame(1, 'ff:ff:ff:ff:ff:ff'))).toEqual([2, 3]);
  });

  it('keeps VLANs apart', async () => {
    const model = await start();
    await ports(model, 1, frame(1, 9, 10));
    expect(await ports(model, 2, frame(2, 1, 20))).toEqual([1, 3]);
    expect(await ports(model, 2, frame(2, 1))).toEqual([1, 3]);
    expect(await ports(model, 2, frame(2, 1, 10))).toEqual([1]);
    expect(model.dump()[0]).toMatch('vlan_vid=100a');
  });

  it('follows a host that moves', async () => {
    const model = await start();
    await ports(model, 1, frame(1, 2));
    await ports(model, 2, frame(2, 1));
    await ports(model, 3, frame(1, 'ff:ff:ff:ff:ff:ff'));
    expect(await ports(model, 2, frame(2, 1))).toEqual([3]);
  });

  it('forgets what was behind a port that goes down', async () => {
    const model = await start();
    await ports(model, 1, frame(1, 2));
    await ports(model, 2, frame(2, 1));
    await ports(model, 1, frame(1, 2));
    model.port('modify', 1, 1);
    await settled(model);
    expect(model.dump()).toEqual(['priority=0 actions=CONTROLLER']);
    expect(await ports(model, 2, frame(2, 1))).toEqual([1, 3]);
  });

  it('does not send a packet back, and leaves link-local groups alone', async () => {
    const model = await start();
    await ports(model, 1, frame(1, 9));
    expect(await ports(model, 1, frame(2, 1))).toEqual([]);
    expect(await ports(model, 1, frame(3, '01:80:c2:00:00:0e'))).toEqual([]);
    expect(await ports(model, 1, new Uint8Array(14).fill(1, 6, 7))).toEqual([]);
  });
});

describe('table of addresses', () => {
  it('forgets the silent and never grows beyond its limit', () => {
    const table = new MacTable(1000, 100);
    table.learn(0, 1, 7, 0);
    expect(table.find(0, 1, 1000)).toBe(7);
    expect(table.find(0, 1, 1001)).toBeUndefined();
    expect(table.learn(0, 1, 8, 2000)).toBe('moved');
    for (let i = 0; i < 10_000; i++) {
      table.learn(i % 50, i, 1, 3000 + i);
      expect(table.size).toBeLessThanOrEqual(100);
    }
    table.forgetPort(1);
    expect(table.size).toBe(0);
  });
});

describe('knock', () => {
  const question = (name: string) => {
    const labels = name.split('.').map((label) => String.fromCharCode(label.length) + label);
    return Buffer.from(
      `\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00${labels.join('')}\x00\x00\x01\x00\x01`,
      'latin1',
    );
  };
  const ask = (host: number, name: string) =>
    buildUdp({
      sourceMac: mac(host),
      destinationMac: mac(2),
      source: '172.31.1.1',
      destination: '172.31.1.2',
      sourcePort: 4000,
      destinationPort: 53,
      payload: question(name),
    });
  const walls = (h1: number, h2: number) => [
    'priority=30,eth_type=806 actions=FLOOD',
    `priority=30,eth_type=800,in_port=${h1},ip_proto=11 actions=CONTROLLER`,
    `priority=20,in_port=${h1} actions=drop`,
    `priority=20,in_port=${h2} actions=FLOOD`,
  ];
  const door = (host: number) => `priority=40,eth_src=200000000${host.toString().padStart(2, '0')} actions=FLOOD`;

  async function start(options: KnockOptions = {}) {
    const where = new Map([
      ['kiwipycon_h1', 1],
      ['kiwipycon_h2', 2],
    ]);
    let changed: () => void = () => undefined;
    const app = knock({
      portOf: (guest) => where.get(guest),
      onPortsChanged: (listener) => {
        changed = listener;
        return () => undefined;
      },
      ...options,
    });
    bed = await Bed.make({ versions: [4] }, app);
    const { model } = await bed.up();
    await settled(model);
    const move = (guest: string, port: number) => {
      where.set(guest, port);
      changed();
      return settled(model);
    };
    return { model, move };
  }

  it('keeps the guarded guest in until it knocks', async () => {
    const { model } = await start();
    expect(model.dump().sort()).toEqual(walls(1, 2).sort());
    expect(await ports(model, 1, frame(1, 2))).toEqual([]);
    expect(await ports(model, 2, frame(2, 1))).toEqual([1, 3]);
    const arp = buildArp({ operation: 1, senderMac: mac(1), senderIp: '172.31.1.1', targetIp: '172.31.1.2' });
    expect(await ports(model, 1, arp)).toEqual([2, 3]);
    expect(await ports(model, 1, ask(1, 'www.example.com'))).toEqual([]);
    expect(await ports(model, 1, ask(1, 'xyzzy.example.com'))).toEqual([2, 3]);
    expect(model.dump().sort()).toEqual([...walls(1, 2), door(1)].sort());
    expect(await ports(model, 1, frame(1, 2))).toEqual([2, 3]);
  });

  it('knows no case, other names, and how long the door stays open', async () => {
    const { model } = await start({ name: 'Open.Sesame.', openSeconds: 30 });
    await ports(model, 1, ask(1, 'oPEN.sesame'));
    expect(model.flows.find((flow) => flow.priority === 40)?.hard_timeout).toBe(30);
  });

  it('takes the packets of one knock for one', async () => {
    const said: string[] = [];
    const { model } = await start({ log: (line) => said.push(line), openSeconds: 30 });
    model.inject(1, ask(1, 'xyzzy.example.com'));
    await ports(model, 1, ask(1, 'xyzzy.example.com'));
    expect(said).toEqual(['kiwipycon_h1 asked for xyzzy.example.com: the door is open']);
    // A door that somebody took away is opened by the next knock.
    model.flows.splice(
      model.flows.findIndex((flow) => flow.priority === 40),
      1,
    );
    await ports(model, 1, ask(1, 'xyzzy.example.com'));
    expect(said).toHaveLength(2);
    expect(model.dump()).toContain(door(1));
  });

  it('follows guests to other ports', async () => {
    const { model, move } = await start();
    await ports(model, 1, ask(1, 'xyzzy.example.com'));
    await move('kiwipycon_h1', 3);
    expect(model.dump().sort()).toEqual(walls(3, 2).sort());
    expect(await ports(model, 3, ask(1, 'xyzzy.example.com'))).toEqual([1, 2]);
    expect(model.dump()).toContain(door(1));
  });

  it('lets a restarted guest knock again: another address at the same port', async () => {
    const { model } = await start();
    await ports(model, 1, ask(1, 'xyzzy.example.com'));
    model.port('delete', 1);
    model.port('add', 1);
    await settled(model);
    expect(model.dump().sort()).toEqual(walls(1, 2).sort());
    expect(await ports(model, 1, frame(5, 2))).toEqual([]);
    await ports(model, 1, ask(5, 'xyzzy.example.com'));
    expect(model.dump()).toContain(door(5));
    expect(await ports(model, 1, frame(5, 2))).toEqual([2, 3]);
  });

  it('finds the door as it was left when it starts again', async () => {
    const { model } = await start();
    await ports(model, 1, ask(1, 'xyzzy.example.com'));
    const before = model.dump();
    bed.controller.replace(bed.controller.apps[0]!, knock({ portOf: (guest) => (guest.endsWith('h1') ? 1 : 2) }));
    await settled(model);
    expect(model.dump()).toEqual(before);
  });

  it('has only ARP while nobody is there', async () => {
    const { model } = await start({ portOf: () => undefined });
    expect(model.dump()).toEqual(['priority=30,eth_type=806 actions=FLOOD']);
  });
});

describe('apps that come along', () => {
  it('are made by name, with options as text', () => {
    expect(shippedApps.map((name) => shippedApp(name).name)).toEqual(shippedApps);
    expect(shippedApp('learning-switch', { table: '3', ageing: '10' }).table).toBe(3);
  });

  it.each([
    ['nothing', {}, /no app/],
    ['toString', {}, /no app/],
    ['hub', { tabel: '1' }, /no option "tabel"/],
    ['knock', { openSeconds: '65536' }, /0 to 65535/],
    ['learning-switch', { ageing: 'long' }, /2 to 65535/],
  ])('are refused when wrong: %s %o', (name, options, message) => {
    let error: unknown;
    try {
      shippedApp(name, options as Record<string, string>);
    } catch (caught) {
      error = caught;
    }
    expect(explain(error)).toMatch(message);
  });
});
