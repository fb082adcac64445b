import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DockerEngine } from '../index.js';
import { serveOn, socketDirectory } from '../testing/sockets.js';

let directory: Awaited<ReturnType<typeof socketDirectory>>;
let closers: (() => unknown)[];
let path: string;

beforeEach(async () => {
  directory = await socketDirectory();
  path = directory.socket('docker.sock');
  closers = [];
});
afterEach(async () => {
  for (const close of closers) await close();
  await directory.remove();
});

async function engineOf(listener: RequestListener, timeoutMs = 2000): Promise<DockerEngine> {
  closers.push((await serveOn(path, listener)).close);
  return client(timeoutMs);
}

function client(timeoutMs = 2000): DockerEngine {
  const engine = new DockerEngine({ socketPath: path, timeoutMs });
  closers.unshift(() => engine.close());
  return engine;
}

function json(answers: Record<string, unknown>): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    const answer = answers[decodeURIComponent(request.url ?? '')];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { message: `No such container: ${request.url}` }));
  };
}

describe('answers of the Engine', () => {
  it('are read as far as they are used', async () => {
    const id = 'c'.repeat(64);
    const network = {
      NetworkID: 'n1',
      EndpointID: 'e1',
      MacAddress: '02:42:ac:11:00:02',
      IPAddress: '10.0.0.2',
      More: 1,
    };
    const engine = await engineOf(
      json({
        '/_ping': 'OK',
        '/version': { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' },
        '/info': { ID: 'X', Name: 'host', LiveRestoreEnabled: true, Swarm: { LocalNodeState: 'inactive' } },
        '/containers/json?all=1': [
          {
            Id: id,
            Names: ['/other/alias', '/web'],
            Labels: { a: 'b' },
            State: 'running',
            NetworkSettings: { Networks: { mynet: network } },
          },
          { Id: 'd', Names: null, Labels: null },
        ],
        '/containers/web/json': {
          Id: id,
          Name: '/web',
          State: { Status: 'running', Running: true, Pid: 77 },
          Config: { Labels: null },
          HostConfig: { NetworkMode: 'none' },
          NetworkSettings: { SandboxKey: '/var/run/docker/netns/x', Networks: {} },
        },
        '/networks?filters={"driver":["ovs"]}': [{ Id: 'n1', Name: 'mynet', Driver: 'ovs', Options: null }],
        '/networks/my net/1': {
          Id: 'n1',
          Name: 'my net/1',
          Driver: 'ovs',
          Internal: true,
          Options: { 'ovs.bridge.mode': 'nat' },
          IPAM: { Driver: 'default', Config: [{ Subnet: '10.0.0.0/24', Gateway: '10.0.0.1' }] },
          Containers: {
            [id]: {
              Name: 'web',
              EndpointID: 'e1',
              MacAddress: '02:42:ac:11:00:02',
              IPv4Address: '10.0.0.2/24',
              IPv6Address: '',
            },
            'ep-e2': { Name: 'lb', EndpointID: 'e2' },
          },
        },
        '/services': [
          {
            ID: 's1',
            Spec: { Name: 'web' },
            Endpoint: {
              Spec: { Mode: 'vip' },
              VirtualIPs: [{ NetworkID: 'n1', Addr: '10.0.0.9/24' }, { NetworkID: 'n2' }],
            },
          },
          { ID: 's2', Spec: { Name: 'rr' }, Endpoint: { Spec: {} } },
        ],
      }),
    );
    await engine.ping();
    expect((await engine.version()).apiVersion).toBe('1.41');
    expect(await engine.info()).toMatchObject({ name: 'host', liveRestore: true, swarm: false });
    const [web, nameless] = await engine.containers({ all: true });
    expect(web).toMatchObject({
      id,
      name: 'web',
      labels: { a: 'b' },
      networks: [{ name: 'mynet', endpointId: 'e1', ipv6: undefined }],
    });
    expect(nameless).toMatchObject({ name: '', labels: {}, state: 'unknown', networks: [] });
    expect(await engine.container('/web')).toMatchObject({ pid: 77, running: true, networkMode: 'none', labels: {} });
    expect(await engine.services()).toEqual([
      { id: 's1', name: 'web', virtualIps: [{ networkId: 'n1', address: '10.0.0.9/24' }] },
      { id: 's2', name: 'rr', virtualIps: [] },
    ]);
    expect(await engine.networks({ driver: 'ovs' })).toMatchObject([{ name: 'mynet', options: {}, endpoints: [] }]);
    expect(await engine.network('my net/1')).toMatchObject({
      internal: true,
      enableIPv6: false,
      subnets: [{ subnet: '10.0.0.0/24', gateway: '10.0.0.1' }],
      endpoints: [
        { containerId: id, name: 'web', ipv4: '10.0.0.2/24', ipv6: undefined },
        { containerId: undefined, name: 'lb' },
      ],
    });
  });

  it('say what was not found, and what to do', async () => {
    const engine = await engineOf(json({}));
    await expect(engine.container('nope')).rejects.toMatchObject({
      code: 'LC_NOT_FOUND',
      message: /No such container/,
      hint: 'see docker ps -a',
    });
    await expect(engine.network('nope')).rejects.toMatchObject({ code: 'LC_NOT_FOUND', hint: 'see docker network ls' });
    for (const name of ['', '..', '../x', 'a/b', 'a?b']) {
      await expect(engine.container(name)).rejects.toMatchObject({ code: 'LC_NOT_FOUND' });
    }
    for (const name of ['', '.', '..'])
      await expect(engine.network(name)).rejects.toMatchObject({ code: 'LC_NOT_FOUND' });
  });

  it.each([
    [400, 'Multiple IDs found with provided prefix: ab', 'LC_INVALID'],
    [404, 'Multiple IDs found with provided prefix: ab', 'LC_INVALID'],
    [400, 'network ab is ambiguous (2 matches found on ID prefix)', 'LC_INVALID'],
    [500, 'driver failed', 'LC_DOCKER'],
  ])('with status %i and "%s" are %s', async (status, message, code) => {
    const engine = await engineOf((_, response) => response.writeHead(status).end(JSON.stringify({ message })));
    await expect(engine.network('ab')).rejects.toMatchObject({ code, message: new RegExp(message.slice(0, 20)) });
  });
});

describe('an Engine in trouble', () => {
  it('that is not there', async () => {
    await expect(client().ping()).rejects.toMatchObject({
      code: 'LC_DOCKER',
      message: /ENOENT/,
      hint: /systemctl status docker/,
    });
  });

  it('that answers too late, in its head or its body', async () => {
    const engine = await engineOf((request, response) => {
      if (request.url === '/info') response.write('{');
    }, 40);
    await expect(engine.version()).rejects.toMatchObject({ code: 'LC_TIMEOUT', message: /GET \/version within 40 ms/ });
    await expect(engine.info()).rejects.toMatchObject({ code: 'LC_TIMEOUT' });
  });

  it('that stops in the middle of an answer', async () => {
    const engine = await engineOf((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"Version":', () => response.destroy());
    });
    await expect(engine.version()).rejects.toMatchObject({ code: 'LC_CLOSED', message: /GET \/version/ });
  });

  it.each(['', 'garbage', '[]', '{"Version":1}', 'null'])('that answers %j', async (body) => {
    const engine = await engineOf((_, response) => response.end(body));
    await expect(engine.version()).rejects.toMatchObject({ code: 'LC_PROTOCOL', message: /GET \/version/ });
  });

  it('that does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    closers.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await expect(client().version()).rejects.toMatchObject({ code: 'LC_DOCKER', message: /GET \/version/ });
  });

  it('that was restarted while a connection was kept', async () => {
    const listener = json({ '/_ping': 'OK' });
    const first = await serveOn(path, listener);
    const engine = client();
    await engine.ping();
    await first.close();
    closers.push((await serveOn(path, listener)).close);
    await engine.ping();
  });
});
