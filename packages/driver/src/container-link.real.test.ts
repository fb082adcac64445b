import { type Link, LinkReaper, Netlink } from '@linecard/linux';
import type { OpenvSwitch } from '@linecard/switch';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { whyNotHere } from '../../linux/src/testing/own-netns.js';
import { ContainerLinks } from './container-link.js';
import { LinkNames } from './names.js';

const why = whyNotHere();
const names = new LinkNames('lcv', 'lcp');
const use = { bridge: 'user', mtu: 1400 };

describe.skipIf(why !== undefined)(`the links of containers${why === undefined ? '' : ` (${why})`}`, () => {
  let net: Netlink;
  let reaper: LinkReaper;
  let links: ContainerLinks;
  let keeps: boolean;
  beforeEach(() => {
    keeps = true;
    net = Netlink.open();
    reaper = new LinkReaper();
    // Bridges by their datapath: one in userspace, whose frames need whole checksums, and one in the kernel.
    const view = { isUserspace: (bridge: string) => bridge === 'user', interface: () => undefined };
    links = new ContainerLinks({ net, reaper, ovs: { view } as unknown as OpenvSwitch }, names, () => keeps);
  });
  afterEach(async () => {
    await links.close();
    expect(await ours(), 'links that are left').toEqual([]);
    await reaper.close();
    net.close();
  });

  async function ours(): Promise<Link[]> {
    return (await net.links()).filter(({ name }) => names.hostOf(name) !== undefined);
  }
  async function hosts(): Promise<string[]> {
    return (await ours()).map(({ name }) => name).filter((name) => names.isHost(name));
  }
  const spares = async () => (await hosts()).filter((name) => links.isSpare(name));
  const twoWait = () => vi.waitFor(async () => expect(await spares()).toHaveLength(2));
  /** Makes a link for a port as an attach does. Returns its name. */
  async function attach(its = use): Promise<string> {
    const name = links.reserve(its.bridge);
    await links.make(name, its);
    await links.ready(name, its.bridge);
    links.refill();
    return name;
  }
  /** Whether the container's end leaves checksums to whoever gets its frames. */
  const isPartial = async (name: string) =>
    (await net.features(names.peerOf(name))).active.has('tx-checksum-ip-generic');

  it('wait for the next container once there was one, with all that it needs', async () => {
    const first = await attach();
    expect(await hosts()).toEqual([first]);
    await twoWait();
    const waiting = await spares();
    for (const name of waiting) {
      expect(await net.link(name)).toMatchObject({ mtu: 1400, alias: 'linecard spare', flags: { up: true } });
      expect(await net.link(names.peerOf(name))).toMatchObject({ mtu: 1400, flags: { up: false } });
      expect(await isPartial(name)).toBe(false);
    }
    const second = await attach();
    expect(waiting).toContain(second);
    await twoWait();
    expect(await hosts()).toHaveLength(4);
    await reaper.remove([first, second]);
  });

  it('are given to one container each, also to many at once', async () => {
    await reaper.remove([await attach()]);
    await twoWait();
    const made = await Promise.all(Array.from({ length: 8 }, () => attach()));
    expect(new Set(made).size).toBe(8);
    await twoWait();
    expect((await hosts()).sort()).toEqual([...made, ...(await spares())].sort());
    await reaper.remove(made);
  });

  it('fit the network: another MTU is set, and other checksums are another link', async () => {
    await reaper.remove([await attach()]);
    await twoWait();
    const waiting = await spares();
    const small = await attach({ ...use, mtu: 1300 });
    expect(waiting).toContain(small);
    for (const end of [small, names.peerOf(small)]) expect(await net.link(end)).toMatchObject({ mtu: 1300 });
    const inKernel = await attach({ ...use, bridge: 'kernel' });
    expect(waiting).not.toContain(inKernel);
    expect(await isPartial(inKernel)).toBe(true);
    await vi.waitFor(async () => {
      const fitting = await spares();
      expect(fitting).toHaveLength(2);
      for (const name of fitting) expect(await isPartial(name)).toBe(true);
    });
    await reaper.remove([small, inKernel]);
  });

  it('are made anew when somebody has removed them', async () => {
    await reaper.remove([await attach()]);
    await twoWait();
    const waiting = await spares();
    for (const name of waiting) await net.deleteLink(name);
    await vi.waitFor(() => expect(waiting.filter((name) => links.isSpare(name))).toEqual([]));
    const made = await attach();
    expect(waiting).not.toContain(made);
    expect(await hosts()).toContain(made);
    await reaper.remove([made]);
  });

  it('go when there is nothing to wait for, and do not come then', async () => {
    await reaper.remove([await attach()]);
    await twoWait();
    await links.trim();
    expect(await spares(), 'while there is a network').toHaveLength(2);
    keeps = false;
    await links.trim();
    expect(await hosts()).toEqual([]);
    const made = await attach();
    expect(await hosts()).toEqual([made]);
    await reaper.remove([made]);
  });
});
