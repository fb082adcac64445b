import { describe, expect, it } from 'vitest';
import { encodeGetLink } from '../link.js';
import { whyNotHere } from '../testing/own-netns.js';
import { Channel } from './channel.js';
import { RTM } from './rtnetlink.js';
import { NETLINK_ROUTE, type Transport } from './transport.js';
import { openWorkerSocket } from './worker-transport.js';

const why = whyNotHere();

describe.skipIf(why !== undefined)(`a netlink socket in a thread${why === undefined ? '' : ` (${why})`}`, () => {
  it('answers, fails the request under way when the thread dies, and starts again', async () => {
    let transport: Transport | undefined;
    const channel = new Channel((events) => {
      transport = openWorkerSocket(NETLINK_ROUTE, events);
      return transport;
    });
    const ask = { what: 'read lo', type: RTM.GETLINK, payload: encodeGetLink('lo', undefined) };
    expect(await channel.request(ask)).toHaveLength(1);
    // What is no bytes makes the thread throw; the request before it may still be answered, the one after it not.
    transport!.send({ byteLength: -1 } as never);
    await expect(channel.request(ask)).rejects.toMatchObject({ errno: 'ECONNRESET' });
    expect(await channel.request(ask)).toHaveLength(1);
    await channel.close();
  });
});
