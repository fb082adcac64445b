import { describe, expect, it, vi } from 'vitest';
import { Channel, type ChannelOptions } from './channel.js';
import { decodeFrames, encodeFrame, type Frame, NLM_F, NLMSG } from './frame.js';
import { KernelError } from './kernel-error.js';
import type { TransportEvents } from './transport.js';

const empty = new Uint8Array(0);
const errno = (value: number) => new Uint8Array(new Int32Array([-value]).buffer);
const ask = { what: 'ask', type: 18, payload: empty };

/** A kernel that answers as each test says. */
function setUp(answer: (frames: Frame[], events: TransportEvents) => void, options: ChannelOptions = {}) {
  const sent: Frame[][] = [];
  const held: boolean[] = [];
  const close = vi.fn(async () => undefined);
  const channel = new Channel(
    (events) => ({
      send(bytes) {
        const frames = decodeFrames(bytes.slice());
        sent.push(frames);
        queueMicrotask(() => answer(frames, events));
      },
      hold: (alive) => held.push(alive),
      close,
    }),
    options,
  );
  return { channel, sent, held, close };
}

const reply = (to: Frame, type: number, payload: Uint8Array = empty, flags = 0) =>
  encodeFrame({ type, flags, sequence: to.sequence, payload });

describe('a netlink channel', () => {
  it('gathers the messages before the acknowledgement, and holds the process only meanwhile', async () => {
    const { channel, sent, held } = setUp(([request], events) => {
      events.datagram(reply(request!, 16, errno(5)));
      events.datagram(reply(request!, NLMSG.ERROR, errno(0)));
    });
    const frames = await channel.request(ask);
    expect(frames.map((frame) => frame.type)).toEqual([16]);
    expect(sent[0]![0]!.flags).toBe(NLM_F.REQUEST | NLM_F.ACK);
    expect(held).toEqual([true, false]);
  });

  it('gives a refusal its errno and a hint', async () => {
    const { channel } = setUp(([request], events) => events.datagram(reply(request!, NLMSG.ERROR, errno(17))));
    const error = await channel.request({ ...ask, what: 'create x' }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(KernelError);
    expect(error).toMatchObject({
      code: 'LC_KERNEL',
      errno: 'EEXIST',
      message: 'create x: it exists already (EEXIST)',
    });
  });

  it('drops answers to other requests', async () => {
    const { channel } = setUp(([request], events) => {
      for (const sequence of [request!.sequence - 1, request!.sequence + 1, 0, 0xffff_ffff]) {
        events.datagram(reply({ ...request!, sequence: sequence >>> 0 }, NLMSG.ERROR, errno(1)));
      }
      events.datagram(reply(request!, NLMSG.ERROR, errno(0)));
    });
    await expect(channel.request(ask)).resolves.toEqual([]);
  });

  it('runs one request at a time, in order', async () => {
    const { channel, sent } = setUp(([request], events) => events.datagram(reply(request!, NLMSG.ERROR, errno(0))));
    const done: number[] = [];
    const all = [1, 2, 3].map((number) => channel.request(ask).then(() => done.push(number)));
    expect(sent.length).toBe(1);
    await Promise.all(all);
    expect(done).toEqual([1, 2, 3]);
    expect(sent.map(([request]) => request!.sequence)).toEqual([1, 2, 3]);
  });

  it('reads a dump over several datagrams', async () => {
    const { channel, sent } = setUp(([request], events) => {
      const part = reply(request!, 16, errno(1), NLM_F.MULTI);
      events.datagram(new Uint8Array([...part, ...part]));
      events.datagram(part);
      events.datagram(reply(request!, NLMSG.DONE, errno(0), NLM_F.MULTI));
    });
    expect((await channel.dump(ask)).length).toBe(3);
    expect(sent[0]![0]!.flags).toBe(NLM_F.REQUEST | NLM_F.DUMP);
  });

  it('reads an interrupted dump again, but not for ever', async () => {
    let left = 2;
    const { channel, sent } = setUp(([request], events) => {
      events.datagram(reply(request!, 16, errno(1), NLM_F.MULTI));
      events.datagram(reply(request!, NLMSG.DONE, errno(0), NLM_F.MULTI | (left-- > 0 ? NLM_F.DUMP_INTR : 0)));
    });
    expect((await channel.dump(ask)).length).toBe(1);
    expect(sent.length).toBe(3);
    left = Number.POSITIVE_INFINITY;
    await expect(channel.dump(ask)).rejects.toMatchObject({ code: 'LC_TIMEOUT' });
    expect(sent.length).toBe(11);
  });

  it('fails a dump that ends with an error, and one that is too long', async () => {
    const failing = setUp(([request], events) => events.datagram(reply(request!, NLMSG.DONE, errno(12))));
    await expect(failing.channel.dump(ask)).rejects.toMatchObject({ errno: 'ENOMEM' });
    const endless = setUp(
      ([request], events) => {
        for (let i = 0; i < 4; i++) events.datagram(reply(request!, 16, errno(1), NLM_F.MULTI));
      },
      { framesMax: 3 },
    );
    await expect(endless.channel.dump(ask)).rejects.toMatchObject({ code: 'LC_PROTOCOL' });
  });

  it('fails the request when an answer is cut off, and goes on with the next', async () => {
    let bad = true;
    const { channel } = setUp(([request], events) => {
      const answer = reply(request!, NLMSG.ERROR, errno(0));
      events.datagram(bad ? answer.subarray(0, 18) : answer);
      bad = false;
    });
    await expect(channel.request(ask)).rejects.toMatchObject({ code: 'LC_PROTOCOL' });
    await expect(channel.request(ask)).resolves.toEqual([]);
  });

  it('gives the outcomes of a batch in order, acknowledging only the last', async () => {
    const { channel, sent } = setUp((requests, events) => {
      events.datagram(reply(requests[1]!, NLMSG.ERROR, errno(19)));
      events.datagram(reply(requests[2]!, NLMSG.ERROR, errno(0)));
    });
    const outcomes = await channel.batch([ask, { ...ask, what: 'second' }, ask]);
    expect(outcomes.map((outcome) => outcome?.message)).toEqual([
      undefined,
      'second: no such interface (ENODEV)',
      undefined,
    ]);
    expect(sent[0]!.map((request) => request.flags & NLM_F.ACK)).toEqual([0, 0, NLM_F.ACK]);
    await expect(channel.batch(Array(257).fill(ask))).rejects.toMatchObject({ code: 'LC_INVALID' });
    expect(await channel.batch([])).toEqual([]);
  });

  it('waits for an answer only so long', async () => {
    const { channel } = setUp(() => undefined, { timeoutMs: 5 });
    await expect(channel.request(ask)).rejects.toMatchObject({ code: 'LC_TIMEOUT', message: /within 5 ms/ });
  });

  it('bounds what waits, and rejects it when it is closed', async () => {
    const { channel, close } = setUp(() => undefined, { queueMax: 1 });
    const first = channel.request(ask);
    const second = channel.request(ask);
    await expect(channel.request(ask)).rejects.toMatchObject({ errno: 'ENOBUFS' });
    await Promise.all([channel.close(), expect(first).rejects.toMatchObject({ code: 'LC_CLOSED' })]);
    await expect(second).rejects.toMatchObject({ code: 'LC_CLOSED' });
    await expect(channel.request(ask)).rejects.toMatchObject({ code: 'LC_CLOSED' });
    expect(close).toHaveBeenCalledOnce();
  });

  it('fails the request under way when the transport fails', async () => {
    const { channel } = setUp((_requests, events) => events.failure(new KernelError('send', 'ECONNRESET')));
    await expect(channel.request(ask)).rejects.toMatchObject({ errno: 'ECONNRESET' });
  });
});
