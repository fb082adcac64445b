import type { Cidr } from '@linecard/wire';
import {
  type Address,
  AF,
  asCidr,
  decodeAddress,
  decodeRoute,
  encodeAddress,
  encodeRoute,
  type Route,
  type RouteChange,
} from './address.js';
import { disableTxChecksum, type Features, readFeatures } from './ethtool.js';
import {
  decodeLink,
  encodeDeleteLink,
  encodeGetLink,
  encodeNewLink,
  encodeSetLink,
  encodeVeth,
  type Link,
  type LinkChange,
  type LinkSelector,
  type VethOptions,
} from './link.js';
import { checkInterfaceName } from './names.js';
import { Channel } from './netlink/channel.js';
import { NLM_F } from './netlink/frame.js';
import { GenericNetlink } from './netlink/genl.js';
import { assertLittleEndian } from './netlink/host-order.js';
import { isErrno, KernelError } from './netlink/kernel-error.js';
import {
  address as addressMessage,
  netnsid as netnsidMessage,
  RTM,
  route as routeMessage,
} from './netlink/rtnetlink.js';
import { NETLINK_ROUTE, openSocket } from './netlink/transport.js';
import { type NetnsRef, netnsPath, withNetnsFd } from './netns.js';
import { type WatchEvent, watchNetlink } from './watch.js';

/** Limits of a {@link Netlink}. */
export interface NetlinkOptions {
  /** How long the kernel may take for one request, in ms (5000). */
  readonly timeoutMs?: number;
}

/** Where a link is looked for: this namespace, or the one that has this ID here (see {@link Netlink.netnsid}). */
export interface Where {
  readonly netnsid?: number;
}

/**
 * The kernel's network configuration (rtnetlink(7)) of the namespace that the process runs in. Every refusal of the
 * kernel is a {@link KernelError}: `LC_KERNEL` with `errno`. An idle Netlink does not keep the process alive.
 */
export class Netlink {
  readonly #channel: Channel;
  readonly #watchers = new Set<{ readonly listener: (event: WatchEvent) => void }>();
  #stopWatching: (() => void) | undefined;
  #generic: GenericNetlink | undefined;

  private constructor(options: NetlinkOptions) {
    this.#channel = new Channel((events) => openSocket(NETLINK_ROUTE, events), options);
  }

  /** Opens a socket. Throws `LC_KERNEL`. */
  static open(options: NetlinkOptions = {}): Netlink {
    assertLittleEndian();
    return new Netlink(options);
  }

  /** Rejects what is under way with `LC_CLOSED`. */
  close(): void {
    void this.#channel.close();
    void this.#generic?.close();
  }

