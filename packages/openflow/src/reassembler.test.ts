import { describe, expect, it } from 'vitest';
import {
  decode,
  encode,
  type MessageInit,
  type MultipartReply,
  Reassembler,
  versionBitmap,
  versionsOf,
} from './index.js';

function part(xid: number, more: boolean, ports: readonly number[], kind: 'port_desc' | 'desc' = 'port_desc') {
  const body =
    kind === 'desc'
      ? { mfr_desc: '', hw_desc: '', sw_desc: '', serial_num: '', dp_desc: '' }
      : ports.map((port_no) => ({ port_no, hw_addr: port_no, name: `p${port_no}` }));
  return decode(
    encode({ type: 'multipart_reply', version: 4, xid, kind, more, body } as MessageInit),
  ) as MultipartReply;
}

const portsOf = (reply: MultipartReply | undefined) =>
  reply?.kind === 'port_desc' ? reply.body.map(({ port_no }) => port_no) : undefined;

describe('Reassembler', () => {
  it('joins the parts of exchanges that come mixed', () => {
    const reassembler = new Reassembler();
    expect(reassembler.push(part(1, true, [1, 2]), 100)).toBeUndefined();
    expect(reassembler.push(part(2, true, [7]), 100)).toBeUndefined();
    expect(portsOf(reassembler.push(part(3, false, [9]), 100))).toEqual([9]);
    expect(portsOf(reassembler.push(part(1, false, [3]), 100))).toEqual([1, 2, 3]);
    const whole = reassembler.push(part(2, false, []), 100);
    expect(portsOf(whole)).toEqual([7]);
    expect(whole?.more).toBe(false);
    expect(reassembler.pending).toBe(0);
  });

  it('is bounded in parts, bytes and exchanges, and forgets what breaks a bound', () => {
    const reassembler = new Reassembler({ parts: 2, bytes: 1000, exchanges: 2 });
    reassembler.push(part(1, true, []), 10);
    reassembler.push(part(1, true, []), 10);
    expect(() => reassembler.push(part(1, true, []), 10)).toThrow(/more than 2 parts/);
    expect(() => reassembler.push(part(2, true, []), 2000)).toThrow(/more than 1000 bytes/);
    expect(reassembler.pending).toBe(0);
    reassembler.push(part(3, true, []), 10);
    reassembler.push(part(4, true, []), 10);
    expect(() => reassembler.push(part(5, true, []), 10)).toThrow(/more than 2 multipart exchanges/);
    expect(() => reassembler.push(part(4, false, [], 'desc'), 10)).toThrow(/is desc after port_desc/);
    reassembler.forget(3);
    expect(reassembler.pending).toBe(0);
  });
});

describe('hello', () => {
  it('announces versions in a bitmap, or all up to its own', () => {
    const bytes = encode({ type: 'hello', version: 6, elements: [versionBitmap([1, 4, 33])] });
    const hello = decode(bytes);
    expect(hello.type === 'hello' && versionsOf(hello)).toEqual([1, 4, 33]);
    const old = decode(encode({ type: 'hello', version: 4 }));
    expect(old.type === 'hello' && versionsOf(old)).toEqual([1, 2, 3, 4]);
  });

  it('of a version that nobody speaks can be read, and a body that makes no sense survives', () => {
    const future = Uint8Array.of(9, 0, 0, 12, 0, 0, 0, 1, 1, 2, 3, 4);
    const hello = decode(future);
    expect(hello).toMatchObject({ type: 'hello', version: 9, elements: [{ type: 'raw' }] });
    expect(encode(hello)).toEqual(future);
  });
});
