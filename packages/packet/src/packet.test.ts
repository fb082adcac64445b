import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '@linecard/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ArpOperation,
  buildArp,
  buildEthernet,
  buildIcmpEcho,
  buildLldp,
  buildUdp,
  checksum,
  Dhcp,
  Ethernet,
  Ipv4,
  macOfKey,
  Packet,
  pseudoHeaderSum,
} from './index.js';

const frames = Object.fromEntries(
  readFileSync(new URL('../fixtures/frames.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ') as [string, string]),
);
const mac1 = '02:00:00:00:00:01';
const mac2 = '02:00:00:00:00:02';
const view = (name: string) => Packet.view(fromHex(frames[name]!))!;
// os-ken pads frames to 60 bytes, the builders here leave that to the switch.
const unpadded = (name: string, built: Uint8Array) => expect(toHex(built).padEnd(120, '0')).toBe(frames[name]);

/** Every getter of a view and of the views in it. */
function touch(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || depth > 4) return;
  for (let proto = value; proto && proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
    for (const key of Object.getOwnPropertyNames(proto)) touch(Reflect.get(value, key, value), depth + 1);
  }
  if (value instanceof Dhcp) value.option(53);
}

describe('views', () => {
  it('reads ARP', () => {
    const packet = view('arp');
    expect(packet.ethernet.isMulticast).toBe(true);
    expect(macOfKey(packet.ethernet.sourceKey)).toBe(mac1);
    expect(packet.arp).toMatchObject({ operation: 1, senderMac: mac1, senderIp: '172.31.1.1', targetIp: '172.31.1.2' });
    expect(packet.ip).toBeUndefined();
  });

  it('reads stacked VLAN tags', () => {
    const { ethernet, arp } = view('qinq');
    expect(ethernet.tags).toEqual([
      { tpid: 0x88a8, priority: 5, dropEligible: false, id: 200 },
      { tpid: 0x8100, priority: 1, dropEligible: true, id: 7 },
    ]);
    expect(ethernet.vlanId).toBe(200);
    expect(arp?.targetMac).toBe(mac2);
  });

  it('reads ICMP without the padding of the frame', () => {
    const { icmp, ipv4 } = view('icmp');
    expect(icmp).toMatchObject({ type: 8, code: 0, identifier: 0x1234, sequence: 7 });
    expect(Buffer.from(icmp!.payload).toString()).toBe('ping');
    expect(icmp?.checksumOk).toBe(true);
    expect(ipv4).toMatchObject({ source: '172.31.1.1', destination: '172.31.1.2', ttl: 64, checksumOk: true });
  });

  it('reads TCP', () => {
    const { tcp, ipv4 } = view('tcp');
    expect(ipv4).toMatchObject({ dscp: 0x2e, ecn: 1, dontFragment: true, moreFragments: false, identification: 99 });
    expect(tcp).toMatchObject({ sourcePort: 40000, destinationPort: 80, sequence: 0xfffffffe, acknowledgement: 5 });
    expect(tcp).toMatchObject({ flags: 0x12, window: 4321 });
    expect(toHex(tcp!.options)).toBe('020405b4');
    expect(Buffer.from(tcp!.payload).toString()).toBe('GET /');
  });

  it('reads UDP', () => {
    const { udp, tcp, dhcp } = view('udp');
    expect(udp).toMatchObject({ sourcePort: 4000, destinationPort: 53, length: 16 });
    expect(Buffer.from(udp!.payload).toString()).toBe('question');
    expect([tcp, dhcp]).toEqual([undefined, undefined]);
  });

  it('reads neighbour discovery over IPv6', () => {
    const { icmpv6, ipv6 } = view('ns');
    expect(ipv6).toMatchObject({ source: 'fe80::1', hopLimit: 255, trafficClass: 0xa5, flowLabel: 0x12345 });
    expect(icmpv6).toMatchObject({ type: 135, target: 'fe80::2' });
  });

  it('follows IPv6 extension headers to the first fragment only', () => {
    expect(view('udp6ext').udp).toMatchObject({ sourcePort: 5, destinationPort: 6 });
    expect(view('udp6frag').ipv6).toMatchObject({ protocol: 17, fragmentOffset: 80 });
    expect(view('udp6frag').udp).toBeUndefined();
  });

  it('gives up on an endless chain of IPv6 headers', () => {
    const ext = fromHex('0000000000000000'.repeat(9));
    const header = fromHex(`60000000${ext.length.toString(16).padStart(4, '0')}0040${'00'.repeat(32)}`);
    const frame = { destination: mac2, source: mac1, etherType: 0x86dd, payload: Buffer.concat([header, ext]) };
    expect(Packet.view(buildEthernet(frame))?.ip).toBeUndefined();
  });

  it('reads LLDP', () => {
    expect(view('lldp').lldp).toMatchObject({
      chassisId: mac1,
      portId: 'eth3',
      ttl: 120,
      portDescription: 'uplink',
      systemName: 'switch-1',
      systemDescription: undefined,
    });
  });

  it('reads DHCP, also an option in parts', () => {
    const { dhcp } = view('dhcp');
    expect(dhcp).toMatchObject({ type: 1, clientMac: mac1, hostname: 'guest', requestedIp: '172.31.1.9' });
    expect(dhcp?.serverId).toBeUndefined();
    const header = dhcp!.bytes.subarray(0, 240);
    const split = Dhcp.view(Buffer.concat([header, fromHex('0c02 6162 00 0c01 63 ff')]));
    expect(split?.hostname).toBe('abc');
    expect(Dhcp.view(Buffer.concat([header, fromHex('0c05 6162')]))).toBeUndefined();
  });
});

