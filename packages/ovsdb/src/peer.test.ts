import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { RpcPeer, RpcRefusal } from './peer.js';

/** A stream whose far end is the test. */
class Pipe extends Duplex {
  readonly sent: Record<string, unknown>[] = [];
  reads = true;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.sent.push(JSON.parse(chunk.toString()));
    if (this.reads) done();
  }

  say(message: object): void {
    this.push(JSON.stringify(message));
  }
}

function open(): { pipe: Pipe; peer: RpcPeer; closed: Promise<Error>; notes: unknown[] } {
  const pipe = new Pipe();
  const notes: unknown[] = [];
  let peer: RpcPeer | undefined;
  const closed = new Promise<Error>((resolve) => {
    peer = new RpcPeer(pipe, {
      name: 'the stub',
      maxMessageBytes: 1000,
      maxUnsentBytes: 500,
      onNotification: (method, params) => notes.push([method, ...params]),
      onReceived: () => undefined,
      onClosed: resolve,
    });
  });
  return { pipe, peer: peer!, closed, notes };
}

describe('RpcPeer', () => {
  it('gives each answer to its call, whatever their order', async () => {
    const { pipe, peer } = open();
    const calls = [peer.call('a', [1], 1000), peer.call('b', [2], 1000)];
    const refused = expect(peer.call('c', [], 1000)).rejects.toBeInstanceOf(RpcRefusal);
    expect(pipe.sent).toMatchObject([
      { id: 0, method: 'a', params: [1] },
      { id: 1, method: 'b', params: [2] },
      { id: 2, method: 'c', params: [] },
    ]);
    pipe.say({ id: 2, result: null, error: 'no' });
    pipe.say({ id: 1, result: 'B', error: null });
    pipe.say({ id: 0, result: 'A', error: null });
    expect(await Promise.all(calls)).toEqual(['A', 'B']);
    await refused;
  });

  it('takes no notice of answers that come too late or that nobody asked for', async () => {
    const { pipe, peer } = open();
    await expect(peer.call('a', [], 1)).rejects.toMatchObject({ code: 'LC_TIMEOUT' });
    pipe.say({ id: 0, result: 'late', error: null });
    pipe.say({ id: 'echo', result: [], error: null });
    pipe.say({});
    const next = peer.call('b', [], 1000);
    pipe.say({ id: 1, result: 'B' });
    expect(await next).toBe('B');
  });

  it('refuses requests of the peer other than echo, and passes notifications on', async () => {
    const { pipe, peer, notes } = open();
    pipe.say({ id: 7, method: 'format disk', params: [] });
    pipe.say({ id: null, method: 'update', params: [1] });
    const call = peer.call('a', [], 1000);
    pipe.say({ id: 0, result: 1 });
    await call;
    expect(pipe.sent).toContainEqual({ id: 7, result: null, error: 'unknown method' });
    expect(notes).toEqual([['update', 1]]);
  });

  it('gives a peer up that does not read', async () => {
    const { pipe, peer, closed } = open();
    pipe.reads = false;
    const calls = Array.from({ length: 4 }, () => peer.call('a', ['x'.repeat(250)], 1000));
    const results = await Promise.allSettled(calls);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect((await closed).message).toMatch(/does not read/);
    await expect(peer.call('a', [], 1000)).rejects.toMatchObject({ code: 'LC_CLOSED' });
  });

  it('rejects what is pending when the stream fails', async () => {
    const { pipe, peer, closed } = open();
    const call = peer.call('a', [], 1000);
    pipe.destroy(new Error('cable cut'));
    await expect(call).rejects.toMatchObject({ code: 'LC_CLOSED', message: /cable cut/ });
    expect(await closed).toMatchObject({ code: 'LC_CLOSED' });
  });
});
