import { execFileSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../test/server.js';
import { OvsdbError, OvsdbSession, parseEndpoint, Transaction, Unixctl, vswitch } from './index.js';

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(() => server.close());

/** A socket on which a stub answers instead of a server. */
async function stub(onClient: (client: Socket) => void): Promise<string> {
  const path = join(server.directory, 'stub.sock');
  await server.listen(path, onClient);
  return `unix:${path}`;
}

function bridge(client: Socket): void {
  const upstream = connect(server.socket);
  upstream.on('error', () => client.destroy());
  client.pipe(upstream).pipe(client);
}

describe('endpoints', () => {
  it('are read as Open vSwitch writes them', () => {
    expect(parseEndpoint('unix:/a:b')).toEqual({ kind: 'unix', path: '/a:b' });
    expect(parseEndpoint('ssl:[::1]:6640')).toEqual({ kind: 'ssl', host: '::1', port: 6640 });
    expect(parseEndpoint('tcp:host:1')).toEqual({ kind: 'tcp', host: 'host', port: 1 });
    for (const bad of ['', 'unix:', 'tcp:host', 'tcp:h:0', 'tcp:h:65536', 'tcp:::1:6640', 'punix:/a', 'udp:h:1']) {
      expect(() => parseEndpoint(bad)).toThrow(/not an OVSDB endpoint/);
    }
  });
});

describe('session', () => {
  it('calls, and says what the server refused', async () => {
    const session = await server.session();
    expect(await session.call('list_dbs', [])).toContain('Open_vSwitch');
    const refused = session.call('get_schema', ['Nonsense']);
    await expect(refused).rejects.toBeInstanceOf(OvsdbError);
    await expect(refused).rejects.toMatchObject({ code: 'LC_OVSDB', error: 'unknown database' });
  });

  it('comes back after the server died, and rejects what was pending', async () => {
    const session = await server.session();
    const blocked = new Transaction(session, vswitch);
    blocked.wait('Open_vSwitch', [], '==', [{ next_cfg: 1 }], 60_000);
    const pending = blocked.commit();
    const lost = once(session, 'disconnected');
    const rejected = expect(pending).rejects.toMatchObject({ code: 'LC_CLOSED', message: /outcome .* unknown/ });
    await session.call('echo', ['the transaction has arrived']);
    await server.stop();
    await lost;
    await rejected;
    expect(session.connected).toBe(false);
    await expect(session.call('list_dbs', [])).rejects.toMatchObject({ code: 'LC_OVSDB_UNREACHABLE' });
    const back = once(session, 'connected');
    await server.restart();
    await back;
    expect(await session.call('echo', [1])).toEqual([1]);
  });

  it('says in its error why there is no server', async () => {
    const session = new OvsdbSession({ endpoint: `unix:${server.directory}/missing.sock`, maxBackoffMs: 10 });
    session.start();
    await expect(session.ready(50)).rejects.toMatchObject({ code: 'LC_OVSDB_UNREACHABLE', message: /ENOENT/ });
    await session.close();
  });

  it('tries several endpoints in turn', async () => {
    const endpoint = `unix:${server.directory}/missing.sock, ${server.endpoint}`;
    const session = await server.session({ endpoint });
    expect(await session.call('echo', [])).toEqual([]);
  });

  it('does not wait longer than told for a server that never answers', async () => {
    const session = await server.session({ endpoint: await stub(() => undefined) });
    const call = session.call('list_dbs', [], { timeoutMs: 30 });
    await expect(call).rejects.toMatchObject({ code: 'LC_TIMEOUT', message: /"list_dbs" within 30 ms/ });
    expect(session.connected).toBe(true);
  });

  it.each(['garbage', '{"id":0,', '[]', '{"a":}'])('leaves a server that sends %j', async (garbage) => {
    const session = new OvsdbSession({ endpoint: await stub((client) => client.end(garbage)) });
    const lost = once(session, 'disconnected');
    session.start();
    const [reason] = await lost;
    expect(['LC_PROTOCOL', 'LC_CLOSED']).toContain(reason.code);
    await session.close();
  });

  it('leaves a server that sends a message beyond the bound', async () => {
    const endpoint = await stub((client) => client.write(`{"a":"${'b'.repeat(2000)}"}`));
    const session = new OvsdbSession({ endpoint, maxMessageBytes: 1000 });
    const lost = once(session, 'disconnected');
    session.start();
    expect((await lost)[0]).toMatchObject({ code: 'LC_PROTOCOL', message: /longer than the 1000 bytes/ });
    await session.close();
  });

  it('answers an echo of the server', async () => {
    const answers: Promise<unknown>[] = [];
    const endpoint = await stub((client) => {
      answers.push(once(client, 'data').then(([data]) => JSON.parse(String(data))));
      client.write('{"id":"echo","method":"echo","params":[7]}');
    });
    await server.session({ endpoint });
    expect(await answers[0]).toEqual({ id: 'echo', result: [7], error: null });
  });

  it('probes a silent TCP server and leaves one that does not answer', async () => {
    let clients = 0;
    const listener = await server.listen(0, () => clients++);
    const { port } = listener.address() as AddressInfo;
    const session = new OvsdbSession({ endpoint: `tcp:127.0.0.1:${port}`, probeMs: 20 });
    const lost = once(session, 'disconnected');
    session.start();
    expect((await lost)[0].message).toMatch(/answers no probe/);
    await session.close();
    expect(clients).toBe(1);
  });

  it('stays with a TCP server that answers its probes', async () => {
    const probes = new EventEmitter();
    const listener = await server.listen(0, (client) => {
      bridge(client);
      client.on('data', () => probes.emit('probe'));
    });
    const { port } = listener.address() as AddressInfo;
    const session = new OvsdbSession({ endpoint: `tcp:127.0.0.1:${port}`, probeMs: 20 });
    const losses: unknown[] = [];
    session.on('disconnected', (reason) => losses.push(reason));
    session.start();
    for (let count = 0; count < 3; count++) await once(probes, 'probe');
    expect(losses).toEqual([]);
    await session.close();
  });

  it('speaks TLS with a server that its CA signed, and with no other', async () => {
    const tls = makeCertificate(server.directory, 'ours');
    const listener = createTlsServer(
      { key: readFileSync(tls.key), cert: readFileSync(tls.cert), ca: readFileSync(tls.ca), requestCert: true },
      bridge,
    );
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const endpoint = `ssl:127.0.0.1:${(listener.address() as AddressInfo).port}`;
    const session = new OvsdbSession({ endpoint, tls });
    session.start();
    await session.ready(5000);
    expect(await session.call('echo', [1])).toEqual([1]);
    await session.close();
    const stranger = new OvsdbSession({ endpoint, tls: { ...tls, ca: makeCertificate(server.directory, 'other').ca } });
    stranger.start();
    await expect(stranger.ready(300)).rejects.toMatchObject({ code: 'LC_OVSDB_UNREACHABLE', message: /certificate/ });
    await stranger.close();
    listener.close();
  });

  it('ends a close during the attempt to connect', async () => {
    const session = new OvsdbSession({ endpoint: server.endpoint });
    session.start();
    await session.close();
    expect(session.connected).toBe(false);
  });
});

describe('unixctl', () => {
  it('runs commands, and says what was refused', async () => {
    const ctl = new Unixctl(join(server.directory, 'ctl'));
    expect(await ctl.call('version')).toMatch(/ovsdb-server/);
    const both = await Promise.all([ctl.call('ovsdb-server/list-dbs'), ctl.call('list-commands')]);
    expect(both[0]).toMatch(/Open_vSwitch/);
    await expect(ctl.call('no/such', ['a'])).rejects.toMatchObject({ code: 'LC_COMMAND', message: /"no\/such a"/ });
    await server.restart();
    await expect.poll(() => ctl.call('version').catch(() => '')).toMatch(/ovsdb-server/);
    await ctl.close();
  });

  it('finds the socket by the PID file', async () => {
    await expect(Unixctl.pathOf(server.directory, 'ovs-vswitchd')).rejects.toMatchObject({ code: 'LC_NOT_FOUND' });
    const missing = new Unixctl(join(server.directory, 'missing.ctl'));
    await expect(missing.call('version')).rejects.toMatchObject({ code: 'LC_COMMAND', message: /ENOENT/ });
  });
});

/** A self-signed certificate that is its own CA, for a name that is not the server's. */
function makeCertificate(directory: string, name: string): { key: string; cert: string; ca: string } {
  const key = join(directory, `${name}.key`);
  const cert = join(directory, `${name}.crt`);
  const subject = ['-subj', `/CN=${name}`, '-days', '1', '-nodes', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', ...subject], {
    stdio: 'ignore',
  });
  return { key, cert, ca: cert };
}