describe('builders', () => {
  it('write what another implementation writes', () => {
    unpadded(
      'arp',
      buildArp({ operation: ArpOperation.REQUEST, senderMac: mac1, senderIp: '172.31.1.1', targetIp: '172.31.1.2' }),
    );
    const addresses = { sourceMac: mac1, destinationMac: mac2, source: '172.31.1.1', destination: '172.31.1.2' };
    unpadded('icmp', buildIcmpEcho({ ...addresses, identifier: 0x1234, sequence: 7, payload: Buffer.from('ping') }));
    unpadded(
      'udp',
      buildUdp({ ...addresses, sourcePort: 4000, destinationPort: 53, payload: Buffer.from('question') }),
    );
    unpadded(
      'lldp',
      buildLldp({
        sourceMac: mac1,
        chassisId: mac1,
        portId: 'eth3',
        ttl: 120,
        portDescription: 'uplink',
        systemName: 'switch-1',
      }),
    );
  });

  it('write tags', () => {
    const payload = Uint8Array.of(1, 2);
    const tags = [
      { tpid: 0x88a8, id: 5, priority: 7 },
      { id: 4095, dropEligible: true },
    ];
    const frame = Ethernet.view(buildEthernet({ destination: mac2, source: mac1, tags, etherType: 0x9999, payload }))!;
    expect(frame.tags).toMatchObject(tags);
    expect(frame).toMatchObject({ destination: mac2, source: mac1, etherType: 0x9999 });
  });

  it('refuse what does not fit', () => {
    expect(() => buildLldp({ sourceMac: mac1, chassisId: 'x'.repeat(256), portId: '1', ttl: 1 })).toThrow(/LLDP/);
    expect(() => buildArp({ operation: 1, senderMac: mac1, senderIp: '::1', targetIp: '::2' })).toThrow(/IPv4/);
  });

  it('sum as RFC 1071 and verify', () => {
    expect(checksum(fromHex('0001f203f4f5f6f7'))).toBe(0x220d);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        const addresses = { sourceMac: mac1, destinationMac: mac2, source: '10.0.0.1', destination: '10.0.0.2' };
        const packet = Packet.view(buildUdp({ ...addresses, sourcePort: 1, destinationPort: 2, payload }))!;
        const { sourceBytes, destinationBytes } = packet.ipv4!;
        const pseudo = pseudoHeaderSum(sourceBytes, destinationBytes, 17, packet.udp!.length);
        expect(packet.ipv4?.checksumOk).toBe(true);
        expect(checksum(packet.udp!.bytes, pseudo)).toBe(0);
        expect(toHex(packet.udp!.payload)).toBe(toHex(payload));
      }),
    );
  });
});

describe('anything from a stranger', () => {
  const touchAll = (bytes: Uint8Array) => touch(Packet.view(bytes));

  it.each(Object.entries(frames))('%s is read when cut at every byte', (_, hex) => {
    const bytes = fromHex(hex);
    for (let end = 0; end <= bytes.length; end++) touchAll(bytes.slice(0, end));
  });

  it('is read when bytes of it are changed', () => {
    const mutation = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(frames)), mutation, fc.nat(400), (hex, changes, end) => {
        const bytes = fromHex(hex);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        touchAll(bytes.slice(0, 1 + (end % bytes.length)));
      }),
      { numRuns: 3000 },
    );
  });

  it('is refused when it contradicts itself', () => {
    expect(Ipv4.view(fromHex(`46000018${'00'.repeat(16)}`))).toBeUndefined();
    expect(Ipv4.view(fromHex(`45000013${'00'.repeat(16)}`))).toBeUndefined();
    expect(Ethernet.view(fromHex(`${'00'.repeat(12)}8100`))).toBeUndefined();
  });
});
