import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Netlink } from './netlink.js';
import { whyNotHere } from './testing/own-netns.js';
import { type WatchEvent, watchNetlink } from './watch.js';

const why = whyNotHere();
const here = why === undefined ? '' : ` (${why})`;

/** Collects events and resolves when one is as wanted. */
function collector() {
  const seen: WatchEvent[] = [];
  const waiting = new Set<() => void>();
  return {
    seen,
    listener(event: WatchEvent) {
      seen.push(event);
      for (const check of waiting) check();
    },
    until: (wanted: (event: WatchEvent) => boolean) =>
      new Promise<WatchEvent>((resolve) => {
        const check = () => {
          const found = seen.find(wanted);
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
}

describe.skipIf(why !== undefined)(`watching the real kernel${here}`, () => {
  let netlink: Netlink;
  beforeAll(() => {
    netlink = Netlink.open();
  });
  afterAll(() => netlink.close());

  it('tells of links and addresses that come and go', async () => {
    const { listener, until } = collector();
    const stop = netlink.watch(listener);
    await netlink.createVeth({ name: 'wa0', peer: 'wa1', up: true });
    const index = (await netlink.link('wa0'))!.index;
    await until((event) => event.kind === 'link' && event.change === 'new' && event.link.name === 'wa0');
    await netlink.addAddress(index, '192.0.2.1/24');
    await netlink.addAddress(index, '2001:db8::1/64');
    for (const address of ['192.0.2.1', '2001:db8::1']) {
      await until(
        (event) => event.kind === 'address' && event.change === 'new' && event.address.cidr.address === address,
      );
    }
    await netlink.deleteLink('wa0');
    await until((event) => event.kind === 'address' && event.change === 'delete' && event.address.ifindex === index);
    const gone = await until(
      (event) => event.kind === 'link' && event.change === 'delete' && event.link.index === index,
    );
    expect(gone).toMatchObject({ link: { name: 'wa0' } });
    stop();
  });

  it('survives an overrun, tells of it, and goes on', async () => {
    const { listener, until } = collector();
    await netlink.createVeth({ name: 'wb0', peer: 'wb1', up: true });
    const stop = watchNetlink(listener, { receiveBuffer: 4096 });
    // This process reads nothing while ip floods the socket: the kernel must drop.
    const flood = Array.from({ length: 600 }, (_, i) => `link set dev wb0 alias flood${i}\n`).join('');
    execFileSync('ip', ['-batch', '-'], { input: flood });
    await until((event) => event.kind === 'overrun');
    await netlink.setLink('wb0', { alias: 'after' });
    await until((event) => event.kind === 'link' && event.link.alias === 'after');
    await netlink.deleteLink('wb0');
    stop();
  });
});
