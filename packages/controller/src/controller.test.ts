import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { encode, type Version } from '@linecard/openflow';
import { LinecardError } from '@linecard/wire';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Bed } from '../testing/bed.js';
import type { App } from './app.js';
import type { ControllerOptions } from './controller.js';
import { OpenFlowError } from './errors.js';
import type { SwitchSession } from './switch-session.js';

let bed: Bed;
afterEach(() => bed.close());

async function make(options: ControllerOptions = {}, ...apps: App[]): Promise<Bed> {
  bed = await Bed.make(options, ...apps);
  return bed;
}

const rejected = () => once(bed.controller, 'rejected') as Promise<[string, LinecardError]>;
const quiet: App = { name: 'quiet', on: {} };

describe('a switch that connects', () => {
  it.each<Version>([1, 4, 5, 6])('speaks version %i and has ports', async (version) => {
    await make();
    const { sw } = await bed.up({ version, dpid: 0xabcn, ports: [1, 2, 0xfffffffe] });
    expect(sw).toMatchObject({ version, dpid: 0xabcn, name: '0000000000000abc', connected: true });
    expect([...sw.ports.values()].map(({ number, mac, up }) => [number, mac, up])).toEqual([
      [1, '02:00:00:00:00:01', true],
      [2, '02:00:00:00:00:02', true],
      [0xfffffffe, '02:00:ff:ff:ff:fe', true],
    ]);
    expect(bed.controller.switches.get(0xabcn)).toBe(sw);
  });

  it('agrees on the highest version of both bitmaps', async () => {
    await make({ versions: [1, 4] });
    const { sw } = await bed.up({ version: 4, bitmap: [1, 4, 6] });
    expect(sw.version).toBe(4);
  });

  it('agrees on the smaller version when it sends no bitmap', async () => {
    await make();
    const { sw } = await bed.up({ version: 1, bitmap: false });
    expect(sw.version).toBe(1);
  });

  it('is told why when there is no common version', async () => {
    await make({ versions: [5] });
    const reason = rejected();
    const model = bed.model({ version: 4 });
    await model.closed;
    const [, error] = await reason;
    expect(error.message).toMatch('no common OpenFlow version: 1.4 offered, the peer announced up to 1.3');
    expect(model.messages.at(-1)).toMatchObject({ type: 'error', error_type: 0, error_code: 0 });
  });

  it('is refused when it is an auxiliary connection', async () => {
    await make();
    const reason = rejected();
    const model = bed.model({ auxiliary: 2 });
    await model.closed;
    expect((await reason)[1].message).toMatch('auxiliary connection 2');
    expect(model.messages.at(-1)).toMatchObject({ type: 'error' });
  });

  it('is given up when it does not say hello or does not answer', async () => {
    await make({ requestTimeoutMs: 50 });
    const silent = rejected();
    const socket = connect({ path: bed.path });
    expect((await silent)[1].code).toBe('LC_TIMEOUT');
    socket.destroy();
    const mute = rejected();
    bed.model({ mute: new Set(['features_request']) });
    expect((await mute)[1]).toMatchObject({ code: 'LC_TIMEOUT', message: expect.stringMatching('features_request') });
  });

  it('replaces its old connection', async () => {
    await make();
    const { sw, model } = await bed.up();
    const { sw: again } = await bed.up();
    await model.closed;
    expect(sw.connected).toBe(false);
    expect([...bed.controller.switches.values()]).toEqual([again]);
  });
});

