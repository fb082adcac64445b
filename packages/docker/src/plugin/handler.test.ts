import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { LinecardError } from '@linecard/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreateEndpointReply, CreateEndpointRequest, PluginCall, PluginOptions } from '../index.js';
import { pluginHandler } from '../index.js';
import { recordingDrivers } from '../testing/drivers.js';
import { dockerBytes, exchange, post, serveOn, socketDirectory } from '../testing/sockets.js';

const fixtures = readFileSync(new URL('../fixtures/docker-20.10-requests.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as { method: string; body: string });
const whole = fixtures.filter(({ method, body }) => body !== '' || /Activate|Capabilities|AddressSpaces/.test(method));
const networkId = 'a'.repeat(64);
const endpointId = 'b'.repeat(64);
const leave = JSON.stringify({ NetworkID: networkId, EndpointID: endpointId });

let directory: Awaited<ReturnType<typeof socketDirectory>>;
let closers: (() => Promise<unknown>)[];
let calls: PluginCall[];

beforeEach(async () => {
  directory = await socketDirectory();
  closers = [];
  calls = [];
});
afterEach(async () => {
  for (const close of closers) await close();
  await directory.remove();
});

async function serve(options: Partial<PluginOptions> = {}) {
  const drivers = recordingDrivers();
  const path = directory.socket('p.sock');
  const handler = pluginHandler({ ...drivers, deadlineMs: 5000, observe: (call) => calls.push(call), ...options });
  const served = await serveOn(path, handler);
  closers.push(served.close);
  return { path, seen: drivers.seen };
}

describe('a plugin for a swarm', () => {
  it('is asked what managers ask, and the driver all else', async () => {
    const asked: string[] = [];
    const { path, seen } = await serve({
      swarm: {
        getCapabilities: async () => ({ Scope: 'global' }),
        allocateNetwork: async ({ NetworkID, Options }) => {
          asked.push(`allocate ${NetworkID}`);
          return { Options };
        },
        freeNetwork: async ({ NetworkID }) => void asked.push(`free ${NetworkID}`),
      },
    });
    const id = '84aw82tywn23009ri8vf3vccb';
    expect((await post(path, '/NetworkDriver.GetCapabilities', '')).text).toBe('{"Scope":"global"}');
    const data = [{ AddressSpace: '', Gateway: '10.70.1.254/24', Pool: '10.70.1.0/24' }];
    const body = { NetworkID: id, Options: { 'ovn.mtu': '1400' }, IPv4Data: data, IPv6Data: null };
    const allocated = await post(path, '/NetworkDriver.AllocateNetwork', JSON.stringify(body));
    expect(allocated.text).toBe('{"Options":{"ovn.mtu":"1400"}}');
    await post(path, '/NetworkDriver.FreeNetwork', JSON.stringify({ NetworkID: id }));
    expect(asked).toEqual([`allocate ${id}`, `free ${id}`]);
    await post(path, '/NetworkDriver.Leave', JSON.stringify({ NetworkID: id, EndpointID: endpointId }));
    expect(seen.map(({ method }) => method)).toEqual(['NetworkDriver.leave']);
  });
});

describe('requests that Docker 20.10 sent', () => {
  it('are all dispatched, whole and byte by byte', async () => {
    const { path, seen } = await serve();
    for (const { method, body } of whole) {
      const bytes = dockerBytes(method, body);
      const answers = [
        await exchange(path, [bytes]),
        await exchange(
          path,
          Array.from(bytes, (byte) => Uint8Array.of(byte)),
        ),
      ];
      for (const answer of answers) expect(answer, `${method} ${body}`).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(answers[0]!.split('\r\n\r\n')[1]).toBe(answers[1]!.split('\r\n\r\n')[1]);
      const dispatched = method.replace(/\.(.)/, (_, first: string) => `.${first.toLowerCase()}`);
      if (method !== 'Plugin.Activate') {
        expect(seen.map((call) => call.method)).toEqual([dispatched, dispatched]);
        expect(seen[0]!.request).toEqual(seen[1]!.request);
      }
      seen.length = 0;
    }
    expect(calls.every((call) => call.outcome === 'ok')).toBe(true);
  }, 30_000);

  it('cover every method', () => {
    expect(new Set(whole.map(({ method }) => method)).size).toBe(21);
  });

  it('are refused with a reason when Docker repeats them without their body', async () => {
    const { path, seen } = await serve();
    const answer = await post(path, '/NetworkDriver.Join', '');
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).Err).toMatch(/no body.*repeat the docker command/);
    expect(seen).toEqual([]);
  });
});

