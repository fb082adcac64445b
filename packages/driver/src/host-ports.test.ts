import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HostPorts } from './host-ports.js';
import type { Port } from './records.js';

const endpoint = (digit: string): Port => ({
  kind: 'endpoint',
  id: digit.repeat(64),
  link: `lcv${digit.repeat(12)}`,
  bridge: 'br0',
  ofport: 1,
  mac: '0e:00:00:00:00:01',
  addresses: ['127.0.0.1/8'],
  options: {},
  portMap: [],
});
const [one, other] = [endpoint('1'), endpoint('2')];
const binding = (protocol: 'tcp' | 'udp' | 'sctp', hostPort: number, hostPortEnd = hostPort) => ({
  protocol,
  port: 9,
  hostIp: '127.0.0.1',
  hostPort,
  hostPortEnd,
});

describe('published ports of the host', () => {
  const ports = new HostPorts();
  afterEach(() => ports.close());

  it.each(['tcp', 'udp'] as const)('are found when any will do, and are taken then: %s', async (protocol) => {
    const [mapping] = await ports.hold(one, [binding(protocol, 0)]);
    expect(mapping).toEqual({ protocol, port: 9, hostIp: '127.0.0.1', hostPort: expect.any(Number) });
    const taken = mapping!.hostPort;
    await expect(ports.hold(other, [binding(protocol, taken)])).rejects.toMatchObject({
      code: 'LC_CONFLICT',
      message: `port 127.0.0.1:${taken}/${protocol} of the host is in use`,
    });
    ports.release(one.id);
    expect(await ports.hold(other, [binding(protocol, taken)])).toHaveLength(1);
  });

  it('are the first free ones of a range', async () => {
    const [first] = await ports.hold(one, [binding('tcp', 0)]);
    const start = first!.hostPort;
    const [second] = await ports.hold(other, [binding('tcp', start, start + 50)]);
    expect(second!.hostPort).toBeGreaterThan(start);
    expect(second!.hostPort).toBeLessThanOrEqual(start + 50);
  });

  it('are all held or none', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const busy = (server.address() as AddressInfo).port;
    const [free] = await ports.hold(one, [binding('udp', 0)]);
    ports.release(one.id);
    const wanted = [binding('udp', free!.hostPort), binding('tcp', busy)];
    await expect(ports.hold(one, wanted)).rejects.toMatchObject({ code: 'LC_CONFLICT' });
    const probe = createSocket('udp4').bind(free!.hostPort, '127.0.0.1');
    await once(probe, 'listening');
    probe.close();
    server.close();
  });

  it('may be held again by the same endpoint, and need no socket for SCTP', async () => {
    const [mapping] = await ports.hold(one, [binding('tcp', 0)]);
    expect(await ports.hold(one, [binding('tcp', mapping!.hostPort), binding('sctp', 7)])).toHaveLength(2);
  });

  it('cannot be on an address that the host has not', async () => {
    const elsewhere = { ...binding('tcp', 0), hostIp: '192.0.2.77' };
    await expect(ports.hold(one, [elsewhere])).rejects.toMatchObject({ code: 'LC_KERNEL' });
  });
});