describe('a session', () => {
  it('keeps its ports up to date and tells apps', async () => {
    const events: string[] = [];
    const app: App = {
      name: 'watch',
      on: {
        portStatus: (sw, { reason, port }) => void events.push(`${reason} ${port.name} ${port.up} ${sw.ports.size}`),
      },
    };
    await make({}, app);
    const { sw, model } = await bed.up();
    model.port('add', 9);
    model.port('modify', 9, 1);
    model.port('delete', 1);
    model.send({ type: 'echo_request', version: 4 });
    await model.until(() => model.log.includes('echo_reply'));
    expect(events).toEqual(['add port9 true 4', 'modify port9 false 4', 'delete port1 true 3']);
    expect([...sw.ports.keys()]).toEqual([2, 3, 9]);
  });

  it('answers requests, puts parts together, and turns refusals into errors', async () => {
    await make({ requestTimeoutMs: 100 });
    const { sw } = await bed.up({ mute: new Set(['get_config_request']) });
    expect(await sw.role('master', 7n)).toBe('master');
    await sw.barrier();
    const refusal = await sw.request({ type: 'multipart_request', kind: 'desc' }).catch((error) => error);
    expect(refusal).toBeInstanceOf(OpenFlowError);
    expect(refusal).toMatchObject({
      errorType: 1,
      errorCode: 2,
      message: expect.stringMatching('multipart_request desc'),
    });
    await expect(sw.request({ type: 'get_config_request' })).rejects.toMatchObject({ code: 'LC_TIMEOUT' });
    const waiting = sw.request({ type: 'get_config_request' });
    sw.close();
    await expect(waiting).rejects.toMatchObject({ code: 'LC_CLOSED' });
    expect(() => sw.send({ type: 'get_config_request' })).toThrow(LinecardError);
  });

  it('notices a silent switch, and leaves one that answers alone', async () => {
    await make({ probeMs: 30, probeTimeoutMs: 30 });
    const { sw: alive, model } = await bed.up({ dpid: 1n });
    const down = once(bed.controller, 'down') as Promise<[SwitchSession, LinecardError]>;
    await bed.up({ dpid: 2n, mute: new Set(['echo_request']) });
    const [dead, reason] = await down;
    expect(dead.dpid).toBe(2n);
    expect(reason.code).toBe('LC_TIMEOUT');
    await model.until(() => model.log.filter((type) => type === 'echo_request').length > 2);
    expect(alive.connected).toBe(true);
  });

  it('reports refusals that nobody waits for', async () => {
    await make({}, quiet);
    const { sw } = await bed.up();
    const refused = once(bed.controller, 'refused');
    sw.addFlow({ priority: 666 }, 1n);
    expect((await refused)[1]).toMatchObject({ type: 'error', error_type: 5 });
  });

  it('drops packets and counts them while the switch does not read', async () => {
    let seen = 0;
    const packetIn = (sw: SwitchSession): void => {
      seen += 1;
      sw.packetOut(new Uint8Array(60_000), []);
    };
    const flood: App = { name: 'flood', on: { packetIn } };
    await make({ highWater: 300_000 }, flood);
    const { sw, model } = await bed.up();
    model.socket.pause();
    for (let i = 0; i < 400; i++) {
      const match = [{ field: 'in_port' as const, value: 1 }];
      model.send({ type: 'packet_in', version: 4, total_len: 14, reason: 'action', match, data: new Uint8Array(14) });
    }
    while (sw.counters.packetIns < 400) await new Promise((resolve) => setImmediate(resolve));
    expect(sw.counters.droppedPacketIns).toBeGreaterThan(0);
    expect(seen + sw.counters.droppedPacketIns).toBe(400);
    model.socket.resume();
    await sw.barrier();
    expect(sw.connected).toBe(true);
  });

  it('is ended when far too much waits for a switch that does not read', async () => {
    await make({ maxQueue: 1_000_000 });
    const { sw, model } = await bed.up();
    model.socket.pause();
    const down = once(bed.controller, 'down');
    expect(() => {
      for (let i = 0; i < 1000; i++) sw.packetOut(new Uint8Array(60_000), []);
    }).toThrow(/closed/);
    expect((await down)[1]).toMatchObject({ code: 'LC_CLOSED', message: expect.stringMatching('does not read') });
  });
});

describe('apps', () => {
  it('that crash are reported, and the others and the switch go on', async () => {
    const seen: string[] = [];
    const crash: App = {
      name: 'crash',
      on: {
        switchUp: () => {
          throw new Error('up');
        },
        packetIn: async () => {
          throw new Error('packet');
        },
      },
    };
    const good: App = { name: 'good', on: { packetIn: (_sw, packet) => void seen.push(`in ${packet.inPort}`) } };
    await make({}, crash, good);
    const errors: string[] = [];
    bed.controller.on('appError', (app, handler, error) =>
      errors.push(`${app.name} ${handler} ${(error as Error).message}`),
    );
    const { sw, model } = await bed.up({ version: 1 });
    model.inject(2, new Uint8Array(14));
    model.inject(3, new Uint8Array(14));
    model.send({ type: 'echo_request', version: 1 });
    await model.until(() => model.log.includes('echo_reply'));
    expect(seen).toEqual(['in 2', 'in 3']);
    expect(errors).toEqual(['crash switchUp up', 'crash packetIn packet', 'crash packetIn packet']);
    expect(sw.connected).toBe(true);
  });

  it('share a switch by cookie and table', async () => {
    const seen: string[] = [];
    const app = (name: string, where: Partial<App>): App => ({
      name,
      ...where,
      on: { packetIn: () => void seen.push(name) },
    });
    await make(
      {},
      app('one', { cookie: 1n }),
      app('two', { cookie: 2n }),
      app('other table', { table: 5 }),
      app('all', {}),
    );
    const { sw, model } = await bed.up();
    const actions = [{ type: 'output', port: 0xfffffffd }] as const;
    await sw.flows.apply([{ actions }], { cookie: 2n });
    model.inject(1, new Uint8Array(14));
    model.send({ type: 'echo_request', version: 4 });
    await model.until(() => model.log.includes('echo_reply'));
    expect(seen).toEqual(['two', 'all']);
  });

  it('come and go while switches are up, and narrow the versions', async () => {
    const seen: string[] = [];
    const version = (name: string): App => ({
      name: 'mine',
      versions: [1, 4],
      on: { switchUp: () => void seen.push(`${name} up`) },
      close: () => void seen.push(`${name} closed`),
    });
    const first = version('first');
    await make({}, first);
    const { sw } = await bed.up({ version: 4, bitmap: [1, 4, 6] });
    expect(sw.version).toBe(4);
    expect(() => bed.controller.use(first)).toThrow(/running already/);
    bed.controller.replace(first, version('second'));
    expect(seen).toEqual(['first up', 'first closed', 'second up']);
  });
});

