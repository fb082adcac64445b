import { describe, expect, it } from 'vitest';
import { decodeAddress, decodeRoute } from '../address.js';
import { decodeLink } from '../link.js';
import { capturedDatagrams } from '../testing/fixtures.js';
import { decodeFrames, encodeFrame, errnoOf, NLM_F, NLMSG, wholeFrames } from './frame.js';
import { RTM } from './rtnetlink.js';

const one = (title: string) => capturedDatagrams(title).flatMap((bytes) => decodeFrames(bytes));

describe('datagrams of a real kernel', () => {
  it('reads a veth, and its acknowledgement', () => {
    const [link, ack] = one('link');
    expect(decodeLink(link!.payload)).toEqual({
      index: 3,
      name: 'lc0',
      mtu: 1400,
      mac: '02:00:00:00:00:01',
      flags: { up: true, running: true, lowerUp: true, loopback: false },
      arpType: 1,
      kind: 'veth',
      alias: 'port of alice',
      group: 7,
      peerIndex: 2,
      peerNetnsid: undefined,
      master: undefined,
    });
    expect([ack!.type, errnoOf(ack!)]).toEqual([NLMSG.ERROR, 0]);
  });

  it('reads a refusal', () => {
    const [refusal] = one('missing');
    expect([refusal!.type, errnoOf(refusal!)]).toEqual([NLMSG.ERROR, 19]);
  });

  it('reads addresses and routes', () => {
    const addresses = one('addresses').filter((frame) => frame.type === RTM.NEWADDR);
    expect(addresses.every((frame) => (frame.flags & NLM_F.MULTI) !== 0)).toBe(true);
    const found = addresses.map((frame) => decodeAddress(frame.payload)!);
    expect(found.find((each) => each.cidr.address === '192.0.2.1')).toEqual({
      ifindex: 3,
      cidr: { family: 4, address: '192.0.2.1', prefix: 24 },
      label: 'lc0',
      scope: 0,
      tentative: false,
    });
    expect(found.map((each) => each.cidr.address)).toContain('2001:db8::1');
    const routes = one('routes').filter((frame) => frame.type === RTM.NEWROUTE);
    expect(routes.map((frame) => decodeRoute(frame.payload))).toContainEqual({
      destination: { family: 4, address: '198.51.100.0', prefix: 24 },
      gateway: '192.0.2.254',
      ifindex: 3,
      metric: 0,
      table: 254,
    });
  });

  it('never reads a part of a message as a whole one', () => {
    for (const datagram of capturedDatagrams()) {
      const boundaries = new Set([0]);
      let at = 0;
      for (const frame of decodeFrames(datagram)) {
        at += (16 + frame.payload.length + 3) & ~3;
        boundaries.add(at);
      }
      for (let length = 0; length < datagram.length; length++) {
        const cut = datagram.subarray(0, length);
        if (boundaries.has(length)) decodeFrames(cut);
        else expect(() => decodeFrames(cut)).toThrow(expect.objectContaining({ code: 'LC_PROTOCOL' }));
      }
    }
  });

  it('never reads a part of a link as a link', () => {
    const payload = one('link')[0]!.payload;
    for (let length = 0; length < payload.length; length++) {
      try {
        expect(decodeLink(payload.subarray(0, length)).index).toBe(3);
      } catch (error) {
        expect(error).toMatchObject({ code: 'LC_PROTOCOL' });
      }
    }
  });
});

describe('frames', () => {
  it('finds the whole messages at the start of a stream', () => {
    const frame = encodeFrame({ type: 16, flags: 0, sequence: 1, payload: new Uint8Array(5) });
    expect(frame.length).toBe(24);
    const two = new Uint8Array([...frame, ...frame]);
    expect([0, 15, 23, 24, 47, 48].map((length) => wholeFrames(two.subarray(0, length), 100))).toEqual([
      0, 0, 0, 24, 24, 48,
    ]);
    expect(() => wholeFrames(frame, 20)).toThrow(/21 bytes/);
    expect(() => wholeFrames(new Uint8Array(16), 100)).toThrow(/0 bytes/);
  });
});