  /** All links of a namespace, consistent: never half before and half after a change. */
  async links(where: Where = {}): Promise<Link[]> {
    const frames = await this.#channel.dump({
      what: 'list the interfaces',
      type: RTM.GETLINK,
      payload: encodeGetLink(undefined, where.netnsid),
    });
    return frames.map((frame) => decodeLink(frame.payload));
  }

  /** One link, or undefined when there is none. */
  async link(selector: LinkSelector, where: Where = {}): Promise<Link | undefined> {
    const frames = await absent(
      this.#channel.request({
        what: `read the interface ${selector}`,
        type: RTM.GETLINK,
        payload: encodeGetLink(selector, where.netnsid),
      }),
      'ENODEV',
    );
    return frames?.[0] === undefined ? undefined : decodeLink(frames[0].payload);
  }

  /**
   * Makes a veth pair with names, MTU and addresses of both ends, and sets the first end up, in one request; an alias
   * takes a second one, because the kernel does not take it at creation. With `netns` and `peerNetns` the ends appear
   * there.
   */
  async createVeth(options: VethOptions & { readonly netns?: NetnsRef; readonly peerNetns?: NetnsRef }): Promise<void> {
    const create = async (own?: number, peer?: number) => {
      await this.#channel.request({
        what: `create the veth pair ${options.name} and ${options.peer}`,
        type: RTM.NEWLINK,
        flags: NLM_F.CREATE | NLM_F.EXCL,
        payload: encodeVeth(options, { own, peer }),
      });
    };
    await withOptionalFd(options.netns, (own) => withOptionalFd(options.peerNetns, (peer) => create(own, peer)));
    if (options.alias !== undefined) await this.setLink(options.name, { alias: options.alias });
  }

  /** Makes a link of a kind without parameters, such as `bridge`, and sets it up. */
  async createLink(kind: string, name: string, options: { readonly group?: number } = {}): Promise<void> {
    await this.#channel.request({
      what: `create the ${kind} ${name}`,
      type: RTM.NEWLINK,
      flags: NLM_F.CREATE | NLM_F.EXCL,
      payload: encodeNewLink(kind, name, options.group),
    });
  }

  /**
   * Changes a link in one request. With `netns` the link moves there first, and the other changes, a new name among
   * them, apply where it arrives.
   */
  async setLink(selector: LinkSelector, change: LinkChange & { readonly netns?: NetnsRef }): Promise<void> {
    const { netns, ...rest } = change;
    // A rename by name needs the index: the one attribute for a name says the new one.
    const target = rest.name === undefined || typeof selector === 'number' ? selector : await this.#indexOf(selector);
    const set = async (fd?: number) => {
      const where = netns === undefined ? '' : ` and move it to ${netnsPath(netns)}`;
      await this.#channel.request({
        what: `change the interface ${selector}${where}`,
        type: RTM.SETLINK,
        payload: encodeSetLink(target, rest, fd),
      });
    };
    await (netns === undefined ? set() : withNetnsFd(netns, set));
  }

  async #indexOf(name: string): Promise<number> {
    const found = await this.link(name);
    if (found === undefined) throw new KernelError(`change the interface ${name}`, 'ENODEV');
    return found.index;
  }

  /**
   * Deletes a link; false when it was not there. Deleting blocks this thread for some 16 ms, the grace period of the
   * kernel: where that matters use {@link LinkReaper}.
   */
  async deleteLink(selector: LinkSelector, where: Where = {}): Promise<boolean> {
    const done = this.#channel.request({
      what: `delete the interface ${selector}`,
      type: RTM.DELLINK,
      payload: encodeDeleteLink(selector, where.netnsid),
    });
    return (await absent(done, 'ENODEV')) !== undefined;
  }

  /**
   * The end in this namespace of the veth whose other end is `selector` in the namespace `netnsid`; undefined when
   * there is no such link, it is no veth, or its peer is elsewhere. Both ends must point at each other.
   */
  async peerOf(selector: LinkSelector, where: Required<Where>): Promise<Link | undefined> {
    const inside = await this.link(selector, where);
    if (inside?.peerIndex === undefined || inside.kind !== 'veth') return undefined;
    const outside = await this.link(inside.peerIndex);
    const mutual = outside?.peerIndex === inside.index && outside.peerNetnsid === where.netnsid;
    return mutual ? outside : undefined;
  }

  /** The addresses of this namespace, of one interface or family when given. */
  async addresses(filter: { readonly ifindex?: number; readonly family?: 4 | 6 } = {}): Promise<Address[]> {
    const family = filter.family === undefined ? 0 : filter.family === 4 ? AF.INET : AF.INET6;
    const frames = await this.#channel.dump({
      what: 'list the addresses',
      type: RTM.GETADDR,
      payload: addressMessage.encode({ family }, {}),
    });
    const wanted = (one: Address) => filter.ifindex === undefined || one.ifindex === filter.ifindex;
    return frames.flatMap((frame) => decodeAddress(frame.payload) ?? []).filter(wanted);
  }

  /** Gives an interface an address; it may have it already. An IPv6 address is usable at once (no DAD). */
  async addAddress(ifindex: number, cidr: Cidr | string): Promise<void> {
    await this.#channel.request({
      what: `add the address ${describe(cidr)} to interface ${ifindex}`,
      type: RTM.NEWADDR,
      flags: NLM_F.CREATE | NLM_F.REPLACE,
      payload: encodeAddress(ifindex, cidr),
    });
  }

  /** Takes an address away; false when it was not there. */
  async deleteAddress(ifindex: number, cidr: Cidr | string): Promise<boolean> {
    const done = this.#channel.request({
      what: `delete the address ${describe(cidr)} of interface ${ifindex}`,
      type: RTM.DELADDR,
      payload: encodeAddress(ifindex, cidr),
    });
    return (await absent(done, 'EADDRNOTAVAIL', 'ENODEV')) !== undefined;
  }

  /** The unicast routes of all tables, without multipath routes. */
  async routes(filter: { readonly family?: 4 | 6 } = {}): Promise<Route[]> {
    const family = filter.family === undefined ? 0 : filter.family === 4 ? AF.INET : AF.INET6;
    const frames = await this.#channel.dump({
      what: 'list the routes',
      type: RTM.GETROUTE,
      payload: routeMessage.encode({ family }, {}),
    });
    return frames.flatMap((frame) => decodeRoute(frame.payload) ?? []);
  }

  /** Adds a route, or replaces the one to the same destination with the same metric. */
  async addRoute(change: RouteChange): Promise<void> {
    await this.#channel.request({
      what: `add the route to ${describe(change.destination)}`,
      type: RTM.NEWROUTE,
      flags: NLM_F.CREATE | NLM_F.REPLACE,
      payload: encodeRoute(change),
    });
  }

  /** Deletes a route; false when it was not there. */
  async deleteRoute(change: RouteChange): Promise<boolean> {
    const done = this.#channel.request({
      what: `delete the route to ${describe(change.destination)}`,
      type: RTM.DELROUTE,
      payload: encodeRoute(change),
    });
    return (await absent(done, 'ESRCH')) !== undefined;
  }

  /** The ID that a namespace has in this one; it gets one when it has none. IDs mean nothing in other namespaces. */
  netnsid(ref: NetnsRef): Promise<number> {
    return withNetnsFd(ref, async (fd) => {
      const found = await this.#getNetnsid(ref, fd);
      if (found !== undefined) return found;
      const assigned = this.#channel.request({
        what: `give the namespace ${netnsPath(ref)} an ID`,
        type: RTM.NEWNSID,
        payload: netnsidMessage.encode({}, { nsid: -1, fd }),
      });
      await absent(assigned, 'EEXIST');
      const now = await this.#getNetnsid(ref, fd);
      if (now === undefined) throw new KernelError(`read the ID of the namespace ${netnsPath(ref)}`, 'ENONET');
      return now;
    });
  }

  async #getNetnsid(ref: NetnsRef, fd: number): Promise<number | undefined> {
    const frames = await this.#channel.request({
      what: `read the ID of the namespace ${netnsPath(ref)}`,
      type: RTM.GETNSID,
      payload: netnsidMessage.encode({}, { fd }),
    });
    const nsid = frames[0] === undefined ? undefined : netnsidMessage.decode(frames[0].payload).attrs.nsid;
    return nsid === undefined || nsid < 0 ? undefined : nsid;
  }

  /**
   * Calls `listener` for every change of links and addresses of this namespace; returns the function that stops it. All
   * listeners share one subscription: what the kernel says is read and decoded once.
   */
  watch(listener: (event: WatchEvent) => void): () => void {
    const watcher = { listener };
    this.#watchers.add(watcher);
    this.#stopWatching ??= watchNetlink((event) => {
      for (const one of this.#watchers) one.listener(event);
    });
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      this.#stopWatching?.();
      this.#stopWatching = undefined;
    };
  }

  /** The offload features of an interface. */
  async features(name: string): Promise<Features> {
    return readFeatures(this.#genl(), checkInterfaceName(name));
  }

  /** As `ethtool -K NAME tx off`: checksums are computed before a packet leaves the interface. */
  async disableTxChecksum(name: string): Promise<void> {
    await disableTxChecksum(this.#genl(), checkInterfaceName(name));
  }

  /** Whether the kernel has a generic netlink family, as `ovs_datapath`. */
  async hasGenlFamily(name: string): Promise<boolean> {
    return (await this.#genl().family(name)) !== undefined;
  }

  #genl(): GenericNetlink {
    this.#generic ??= new GenericNetlink();
    return this.#generic;
  }
}

function withOptionalFd<T>(ref: NetnsRef | undefined, use: (fd?: number) => Promise<T>): Promise<T> {
  return ref === undefined ? use() : withNetnsFd(ref, use);
}

function describe(cidr: Cidr | string): string {
  const { address, prefix } = asCidr(cidr);
  return `${address}/${prefix}`;
}

async function absent<T>(done: Promise<T>, ...errnos: readonly string[]): Promise<T | undefined> {
  try {
    return await done;
  } catch (error) {
    if (isErrno(error, ...errnos)) return undefined;
    throw error;
  }
}
