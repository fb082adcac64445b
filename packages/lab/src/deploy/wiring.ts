import { type NetnsRef, netnsPath, run } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import { endsOf } from '../model/ends.js';
import type { Cable, Endpoint, Lab, LabLink, LabNode, Stub } from '../model/types.js';
import { deferred } from './deferred.js';
import { groupOf, macOf } from './marks.js';
import { patchBridges, plugPort, unplugPort } from './plug.js';
import { Setup } from './setup.js';
import { makeStub } from './stubs.js';
import type { World } from './world.js';

/** Where the interfaces of a node are: in a namespace, or in that of the host as ports of a bridge. */
interface HostSeat {
  readonly host: true;
  /** The index of the kernel's bridge that interfaces are ports of. */
  readonly master?: number;
  /** The name of the Open vSwitch bridge that they are ports of. */
  readonly ovs?: string;
}

type Seat = { readonly netns: NetnsRef } | HostSeat;

/** The namespace of the host. */
const here: NetnsRef = { path: '/proc/self/ns/net' };

interface Job {
  readonly link: LabLink;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Makes the links of a lab, each as soon as both of its nodes are there. All that became possible while it was busy is
 * done together: one program run per namespace sets up what the kernel creates down.
 */
export class Wiring {
  readonly #world: World;
  readonly #lab: Lab;
  readonly #nodes: ReadonlyMap<string, LabNode>;
  readonly #seats = new Map<string, Seat>();
  readonly #present = new Map<string, ReadonlySet<string>>();
  readonly #links = new Map<LabLink, Promise<void>>();
  readonly #jobs = new Map<LabLink, Job>();
  /** Bridges that forward in userspace, where checksums must be complete. */
  readonly #userspace = new Set<string>();
  /** The interfaces of the host that are the lab's, and all others. */
  #onHost: ReadonlySet<string> = new Set();
  #foreign: ReadonlySet<string> = new Set();
  #queue: Job[] = [];
  #busy = false;
  /** How many links were made. */
  made = 0;

  constructor(world: World, lab: Lab) {
    this.#world = world;
    this.#lab = lab;
    this.#nodes = new Map(lab.nodes.map((node) => [node.name, node]));
    for (const link of lab.links) {
      const { promise, resolve, reject } = deferred();
      promise.catch(() => undefined);
      this.#links.set(link, promise);
      this.#jobs.set(link, { link, done: resolve, failed: reject });
    }
  }

