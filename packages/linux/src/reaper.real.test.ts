import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Netlink } from './netlink.js';
import { LinkReaper } from './reaper.js';
import { whyNotHere } from './testing/own-netns.js';

const why = whyNotHere();

describe.skipIf(why !== undefined)(`the link reaper${why === undefined ? '' : ` (${why})`}`, () => {
  let netlink: Netlink;
  let reaper: LinkReaper;
  beforeAll(() => {
    netlink = Netlink.open();
    reaper = new LinkReaper();
  });
  afterAll(async () => {
    await reaper.close();
    netlink.close();
  });

  const names = (count: number) => Array.from({ length: count }, (_, i) => `rp${i}`);
  const create = async (count: number) => {
    for (const name of names(count)) await netlink.createVeth({ name, peer: `${name}p` });
  };
  const left = async () =>
    (await netlink.links()).filter((link) => link.name.startsWith('rp')).map((link) => link.name);

  it('deletes one', async () => {
    await create(1);
    await reaper.remove(['rp0']);
    expect(await left()).toEqual([]);
  });

  it('deletes many calls together, and minds neither missing nor repeated ones', async () => {
    await create(60);
    await Promise.all([...names(70), ...names(5)].map((name) => reaper.remove([name])));
    expect(await left()).toEqual([]);
    await reaper.remove(names(300));
    await reaper.remove([]);
  });

  it('deletes the others when one cannot be deleted, and tells of it', async () => {
    await create(3);
    const refused = reaper.remove(['rp0', 'lo', 'rp1']);
    const fine = reaper.remove(['rp2']);
    await expect(refused).rejects.toMatchObject({ errno: 'EOPNOTSUPP', message: /interface lo/ });
    await fine;
    expect(await left()).toEqual([]);
    await expect(reaper.remove(['a b'])).rejects.toMatchObject({ code: 'LC_INVALID' });
  });

  it('leaves the event loop free', async () => {
    await create(2);
    await reaper.remove(['rp1']);
    const before = performance.eventLoopUtilization();
    await reaper.remove(['rp0']);
    const { active } = performance.eventLoopUtilization(before);
    expect(active).toBeLessThan(10);
  });

  it('rejects what waits when it is closed', async () => {
    const closing = new LinkReaper();
    const waiting = closing.remove(['rp-x']);
    await Promise.all([closing.close(), expect(waiting).rejects.toMatchObject({ code: 'LC_CLOSED' })]);
    await expect(closing.remove(['rp-x'])).rejects.toMatchObject({ code: 'LC_CLOSED' });
  });
});
