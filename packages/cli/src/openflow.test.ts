import { spawnSync } from 'node:child_process';
import { encode, packetOut, toJson } from '@linecard/openflow';
import { buildArp } from '@linecard/packet';
import { toHex } from '@linecard/wire';
import { expect, it } from 'vitest';
import { bytesOf, messagesOf, textOf, valuesOf } from './openflow.js';

const hello = encode({ type: 'hello', version: 4, xid: 7, elements: [] });
const barrier = encode({ type: 'barrier_request', version: 1, xid: 8 });

it('takes bytes, and hexadecimal digits as people write them', () => {
  expect(bytesOf(Buffer.from(hello))).toEqual(Buffer.from(hello));
  for (const text of ['0400000800000007', '0x0400 0008\n0000 0007\n', '04:00:00:08:00:00:00:07']) {
    expect(toHex(bytesOf(Buffer.from(text)))).toBe(toHex(hello));
  }
  expect(() => bytesOf(Buffer.from('no digits'))).toThrow();
});

it('cuts messages, and says where one is cut short', () => {
  const both = Buffer.concat([hello, barrier]);
  expect(messagesOf(both).map(({ type, xid }) => [type, xid])).toEqual([
    ['hello', 7],
    ['barrier_request', 8],
  ]);
  expect(() => messagesOf(both.subarray(0, 13))).toThrow('the message at byte 8 is not whole: 5 bytes of it');
});

it('reads one JSON value, several lines of them, or an array', () => {
  const value = toJson({ type: 'barrier_request', version: 1, xid: 8 });
  for (const text of [JSON.stringify(value), JSON.stringify(value, undefined, 2), `[${JSON.stringify(value)}]`]) {
    expect(valuesOf(text)).toEqual([value]);
  }
  expect(valuesOf(`${JSON.stringify(value)}\n\n${JSON.stringify(value)}\n`)).toEqual([value, value]);
  expect(() => valuesOf('{')).toThrow('this is no JSON');
});

const hasOvs = spawnSync('ovs-ofctl', ['--version']).status === 0;

it.skipIf(!hasOvs)('shows the packet that a message carries as ovs-ofctl does', () => {
  const data = buildArp({
    operation: 1,
    senderMac: '02:00:00:00:00:01',
    senderIp: '10.0.0.1',
    targetIp: '10.0.0.2',
  });
  const match = [{ field: 'in_port', value: 3 }] as const;
  const packetIn = { xid: 1, total_len: data.length, reason: 'action', match, data } as const;
  const messages = ([1, 4, 5, 6] as const).flatMap((version) => [
    encode(packetOut({ version, in_port: 3, actions: [{ type: 'output', port: 2 }], data })),
    encode({ type: 'packet_in', version, ...packetIn }),
    encode({ type: 'nx_packet_in', version, ...packetIn }),
    encode({
      type: 'nx_packet_in2',
      version,
      properties: [
        { type: 'packet', data },
        { type: 'userdata', userdata: Uint8Array.of(1, 2) },
      ],
    }),
  ]);
  for (const bytes of messages) {
    const { stdout } = spawnSync('ovs-ofctl', ['ofp-print', toHex(bytes)], { encoding: 'utf8' });
    expect(stdout).toContain('arp_tpa=10.0.0.2');
    expect(textOf(messagesOf(bytes)[0]!)).toBe(stdout.trimEnd());
  }
});
