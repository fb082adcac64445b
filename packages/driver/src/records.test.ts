import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Attachment,
  attachmentId,
  networkIds,
  type Port,
  portIdKeys,
  portIds,
  readAttachments,
  readNetworkIds,
  readPortIds,
  readSeats,
  type Seat,
  seatId,
} from './records.js';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const id = hex(64);
const name = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,30}$/);
const ofport = fc.integer({ min: 1, max: 0xfeff });
const mac = fc.constant('0e:00:00:00:00:01');
const addresses = fc.uniqueArray(fc.constantFrom('172.12.0.8/24', 'fd00::8/64', '10.0.0.1/8'));
const container = fc.record({ id, name });
/** Leaves out keys whose value is undefined, as exact optional properties want it. */
const exact = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const port = fc
  .record({
    kind: fc.constantFrom('endpoint', 'attachment'),
    id,
    link: name,
    bridge: name,
    networkId: optional(id),
    networkName: optional(name),
    ofport,
    mac,
    addresses,
    options: fc.dictionary(name, fc.string(), { noNullPrototype: true }),
    container: optional(container),
    portMap: fc.array(
      fc.record({
        protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
        hostIp: fc.constantFrom('', '127.0.0.1', '::1'),
        hostPort: fc.nat(65535),
        port: fc.nat(65535),
      }),
    ),
    sandbox: optional(fc.constant('/var/run/docker/netns/0123456789ab')),
    lease: optional(
      fc
        .record({
          address: fc.constant('10.0.0.9/24'),
          router: optional(fc.constant('10.0.0.1')),
          server: optional(fc.constant('10.0.0.2')),
          seconds: fc.nat(),
          since: fc.constant('2026-01-01T00:00:00.000Z'),
        })
        .map(exact),
    ),
  })
  .map((value) => exact(value) as Port);

describe('what stands in OVSDB', () => {
  it('of a port is read as it was written, in keys that are all known', () => {
    fc.assert(
      fc.property(port, (value) => {
        const ids = portIds(value);
        expect(readPortIds(ids, value)).toEqual(value);
        expect([...ids.keys()].filter((key) => !(portIdKeys as readonly string[]).includes(key))).toEqual([]);
      }),
    );
  });

  it('of a network is read as it was written', () => {
    const subnet = fc
      .record({ pool: fc.constantFrom('10.0.0.0/8', 'fd00::/64'), gateway: optional(fc.constant('10.0.0.1/8')) })
      .map(exact);
    const request = fc.record({
      id,
      internal: fc.boolean(),
      subnets: fc.array(subnet),
      options: fc.dictionary(name, fc.string(), { noNullPrototype: true }),
    });
    fc.assert(
      fc.property(request, optional(name), (value, networkName) => {
        const network = { request: value, name: networkName };
        expect(readNetworkIds(networkIds(network))).toEqual(network);
      }),
    );
  });

  it('of seats is read as it was written, beside keys of others', () => {
    const seat = fc
      .record({ ofport, containerId: optional(id), chosen: optional(fc.constant(true)) })
      .map((value) => exact(value.containerId === undefined ? { ofport: value.ofport } : value) as Seat);
    fc.assert(
      fc.property(fc.dictionary(name, seat, { noNullPrototype: true }), (seats) => {
        const ids = new Map([['owner', 'me'], ...Object.entries(seats).map(([who, what]) => seatId(who, what))]);
        expect(Object.fromEntries(readSeats(ids))).toEqual(seats);
      }),
    );
  });

  it('of attachments is read as it was written', () => {
    const attachment = fc
      .record({
        id,
        container,
        bridge: name,
        ifname: fc.constant('eth7'),
        addresses,
        gateway: optional(fc.constant('172.12.0.1')),
        mac,
        mtu: fc.integer({ min: 68, max: 65535 }),
        vlan: optional(fc.integer({ min: 1, max: 4094 })),
        ofport,
      })
      .map((value) => exact(value) as Attachment);
    fc.assert(
      fc.property(fc.uniqueArray(attachment, { selector: (one) => one.id }), (attachments) => {
        expect(readAttachments(new Map(attachments.map(attachmentId)))).toEqual(attachments);
      }),
    );
  });

  it('and is not ours, is left alone', () => {
    const place = { link: 'lcv1', bridge: 'br0', ofport: 1 };
    expect(readNetworkIds(new Map([['network-id', 'x']]))).toBeUndefined();
    expect(readPortIds(new Map([['linecard', 'uplink']]), place)).toBeUndefined();
    const foreignId = new Map([
      ['linecard', 'endpoint'],
      ['endpoint-id', 'not hex'],
    ]);
    expect(readPortIds(foreignId, place)).toBeUndefined();
    expect(readSeats(new Map([['linecard-port:web', 'nine']]))).toEqual(new Map());
  });

  it.each(['{', '[]', '{"id":1}'])('and is damaged, is refused with its key: %s', (text) => {
    const ids = new Map([
      ['linecard', 'network'],
      ['linecard-network', text],
    ]);
    expect(() => readNetworkIds(ids)).toThrow(
      expect.objectContaining({ code: 'LC_PROTOCOL', message: expect.stringContaining('linecard-network') }),
    );
  });
});