describe('the scope of an app', () => {
  it('are the switches that it is meant for, in versions that it knows', async () => {
    const seen: string[] = [];
    const app = (name: string, versions?: number[]): App => ({
      name,
      ...(versions === undefined ? {} : { versions }),
      on: {
        switchUp: (sw) => void seen.push(`${name} ${sw.dpid} up`),
        switchDown: (sw) => void seen.push(`${name} ${sw.dpid} down`),
      },
    });
    await make();
    const errors: string[] = [];
    bed.controller.on('appError', (_app, _handler, error) => errors.push((error as Error).message));
    const { model } = await bed.up({ dpid: 1n });
    await bed.up({ dpid: 2n });
    bed.controller.use(app('two'), (sw) => sw.dpid === 2n);
    bed.controller.use(app('all'));
    bed.controller.use(app('old', [1]));
    model.socket.destroy();
    await once(bed.controller, 'down');
    expect(seen).toEqual(['two 2 up', 'all 1 up', 'all 2 up', 'all 1 down']);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatch('knows OpenFlow 1.0, switch 0000000000000001 speaks 1.3');
  });
});

describe('a switch that listens', () => {
  it('is connected to as soon as it does, and again', async () => {
    await make();
    const path = `${bed.path}.switch`;
    const dialled = bed.controller.connect(`unix:${path}`);
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(encode({ type: 'hello', version: 1 }));
      socket.once('data', () => socket.write(encode({ type: 'features_reply', version: 1, xid: 2, datapath_id: 9n })));
      setTimeout(() => socket.destroy(), 50);
    });
    server.listen(path);
    for (const turn of ['up', 'down', 'up'] as const) {
      const [sw] = (await once(bed.controller, turn)) as [SwitchSession];
      expect(sw.dpid).toBe(9n);
    }
    dialled.close();
    server.close();
  });
});

describe('anything from a stranger', () => {
  const hello = encode({ type: 'hello', version: 4 });
  const features = encode({ type: 'features_reply', version: 4, xid: 2, datapath_id: 5n });

  it('malformed is answered with an error, and the connection goes on', async () => {
    await make();
    const { sw, model } = await bed.up();
    model.socket.write(Buffer.from('040a000c00000009ffffffff', 'hex'));
    model.socket.write(Buffer.from('0405000800000008', 'hex').fill(1, 0, 1));
    await model.until(() => model.log.filter((type) => type === 'error').length === 2);
    const errors = model.messages.filter((message) => message.type === 'error');
    expect(errors).toMatchObject([
      { xid: 9, error_type: 1, error_code: 6 },
      { xid: 8, error_type: 1, error_code: 0 },
    ]);
    expect(Buffer.from(errors[0]!.data).toString('hex')).toBe('040a000c00000009ffffffff');
    await sw.barrier();
    expect(sw.counters.malformed).toBe(2);
  });

  it('with a length that cannot be ends the connection', async () => {
    await make();
    const { model } = await bed.up();
    const down = once(bed.controller, 'down');
    model.socket.write(Buffer.from('0400000400000000', 'hex'));
    expect((await down)[1]).toMatchObject({ code: 'LC_PROTOCOL' });
  });

  it('is the same byte by byte', async () => {
    await make();
    const up = once(bed.controller, 'up');
    const socket = connect({ path: bed.path });
    socket.setNoDelay(true);
    const old = { version: 1, xid: 2 } as const;
    const bytes = Buffer.concat([
      encode({ type: 'hello', ...old }),
      encode({ type: 'features_reply', ...old, datapath_id: 5n }),
    ]);
    for (const byte of bytes) await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve));
    expect((await up)[0]).toMatchObject({ dpid: 5n });
    socket.destroy();
  });

  it('is survived, whole and in halves', async () => {
    await make({ requestTimeoutMs: 200 });
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(hello, hello.subarray(0, 5), features, features.subarray(0, 20)),
      fc.uint8Array({ minLength: 4, maxLength: 40 }).map((body) => {
        const framed = new Uint8Array([4, body[0]! % 36, 0, body.length + 4, ...body]);
        return framed;
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(chunk, { maxLength: 8 }), async (greeted, chunks) => {
        const socket = connect({ path: bed.path });
        socket.on('error', () => undefined);
        socket.resume();
        if (greeted) socket.write(Buffer.concat([hello, features]));
        for (const bytes of chunks) socket.write(bytes);
        socket.end();
        await once(socket, 'close');
      }),
      { numRuns: 300, interruptAfterTimeLimit: 10_000 },
    );
    const { sw } = await bed.up({ dpid: 77n });
    await sw.barrier();
  }, 30_000);
});
