import { encode, toJson } from '@linecard/openflow';
import { toHex } from '@linecard/wire';
import { expect, it } from 'vitest';
import { bytesOf, messagesOf, valuesOf } from './openflow.js';

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
