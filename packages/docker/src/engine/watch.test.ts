import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { LinecardError } from '@linecard/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DockerEngine, DockerWatch } from '../index.js';
import { serveOn, socketDirectory } from '../testing/sockets.js';
import { EventLines } from './events.js';

const connect = {
  Type: 'network',
  Action: 'connect',
  Actor: { ID: 'n1', Attributes: { container: 'c1', name: 'mynet', type: 'ovs' } },
  scope: 'local',
  time: 1795206251,
  timeNano: 1795206251532000000,
};
const line = `${JSON.stringify(connect)}\n`;

describe('lines of events', () => {
  it('are the same however they are cut', () => {
    const text = `${line}\n${line}${JSON.stringify({ ...connect, Action: 'é' })}\n`;
    const events = new EventLines().push(text);
    expect(events.map((event) => event.action)).toEqual(['connect', 'connect', 'é']);
    expect(events[0]).toEqual({
      type: 'network',
      action: 'connect',
      id: 'n1',
      attributes: connect.Actor.Attributes,
      timeMs: 1795206251532,
    });
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 20 }), (cuts) => {
        const lines = new EventLines();
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        expect(at.slice(1).flatMap((end, i) => lines.push(text.slice(at[i], end)))).toEqual(events);
      }),
    );
  });

  it('are bounded and checked', () => {
    expect(() => new EventLines().push('x'.repeat((1 << 20) + 1))).toThrow(/longer than/);
    for (const bad of ['{', 'null', '{"Type":"container"}']) {
      expect(() => new EventLines().push(`${bad}\n`)).toThrow(LinecardError);
    }
  });
});

describe('a watch', () => {
  let directory: Awaited<ReturnType<typeof socketDirectory>>;
  let path: string;
  let watch: DockerWatch;
  let told: string[];
  let streams: ServerResponse[];
  let urls: URL[];
  let docker: Awaited<ReturnType<typeof serveOn>> | undefined;

  beforeEach(async () => {
    directory = await socketDirectory();
    path = directory.socket('docker.sock');
    watch = new DockerWatch(new DockerEngine({ socketPath: path }));
    told = [];
    streams = [];
    urls = [];
    watch.on('up', () => told.push('up'));
    watch.on('down', (error) => told.push(`down ${error.code}`));
    watch.on('event', (event) => told.push(event.action));
  });
  afterEach(async () => {
    watch.close();
    await docker?.close();
    await directory.remove();
  });

  async function startDocker(): Promise<void> {
    docker = await serveOn(path, (request, response) => {
      urls.push(new URL(request.url ?? '', 'http://docker'));
      streams.push(response);
      response.writeHead(200).flushHeaders();
    });
  }

  it('waits for Docker, follows it, and finds it again', async () => {
    watch.start();
    await once(watch, 'down');
    await startDocker();
    await once(watch, 'up');
    expect(watch.connected).toBe(true);
    streams[0]!.write(line);
    await once(watch, 'event');
    await Promise.all([once(watch, 'down'), docker!.close()]);
    expect(watch.connected).toBe(false);
    await startDocker();
    await once(watch, 'up');
    streams[1]!.write(line);
    await once(watch, 'event');
    expect(told).toEqual(['down LC_DOCKER', 'up', 'connect', 'down LC_CLOSED', 'up', 'connect']);
  });

  it('connects when the socket comes, not when a wait is over', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      watch.start();
      vi.advanceTimersByTime(1);
      await once(watch, 'down');
      await startDocker();
      await once(watch, 'up');
    } finally {
      vi.useRealTimers();
    }
  });

  it('asks for events since the moment before it connected, of containers and networks', async () => {
    await startDocker();
    const before = Date.now() / 1000;
    watch.start();
    await once(watch, 'up');
    const since = Number(urls[0]!.searchParams.get('since'));
    expect(since).toBeGreaterThanOrEqual(before - 0.001);
    expect(since).toBeLessThanOrEqual(Date.now() / 1000);
    expect(JSON.parse(urls[0]!.searchParams.get('filters') ?? '').type).toEqual(['container', 'network']);
  });

  it('gives up a stream of nonsense and opens another', async () => {
    await startDocker();
    watch.start();
    await once(watch, 'up');
    streams[0]!.write(`${line}nonsense\n`);
    await once(watch, 'up');
    expect(told).toEqual(['up', 'down LC_PROTOCOL', 'up']);
    expect(streams[0]!.socket?.destroyed ?? true).toBe(true);
  });

  it('tells nothing once it is closed, whenever that is', async () => {
    await startDocker();
    watch.on('up', () => watch.close());
    watch.start();
    await once(watch, 'up');
    streams[0]!.write(line);
    await once(streams[0]!, 'close');
    expect(told).toEqual(['up']);
  });
});