  /** Takes the host and its bridges as ready. `management` is the bridge of the management network. */
  async start(management: string | undefined): Promise<void> {
    const links = await this.#world.netlink.links();
    const group = groupOf(this.#lab.name);
    this.#onHost = new Set(links.filter((link) => link.group === group).map(({ name }) => name));
    this.#foreign = new Set(links.filter((link) => link.group !== group).map(({ name }) => name));
    const seats: [string, Seat][] = [['host', { host: true }]];
    if (management !== undefined) seats.push(['mgmt-net', { host: true, master: await this.#index(management) }]);
    for (const { name, kind } of this.#nodes.values()) {
      if (kind === 'host') seats.push([name, { host: true }]);
      if (kind === 'bridge') seats.push([name, { host: true, master: await this.#index(name) }]);
      if (kind === 'ovs-bridge') seats.push([name, { host: true, ovs: name }]);
    }
    for (const [name, seat] of seats) {
      this.#present.set(name, this.#onHost);
      this.#seats.set(name, seat);
    }
    this.#enqueue();
  }

  async #index(name: string): Promise<number> {
    const link = await this.#world.netlink.link(name);
    if (link === undefined) throw new LinecardError('LC_NOT_FOUND', `there is no bridge ${name} on the host`);
    return link.index;
  }

  /**
   * A node's namespace is there; `fresh` when nothing can be in it yet. Resolves when all its links are made; true when
   * none of them was there before.
   */
  async ready(node: string, netns: NetnsRef, fresh: boolean): Promise<boolean> {
    const mode = this.#nodes.get(node)?.networkMode;
    const isEmpty = fresh && mode?.startsWith('container:') !== true;
    const names = mode === 'host' ? this.#onHost : isEmpty ? new Set<string>() : await this.#namesIn(netns);
    this.#present.set(node, names);
    this.#seats.set(node, mode === 'host' ? { host: true } : { netns });
    this.#enqueue();
    const own = [...this.#links].filter(
      ([link]) => link.a.node === node || (link.type === 'cable' && link.b.node === node),
    );
    const hadNone = !own.flatMap(([link]) => endsOf(link)).some((end) => end.node === node && this.#has(end));
    await Promise.all(own.map(([, promise]) => promise));
    return hadNone;
  }

  async #namesIn(netns: NetnsRef): Promise<ReadonlySet<string>> {
    const { netlink } = this.#world;
    const links = await netlink.links({ netnsid: await netlink.netnsid(netns) });
    return new Set(links.map(({ name }) => name));
  }

  #enqueue(): void {
    for (const [link, job] of this.#jobs) {
      const far = link.type === 'cable' ? link.b.node : link.a.node;
      if (!this.#seats.has(link.a.node) || !this.#seats.has(far)) continue;
      this.#jobs.delete(link);
      this.#queue.push(job);
    }
    if (!this.#busy && this.#queue.length > 0) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      const setup = new Setup();
      const made = await Promise.all(batch.map((job) => this.#make(job, setup)));
      const failures = await setup.run();
      for (const job of made) {
        const failure =
          job &&
          endsOf(job.link)
            .map(({ node }) => failures.get(node))
            .find((one) => one !== undefined);
        if (failure === undefined) job?.done();
        else job?.failed(failure);
      }
    }
    this.#busy = false;
  }

  async #make(job: Job, setup: Setup): Promise<Job | undefined> {
    try {
      if (job.link.type === 'cable') await this.#cable(job.link, setup);
      else await this.#stub(job.link, setup);
      return job;
    } catch (cause) {
      const text = endsOf(job.link)
        .map(({ node, name }) => `${node}:${name}`)
        .join(' - ');
      const { message, hint } = cause as Error & { hint?: string };
      job.failed(
        new LinecardError('LC_KERNEL', `the link ${text}: ${message}`, {
          cause,
          ...(hint === undefined ? {} : { hint }),
        }),
      );
      return undefined;
    }
  }

  async #cable(link: Cable, setup: Setup): Promise<void> {
    const [seatA, seatB] = [this.#seats.get(link.a.node)!, this.#seats.get(link.b.node)!];
    if ('ovs' in seatA && 'ovs' in seatB) {
      if (await patchBridges(this.#world, this.#lab.name, link)) this.made++;
      return;
    }
    // The first end of a pair is the one that the kernel sets up, marks and plugs in at its creation.
    const swap = 'host' in seatB && !('host' in seatA);
    const [first, second] = swap ? [link.b, link.a] : [link.a, link.b];
    const [own, peer] = swap ? [seatB, seatA] : [seatA, seatB];
    for (const [end, seat] of [
      [first, own],
      [second, peer],
    ] as const) {
      if ('host' in seat && this.#foreign.has(end.name)) throw taken('the host', end);
    }
    if (!this.#has(first) || !this.#has(second)) {
      await this.#removeRemnant(first, own);
      await this.#removeRemnant(second, peer);
      if ('ovs' in own) await unplugPort(this.#world, this.#lab.name, first.name);
      if ('ovs' in peer) await unplugPort(this.#world, this.#lab.name, second.name);
      await this.#makePair(link, [first, own], [second, peer]);
    }
    // A deploy that was killed here has left a pair that nobody has finished: all of this may be done again.
    if ('host' in peer) await this.#finishOnHost(second, peer);
    for (const [end, seat, far] of [
      [first, own, second],
      [second, peer, first],
    ] as const) {
      if (!('ovs' in seat)) continue;
      const isUserspace = await plugPort(this.#world, this.#lab.name, end, far.node);
      if (isUserspace) this.#userspace.add(seat.ovs!);
    }
    const completes = this.#needsChecksums(own) || this.#needsChecksums(peer);
    if ('netns' in own) setup.add(first, own.netns, first.addresses.length > 0, completes);
    if ('netns' in peer) setup.add(second, peer.netns, true, completes);
    for (const [end, seat] of [
      [first, own],
      [second, peer],
    ] as const) {
      if ('host' in seat && end.addresses.length > 0) setup.add(end, here, false, false);
    }
  }

  async #makePair(link: Cable, [first, own]: [Endpoint, Seat], [second, peer]: [Endpoint, Seat]): Promise<void> {
    await this.#world.netlink.createVeth({
      name: first.name,
      peer: second.name,
      mtu: link.mtu,
      // Who waits for an interface to be up finds its addresses there.
      up: 'host' in own || first.addresses.length === 0,
      ...('netns' in own ? { netns: own.netns } : { group: groupOf(this.#lab.name) }),
      ...('host' in own && own.master !== undefined ? { master: own.master } : {}),
      ...('netns' in peer ? { peerNetns: peer.netns } : {}),
      mac: first.mac ?? macOf(this.#world.hostId, this.#lab.name, first),
      peerMac: second.mac ?? macOf(this.#world.hostId, this.#lab.name, second),
    });
    this.made++;
  }

  /**
   * One end alone belongs to a pair whose other end has gone with a container's namespace, and goes itself before long:
   * the kernel takes its time. What may be something else is not the lab's to remove.
   */
  async #removeRemnant(end: Endpoint, seat: Seat): Promise<void> {
    if (!this.#has(end)) return;
    if (!('netns' in seat)) return this.#world.reaper.remove([end.name]);
    const { netlink } = this.#world;
    const link = await netlink.link(end.name, { netnsid: await netlink.netnsid(seat.netns) });
    if (link !== undefined && (link.kind !== 'veth' || this.#isForeign(end))) throw taken(`node ${end.node}`, end);
    const enter = ['nsenter', `--net=${netnsPath(seat.netns)}`, '--'] as const;
    await run([...enter, 'ip', 'link', 'delete', end.name]).catch(ignoreMissing);
  }

  /** Whether the namespace of a node belongs to a container that is not the lab's. */
  #isForeign({ node: name }: Endpoint): boolean {
    const node = this.#nodes.get(name);
    const owner = /^container:(.+)$/.exec(node?.networkMode ?? '')?.[1];
    return node?.kind === 'ext-container' || (owner !== undefined && !this.#nodes.has(owner));
  }

  #has({ node, name }: Endpoint): boolean {
    return this.#present.get(node)?.has(name) ?? false;
  }

  async #finishOnHost({ name }: Endpoint, seat: HostSeat): Promise<void> {
    const master = seat.master === undefined ? {} : { master: seat.master };
    await this.#world.netlink.setLink(name, { up: true, group: groupOf(this.#lab.name), ...master });
  }

  #needsChecksums(seat: Seat): boolean {
    return 'ovs' in seat && this.#userspace.has(seat.ovs!);
  }

  async #stub(link: Stub, setup: Setup): Promise<void> {
    const seat = this.#seats.get(link.a.node)!;
    if (!('netns' in seat)) throw new LinecardError('LC_INVALID', `a ${link.type} link leads to a container`);
    if (!this.#has(link.a)) {
      await makeStub(this.#world, this.#lab.name, link, seat.netns);
      this.made++;
    }
    setup.add(link.a, seat.netns, true, false);
  }
}

function taken(where: string, { name }: Endpoint): LinecardError {
  return new LinecardError('LC_CONFLICT', `${where} has an interface ${name} already`, {
    hint: 'choose a name that is free; bridges and the host share the names of the host',
  });
}

function ignoreMissing(error: Error): void {
  if (!error.message.includes('Cannot find device')) throw error;
}
