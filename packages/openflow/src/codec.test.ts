import { fromHex, toHex } from '@linecard/wire';
import { describe, expect, it } from 'vitest';
import {
  decode,
  encode,
  encodeInto,
  Framer,
  inPortOf,
  type Message,
  OpenFlowDecodeError,
  ports,
  Writer,
} from './index.js';

describe('decode and encode', () => {
  it('hold one packet-in in 1.0 and 1.3 the same way', () => {
    const data = Uint8Array.of(1, 2, 3);
    for (const version of [1, 4] as const) {
      const bytes = encode({
        type: 'packet_in',
        version,
        xid: 7,
        total_len: 3,
        reason: 'action',
        match: [{ field: 'in_port', value: ports.local }],
        data,
      });
      const message = decode(bytes);
      if (message.type !== 'packet_in') throw new Error(message.type);
      expect(inPortOf(message.match)).toBe(ports.local);
      expect(message.reason).toBe('action');
      expect(message.data).toEqual(data);
      expect(encode(message)).toEqual(bytes);
    }
  });

  it('give the switch an error to reply with', () => {
    expect(() => decode(fromHex('0405000900000001ff'))).toThrow(OpenFlowDecodeError);
    expect(() => decode(fromHex('040500'))).toThrow(/no header/);
    const error = thrown(() => decode(fromHex('090e000800000001')));
    expect(error).toMatchObject({ code: 'LC_PROTOCOL', errorType: 1, errorCode: 0 });
  });

  it('answer in the error types that the version has', () => {
    const truncated = (version: number) => {
      const bytes = encode({ type: 'nx_packet_in', version: version as 4, total_len: 0, reason: 'action', match: [] });
      bytes[33] = 200;
      return thrown(() => decode(bytes));
    };
    expect(truncated(1)).toMatchObject({ errorType: 1, errorCode: 6 });
    const flow = encode({ type: 'flow_mod', version: 4, match: [{ field: 'in_port', value: 1 }] });
    flow[55] = 9;
    expect(thrown(() => decode(flow))).toMatchObject({ errorType: 4, errorCode: 1 });
    const action = encode({ type: 'packet_out', version: 1, actions: [{ type: 'output', port: 1 }] });
    action[19] = 12;
    expect(thrown(() => decode(action))).toMatchObject({ errorType: 2, errorCode: 1 });
  });

  it('leave a writer as it was when a message cannot be written', () => {
    const w = new Writer();
    encodeInto(w, { type: 'barrier_request', version: 4, xid: 1 });
    expect(() => encodeInto(w, { type: 'flow_mod', version: 4, priority: 70_000 })).toThrow(/16-bit/);
    expect(toHex(w.view())).toBe('0414000800000001');
  });

  it('set the flag that says whether learning writes a result, and refuse one without a place', () => {
    const flow = (limit: object, flags = 0) =>
      encode({
        type: 'flow_mod',
        version: 4,
        instructions: [
          { type: 'apply_actions', actions: [{ type: 'nx_learn2', flags, limit: { limit: 5, ...limit }, specs: [] }] },
        ],
      });
    const result = { field: { field: 'reg0' }, start: 3 } as const;
    expect(decode(flow({ result }))).toEqual(decode(flow({ result }, 4)));
    expect(decode(flow({}))).not.toEqual(decode(flow({ result })));
    expect(() => flow({}, 4)).toThrow(/not told where/);
  });

  it('read the masks that table features name as Open vSwitch writes them', () => {
    // OXM_OF_ETH_SRC, maskable: the length counts value and mask.
    const id = '8000090c';
    const head = '0413005800000001000c000000000000';
    const table = `0048${'00'.repeat(62)}00080008${id}`;
    const message = decode(fromHex(head + table));
    expect(message).toMatchObject({
      body: [{ properties: [{ type: 'match', fields: [{ field: 'eth_src', masked: true }] }] }],
    });
    expect(toHex(encode(message))).toBe(head + table);
  });

  it('keep bytes that no field says', () => {
    const bytes = fromHex('0109000c00000001beef0080');
    const message: Message = decode(bytes);
    expect(message).toMatchObject({ type: 'set_config', flags: 0xbeef, miss_send_len: 0x80 });
    const padded = fromHex(`040c0050000000010001020304050607${'00'.repeat(64)}`);
    expect(decode(padded).slack).toHaveLength(7);
    expect(encode(decode(padded))).toEqual(padded);
  });
});

describe('Framer', () => {
  it('cuts a stream whatever its chunks are', () => {
    const stream = fromHex('04140008000000010402000c00000002aabbccdd0415000800000003');
    for (let size = 1; size <= stream.length; size++) {
      const framer = new Framer();
      const frames: string[] = [];
      for (let at = 0; at < stream.length; at += size) {
        frames.push(...framer.push(stream.subarray(at, at + size)).map((frame) => toHex(frame)));
      }
      expect(frames).toEqual(['0414000800000001', '0402000c00000002aabbccdd', '0415000800000003']);
      expect(framer.pending).toBe(0);
    }
  });

  it('refuses a header that says less than a header', () => {
    expect(() => new Framer().push(fromHex('04140007'))).toThrow(OpenFlowDecodeError);
    const bytewise = new Framer();
    bytewise.push(fromHex('041400'));
    expect(() => bytewise.push(fromHex('07'))).toThrow(OpenFlowDecodeError);
  });
});

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
