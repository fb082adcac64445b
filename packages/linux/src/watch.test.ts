import { describe, expect, it } from 'vitest';
import { encodeVeth } from './link.js';
import { encodeFrame } from './netlink/frame.js';
import { RTM } from './netlink/rtnetlink.js';
import { capturedDatagrams } from './testing/fixtures.js';
import { EventStream, type WatchEvent } from './watch.js';

function eventsOf(chunks: Iterable<Uint8Array>): WatchEvent[] {
  const stream = new EventStream();
  return [...chunks].flatMap((chunk) => stream.push(chunk));
}

describe('the stream of events', () => {
  const captured = capturedDatagrams();
  const bytes = Uint8Array.from(captured.flatMap((datagram) => [...datagram]));

  it('reads links and addresses, and skips the rest', () => {
    const events = eventsOf([bytes]);
    expect(events.filter((event) => event.kind === 'link')).toHaveLength(1);
    expect(events.filter((event) => event.kind === 'address').length).toBeGreaterThan(2);
  });

  it('reads the same byte by byte', () => {
    expect(eventsOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(eventsOf([bytes]));
  });

  it('does not take the port of a bridge for a link', () => {
    const payload = encodeVeth({ name: 'a', peer: 'b' });
    const frame = { type: RTM.DELLINK, flags: 0, sequence: 0 };
    expect(eventsOf([encodeFrame({ ...frame, payload })])).toMatchObject([{ change: 'delete', link: { name: 'a' } }]);
    payload[0] = 7;
    expect(eventsOf([encodeFrame({ ...frame, payload })])).toEqual([]);
  });

  it('refuses a stream that is no netlink', () => {
    expect(() => eventsOf([new Uint8Array(16)])).toThrow(expect.objectContaining({ code: 'LC_PROTOCOL' }));
  });
});