describe('answers', () => {
  it('tell Docker what is implemented', async () => {
    const { path } = await serve();
    const answer = await post(path, '/Plugin.Activate', '');
    expect(JSON.parse(answer.text)).toEqual({ Implements: ['NetworkDriver', 'IpamDriver'] });
    expect(answer.headers['content-type']).toBe('application/vnd.docker.plugins.v1.2+json');
  });

  it('give an error with its hint once, in the field that each kind of driver is read from', async () => {
    const refuse = async (): Promise<never> => {
      throw new LinecardError('LC_CONFLICT', 'br0 belongs to somebody else', { hint: 'choose another name' });
    };
    const { path } = await serve({ networkDriver: recordingDrivers({ leave: refuse }).networkDriver });
    const answer = await post(path, '/NetworkDriver.Leave', leave);
    const text = 'br0 belongs to somebody else (choose another name)';
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { Err: text, Error: text }]);
    expect(calls).toMatchObject([{ method: 'NetworkDriver.Leave', networkId, endpointId, outcome: 'error' }]);
  });

  it.each([
    [
      'a driver that throws at once',
      (): never => {
        throw new Error('boom');
      },
    ],
    ['a reply that is not JSON', async () => ({ Interface: { Address: 1n } }) as unknown as CreateEndpointReply],
  ])('survive %s', async (_, createEndpoint) => {
    const { path } = await serve({ networkDriver: recordingDrivers({ createEndpoint }).networkDriver });
    const answer = await post(path, '/NetworkDriver.CreateEndpoint', leave);
    expect(JSON.parse(answer.text).Err).toMatch(/boom|BigInt/);
  });

  it('name the field that is wrong, and no driver sees the call', async () => {
    const { path, seen } = await serve();
    for (const [method, body, problem] of [
      ['Leave', '{"NetworkID":"../../x","EndpointID":"b"}', /^NetworkDriver\.Leave: NetworkID: must be 64 hex digits/],
      ['Leave', JSON.stringify({ NetworkID: networkId, EndpointID: 'B'.repeat(64) }), /EndpointID: must be 64 hex/],
      ['Leave', JSON.stringify({ NetworkID: networkId, EndpointID: `${endpointId}\n` }), /EndpointID: must be 64 hex/],
      ['Leave', '{"NetworkID":', /not JSON/],
      ['Leave', 'null', /expected object/],
      [
        'CreateNetwork',
        JSON.stringify({ NetworkID: networkId, IPv4Data: [{ Pool: 'x' }] }),
        /IPv4Data\.0\.Pool: must be an address with/,
      ],
    ] as const) {
      const answer = await post(path, `/NetworkDriver.${method}`, body);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text).Err).toMatch(problem);
    }
    expect(seen).toEqual([]);
    expect(calls.every((call) => call.outcome === 'rejected')).toBe(true);
  });

  it('refuse other methods, unknown calls and bodies beyond 1 MiB', async () => {
    const { path } = await serve();
    expect((await post(path, '/NetworkDriver.Leave', '', 'GET')).status).toBe(405);
    expect((await post(path, '/NetworkDriver.Nope', '{}')).status).toBe(404);
    expect(JSON.parse((await post(path, `/${'x'.repeat(5000)}`, '')).text).Err.length).toBeLessThan(200);
    const large = `POST /NetworkDriver.Leave HTTP/1.1\r\nHost: \r\nContent-Length: ${(1 << 20) + 1}\r\n\r\n`;
    expect(await exchange(path, [Buffer.from(large)])).toMatch(/^HTTP\/1\.1 400 .*larger than 1048576 bytes/s);
    const chunk = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`;
    const chunked = `POST /NetworkDriver.Leave HTTP/1.1\r\nHost: \r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${'2\r\nxx\r\n'}`;
    expect(await exchange(path, [Buffer.from(chunked)])).toMatch(/^HTTP\/1\.1 400 .*larger than 1048576 bytes/s);
    expect(calls.map((call) => call.method)).toEqual([
      'NetworkDriver.Leave',
      'unknown',
      'unknown',
      ...Array(2).fill('NetworkDriver.Leave'),
    ]);
  });

  it('come at the deadline although the driver hangs, and its late result is ignored', async () => {
    let finish: ((reply: CreateEndpointReply) => void) | undefined;
    const createEndpoint = (_: CreateEndpointRequest) =>
      new Promise<CreateEndpointReply>((resolve) => {
        finish = resolve;
      });
    const { path } = await serve({ networkDriver: recordingDrivers({ createEndpoint }).networkDriver, deadlineMs: 30 });
    const answer = await post(path, '/NetworkDriver.CreateEndpoint', leave);
    expect(JSON.parse(answer.text).Err).toMatch(/^NetworkDriver\.CreateEndpoint was not finished within 30 ms/);
    finish!({});
    expect((await post(path, '/NetworkDriver.Leave', leave)).status).toBe(200);
    expect(calls.map((call) => call.outcome)).toEqual(['timeout', 'ok']);
  });

  it('are owed to a client that left: the call still runs to its end', async () => {
    const steps = new EventEmitter();
    const started = once(steps, 'started');
    const left = once(steps, 'left');
    const join = async () => {
      steps.emit('started');
      await left;
      return { InterfaceName: { SrcName: 'x', DstPrefix: 'eth' } };
    };
    const { path } = await serve({ networkDriver: recordingDrivers({ join }).networkDriver });
    const socket = connect(path);
    socket.write(dockerBytes('NetworkDriver.Join', JSON.stringify({ ...JSON.parse(leave), SandboxKey: '/x' })));
    await started;
    socket.destroy();
    steps.emit('left');
    await expect.poll(() => calls.map((call) => call.outcome)).toEqual(['ok']);
  });

  it('refuse a request that never comes to its end', async () => {
    const { path, seen } = await serve({ deadlineMs: 30 });
    const answer = await exchange(path, [dockerBytes('NetworkDriver.Leave', leave).subarray(0, -10)]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*the body of NetworkDriver\.Leave was not finished within 30 ms/s);
    expect(seen).toEqual([]);
  });

  it('are not owed to a client that left in the middle of its request', async () => {
    const { path, seen } = await serve();
    const socket = connect(path);
    socket.write(dockerBytes('NetworkDriver.Leave', leave).subarray(0, -10), () =>
      setImmediate(() => socket.destroy()),
    );
    await expect.poll(() => calls.map((call) => call.outcome)).toEqual(['gone']);
    expect(seen).toEqual([]);
  });
});

it('never crashes or hangs on anything', async () => {
  const { path } = await serve();
  const value = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record({
        NetworkID: fc.constantFrom(networkId, 'x', null),
        EndpointID: fc.constant(endpointId),
        Options: fc.object(),
        Interface: fc.object(),
      })
      .map((o) => JSON.stringify(o)),
    fc
      .tuple(fc.constantFrom(...whole.map(({ body }) => body)), fc.nat(), fc.string())
      .map(([body, at, by]) => body.slice(0, at % 400) + by + body.slice((at % 400) + 1)),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...whole.map(({ method }) => method)), value, async (method, body) => {
      const answer = await post(path, `/${method}`, body);
      expect([200, 400]).toContain(answer.status);
      expect(JSON.parse(answer.text)).toBeTypeOf('object');
    }),
    { numRuns: 500, interruptAfterTimeLimit: 8000 },
  );
}, 20_000);

it('survives bytes that are not HTTP', async () => {
  const { path } = await serve();
  const head = dockerBytes('NetworkDriver.Leave', leave);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.nat(head.length), fc.uint8Array({ maxLength: 20 })).map(([at, garbage]) => {
      return Buffer.concat([head.subarray(0, at), garbage, head.subarray(at)]);
    }),
  );
  const send = (data: Uint8Array) =>
    new Promise<void>((resolve) => {
      const socket = connect(path, () => socket.end(data));
      socket.resume();
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
  await fc.assert(fc.asyncProperty(bytes, send), { numRuns: 200, interruptAfterTimeLimit: 4000 });
  expect((await post(path, '/NetworkDriver.Leave', leave)).status).toBe(200);
}, 10_000);
