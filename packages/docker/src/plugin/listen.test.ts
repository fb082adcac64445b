import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listenPlugin, type PluginListener, pluginHandler, systemdSockets } from '../index.js';
import { recordingDrivers } from '../testing/drivers.js';
import { post, socketDirectory } from '../testing/sockets.js';

const activator = '/usr/bin/systemd-socket-activate';
const built = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

let directory: Awaited<ReturnType<typeof socketDirectory>>;
let listeners: PluginListener[];

beforeEach(async () => {
  directory = await socketDirectory();
  listeners = [];
});
afterEach(async () => {
  for (const listener of listeners) await listener.close(0);
  await directory.remove();
});

async function listenAt(path: string, overrides = {}) {
  const handler = pluginHandler({ ...recordingDrivers(overrides), deadlineMs: 5000 });
  const listener = await listenPlugin(handler, { path });
  listeners.push(listener);
  return listener;
}

describe('a plugin socket', () => {
  it('is for its owner alone, in a directory that is made, and goes away', async () => {
    const path = directory.socket('a/b/linecard.sock');
    const umask = process.umask();
    const listener = await listenAt(path);
    expect(statSync(path).mode & 0o7777).toBe(0o600);
    expect(process.umask()).toBe(umask);
    expect((await post(path, '/Plugin.Activate', '')).status).toBe(200);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  it('replaces one that a dead process left', async () => {
    const path = directory.socket('stale.sock');
    const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))`;
    expect(spawnSync(process.execPath, ['-e', script, path]).signal).toBe('SIGKILL');
    expect(statSync(path).isSocket()).toBe(true);
    await listenAt(path);
    expect((await post(path, '/Plugin.Activate', '')).status).toBe(200);
  });

  it('is not taken from a living process, nor from a file', async () => {
    const path = directory.socket('taken.sock');
    await listenAt(path);
    await expect(listenAt(path)).rejects.toMatchObject({ code: 'LC_CONFLICT', message: /another process listens/ });
    expect((await post(path, '/Plugin.Activate', '')).status).toBe(200);
    const file = directory.socket('file');
    writeFileSync(file, '');
    await expect(listenAt(file)).rejects.toMatchObject({ code: 'LC_CONFLICT', message: /not a socket/ });
    expect(existsSync(file)).toBe(true);
  });

  it('says why it cannot be made', async () => {
    writeFileSync(directory.socket('file'), '');
    await expect(listenAt(directory.socket('file/x.sock'))).rejects.toMatchObject({
      code: 'LC_KERNEL',
      message: /ENOTDIR/,
    });
    await expect(listenAt(directory.socket('x'.repeat(108)))).rejects.toMatchObject({ code: 'LC_INVALID' });
  });
});

describe('closing', () => {
  it('answers the calls that are under way, and leaves no connection open', async () => {
    const path = directory.socket('drain.sock');
    let finish: (() => void) | undefined;
    const leave = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    const listener = await listenAt(path, { leave });
    const agent = new Agent({ keepAlive: true });
    const call = request({ socketPath: path, path: '/NetworkDriver.Leave', method: 'POST', agent });
    call.end(JSON.stringify({ NetworkID: 'a'.repeat(64), EndpointID: 'b'.repeat(64) }));
    await expect.poll(() => finish).toBeDefined();
    const closed = listener.close();
    await expect(post(path, '/Plugin.Activate', '')).rejects.toThrow();
    finish!();
    const [response] = await once(call, 'response');
    expect(response.statusCode).toBe(200);
    response.resume();
    await closed;
    agent.destroy();
  });

  it('cuts what takes too long', async () => {
    const path = directory.socket('cut.sock');
    const listener = await listenAt(path, { leave: () => new Promise<void>(() => {}) });
    const answer = post(
      path,
      '/NetworkDriver.Leave',
      JSON.stringify({ NetworkID: 'a'.repeat(64), EndpointID: 'b'.repeat(64) }),
    );
    const failed = expect(answer).rejects.toThrow();
    await post(path, '/Plugin.Activate', '');
    await listener.close(10);
    await failed;
  });
});

describe('sockets of systemd', () => {
  it('are those that are meant for this process', () => {
    const env = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'ovs.socket' };
    expect(systemdSockets(env, 7)).toEqual([
      { fd: 3, name: 'ovs.socket' },
      { fd: 4, name: 'unknown' },
    ]);
    expect(systemdSockets(env, 8)).toEqual([]);
    expect(systemdSockets({}, 7)).toEqual([]);
    for (const LISTEN_FDS of ['-1', 'x', '1.5', '1e9']) {
      expect(() => systemdSockets({ LISTEN_PID: '7', LISTEN_FDS }, 7)).toThrow(/LISTEN_FDS/);
    }
  });

  it.skipIf(!existsSync(activator) || !existsSync(built))('are used as they are and stay', async () => {
    const path = directory.socket('passed.sock');
    const script = `
      import { listenPlugin, pluginHandler, systemdSockets } from ${JSON.stringify(built)};
      const handler = pluginHandler({ networkDriver: {}, deadlineMs: 1000 });
      const listener = await listenPlugin(handler, systemdSockets()[0]);
      process.on('SIGTERM', () => listener.close());`;
    const argv = ['-l', path, process.execPath, '--input-type=module', '-e', script];
    const child = spawn(activator, argv, { stdio: 'ignore' });
    try {
      await expect.poll(() => existsSync(path), { timeout: 4000 }).toBe(true);
      expect((await post(path, '/Plugin.Activate', '')).status).toBe(200);
      child.kill('SIGTERM');
      await once(child, 'exit');
      expect([child.exitCode, existsSync(path)]).toEqual([0, true]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
