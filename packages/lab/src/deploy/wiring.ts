import { type NetnsRef, netnsPath, run } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import type { Cable, Endpoint, Lab, LabLink, LabNode, Stub } from '../model/types.js';
import { deferred } from './deferred.js';
import { endsOf } from './endpoint.js';
import { groupOf, labId } from './marks.js';
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
    const present = new Set((await this.#world.netlink.links()).map(({ name }) => name));
    const seats: [string, Seat][] = [['host', { host: true }]];
    if (management !== undefined) seats.push(['mgmt-net', { host: true, master: await this.#index(management) }]);
    for (const { name, kind } of this.#nodes.values()) {
      if (kind === 'host') seats.push([name, { host: true }]);
      if (kind === 'bridge') seats.push([name, { host: true, master: await this.#index(name) }]);
      if (kind === 'ovs-bridge') seats.push([name, { host: true, ovs: name }]);
    }
    for (const [name, seat] of seats) {
      this.#present.set(name, present);
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
    const { netlink } = this.#world;
    const names = fresh ? [] : await netlink.links({ netnsid: await netlink.netnsid(netns) });
    this.#present.set(node, new Set(names.map(({ name }) => name)));
    this.#seats.set(node, { netns });
    this.#enqueue();
    const own = [...this.#links].filter(
      ([link]) => link.a.node === node || (link.type === 'cable' && link.b.node === node),
    );
    const hadNone = !own.flatMap(([link]) => endsOf(link)).some((end) => end.node === node && this.#has(end));
    await Promise.all(own.map(([, promise]) => promise));
    return hadNone;
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
    if ('ovs' in seatA && 'ovs' in seatB) return this.#patch(link);
    // The first end of a pair is the one that the kernel sets up, marks and plugs in at its creation.
    const swap = 'host' in seatB && !('host' in seatA);
    const [first, second] = swap ? [link.b, link.a] : [link.a, link.b];
    const [own, peer] = swap ? [seatB, seatA] : [seatA, seatB];
    if (this.#has(first)) {
      if (this.#has(second) || !('host' in own)) return;
      throw new LinecardError('LC_CONFLICT', `the host has an interface ${first.name} already`, {
        hint: 'names of bridge and host interfaces are names of the host: choose one that is free',
      });
    }
    await this.#world.netlink.createVeth({
      name: first.name,
      peer: second.name,
      mtu: link.mtu,
      // Who waits for an interface to be up finds its addresses there.
      up: 'host' in own || first.addresses.length === 0,
      ...('netns' in own ? { netns: own.netns } : { group: groupOf(this.#lab.name) }),
      ...('host' in own && own.master !== undefined ? { master: own.master } : {}),
      ...('netns' in peer ? { peerNetns: peer.netns } : {}),
      ...(first.mac === undefined ? {} : { mac: first.mac }),
      ...(second.mac === undefined ? {} : { peerMac: second.mac }),
    });
    this.made++;
    if ('host' in peer) await this.#finishOnHost(second, peer);
    for (const [end, seat] of [
      [first, own],
      [second, peer],
    ] as const) {
      if ('ovs' in seat) await this.#plug(end, seat.ovs!);
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

  async #plug(end: Endpoint, bridge: string): Promise<void> {
    const ovs = await this.#world.openvswitch();
    if (ovs.view.isUserspace(bridge)) this.#userspace.add(bridge);
    const ofport = end.ofport === undefined ? {} : { ofport: end.ofport };
    const ids = new Map([[labId, this.#lab.name]]);
    // A port that a reboot has left in the database has lost its device, and remembers that as its error.
    if (ovs.view.interface(end.name)?.error) await ovs.commit((edit) => edit.removePort(end.name));
    await ovs.commit((edit) => edit.ensurePort({ bridge, name: end.name, type: '', ...ofport, externalIds: ids }));
    await ovs.ofport(end.name, 10_000);
  }

  /** Two bridges of one switch are joined inside it. */
  async #patch({ a, b }: Cable): Promise<void> {
    const ovs = await this.#world.openvswitch();
    await ovs.commit((edit) => {
      for (const [own, other] of [
        [a, b],
        [b, a],
      ] as const) {
        edit.ensurePort({
          bridge: own.node,
          name: own.name,
          type: 'patch',
          options: new Map([['peer', other.name]]),
          ...(own.ofport === undefined ? {} : { ofport: own.ofport }),
          externalIds: new Map([[labId, this.#lab.name]]),
        });
      }
    });
    await Promise.all([ovs.ofport(a.name, 10_000), ovs.ofport(b.name, 10_000)]);
    this.made++;
  }

  async #stub(link: Stub, setup: Setup): Promise<void> {
    const seat = this.#seats.get(link.a.node)!;
    if (!('netns' in seat)) throw new LinecardError('LC_INVALID', `a ${link.type} link leads to a container`);
    if (this.#has(link.a)) return;
    await makeStub(this.#world, this.#lab.name, link, seat.netns);
    this.made++;
    setup.add(link.a, seat.netns, true, false);
  }
}

/** What is still to be done inside namespaces: one run of ip(8) each. */
class Setup {
  readonly #lines = new Map<string, { netns: NetnsRef; lines: string[]; checksums: string[] }>();

  add({ node, name, addresses }: Endpoint, netns: NetnsRef, down: boolean, checksums: boolean): void {
    const entry = this.#lines.get(node) ?? { netns, lines: [], checksums: [] };
    this.#lines.set(node, entry);
    for (const address of addresses) {
      entry.lines.push(`addr replace ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`);
    }
    if (down) entry.lines.push(`link set dev ${name} up`);
    if (checksums) entry.checksums.push(name);
  }

  /** Returns what failed, by node. */
  async run(): Promise<ReadonlyMap<string, unknown>> {
    const failures = new Map<string, unknown>();
    await Promise.all(
      [...this.#lines].map(async ([node, { netns, lines, checksums }]) => {
        const enter = ['nsenter', `--net=${netnsPath(netns)}`, '--'] as const;
        try {
          for (const name of checksums) await run([...enter, 'ethtool', '-K', name, 'tx', 'off']);
          if (lines.length > 0)
            await run([...enter, 'ip', '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
        } catch (error) {
          failures.set(node, error);
        }
      }),
    );
    return failures;
  }
}
