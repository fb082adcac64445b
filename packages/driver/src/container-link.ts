import { isErrno, type Link, type LinkReaper, type Netlink, tapHasOffloads } from '@linecard/linux';
import type { OpenvSwitch } from '@linecard/switch';
import type { LinkNames } from './names.js';

/** What links are made with. */
export interface LinkParts {
  readonly ovs: OpenvSwitch;
  readonly net: Netlink;
  readonly reaper: LinkReaper;
}

/** What a link is to fit. */
export interface LinkUse {
  readonly bridge: string;
  readonly mtu: number;
}

/** What stands at a link that waits for a container, for people. */
const spareAlias = 'linecard spare';
/** How many links wait: a container that starts with two networks finds both. */
const spareCount = 2;
/** How long, in ms, it must be quiet before links are made in advance: ovs-vswitchd has other work before. */
const quietMs = 12;

interface Spare {
  /** Undefined until the link is there. */
  mtu?: number;
  /** Whether its checksums are computed before a frame leaves the container. */
  readonly checksums: boolean;
  isTaken: boolean;
}

/**
 * Makes the veth pairs that containers are plugged in with, a few of them in advance: every change of a link makes
 * ovs-vswitchd look at all ports of all bridges, and what asks it to plug the link in would wait for that. With a link
 * that has its name, its MTU and its checksums already the first look is the one that counts: an attach takes half the
 * time among 200 ports. So neither the name nor anything else of a link may tell whose it will be.
 */
export class ContainerLinks {
  readonly #names: LinkNames;
  readonly #parts: LinkParts;
  readonly #keepsSpares: () => boolean;
  readonly #offloads = new Map<string, { readonly ifindex: number; readonly has: boolean }>();
  /** The links that wait, by the name of the host's end: from before they are made until their containers have them. */
  readonly #spares = new Map<string, Spare>();
  #stopWatching: (() => void) | undefined;
  /** The next ones are made for the same. */
  #lastUse: LinkUse | undefined;
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> = Promise.resolve();

  /** `keepsSpares` says whether links are to be made in advance now. */
  constructor(parts: LinkParts, names: LinkNames, keepsSpares: () => boolean) {
    this.#parts = parts;
    this.#names = names;
    this.#keepsSpares = keepsSpares;
  }

  /** The name of a link for a port of a bridge: of one that waits, or a new one. {@link make} sees to it that it is there. */
  reserve(bridge: string): string {
    const checksums = this.#needsChecksums(bridge);
    for (const [name, spare] of this.#spares) {
      if (spare.mtu === undefined || spare.isTaken || spare.checksums !== checksums) continue;
      spare.isTaken = true;
      return name;
    }
    return this.#names.fresh();
  }

  /** Whether a link waits for a container, so that it is nobody's and not to be removed. */
  isSpare(name: string): boolean {
    return this.#spares.has(name);
  }

  /**
   * Removes those of some links that are ours, that no port uses and no container holds, and that do not wait: made by a
   * process that was killed before it could write the row, or left by one that was killed before it could delete them.
   * `isUsed` is asked afterwards, so that whose link is among them is known by then. Returns how many there were.
   */
  async removeOrphans(links: Iterable<Link>, isUsed: (name: string) => boolean): Promise<number> {
    const ends = [...links].filter(({ kind, peerNetnsid }) => kind === 'veth' && peerNetnsid === undefined);
    const names = new Set(ends.flatMap(({ name }) => this.#names.hostOf(name) ?? []));
    const orphans = [...names].filter((name) => !isUsed(name) && !this.isSpare(name));
    await this.#parts.reaper.remove(orphans);
    return orphans.length;
  }

  /** Makes a link that was reserved: up on the host. */
  async make(name: string, use: LinkUse): Promise<void> {
    const { net } = this.#parts;
    const peer = this.#names.peerOf(name);
    const spare = this.#spares.get(name);
    if (spare === undefined) await net.createVeth({ name, peer, mtu: use.mtu, up: true });
    else if (spare.mtu !== use.mtu) {
      await Promise.all([name, peer].map((end) => net.setLink(end, { mtu: use.mtu })));
    }
    clearTimeout(this.#timer);
    this.#lastUse = use;
  }

  /** Told when a port works: soon, other links may be made in place of those that were taken. */
  refill(): void {
    clearTimeout(this.#timer);
    if (this.#keepsSpares()) this.#timer = setTimeout(() => this.#fill(), quietMs);
  }

  /** Removes the links that wait, unless they are still to be kept. */
  async trim(): Promise<void> {
    if (!this.#keepsSpares()) await this.#removeSpares();
  }

  /** Removes the links that wait. */
  async close(): Promise<void> {
    await this.#removeSpares();
    this.#stopWatching?.();
  }

  async #removeSpares(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#filling;
    await this.#remove(() => true);
  }

  async #remove(isUnfit: (spare: Spare) => boolean): Promise<void> {
    const gone = [...this.#spares].filter(([, spare]) => !spare.isTaken && isUnfit(spare)).map(([name]) => name);
    for (const name of gone) this.#spares.delete(name);
    await this.#parts.reaper.remove(gone);
  }

  #fill(): void {
    // What could not be made is made when it is needed, and the error is told then.
    this.#filling = this.#filling.then(() => this.#makeSpares()).catch(() => undefined);
  }

  async #makeSpares(): Promise<void> {
    if (this.#lastUse === undefined) return;
    const { bridge, mtu } = this.#lastUse;
    const { net } = this.#parts;
    this.#stopWatching ??= net.watch((event) => {
      // Removed by hand, or with what it was made for.
      if (event.kind === 'link' && event.change === 'delete') this.#spares.delete(event.link.name);
    });
    const checksums = this.#needsChecksums(bridge);
    await this.#remove((spare) => spare.checksums !== checksums);
    const waiting = () => [...this.#spares.values()].filter(({ isTaken }) => !isTaken).length;
    while (waiting() < spareCount && this.#keepsSpares()) {
      const [name, spare]: [string, Spare] = [this.#names.fresh(), { checksums, isTaken: false }];
      const peer = this.#names.peerOf(name);
      this.#spares.set(name, spare);
      try {
        await net.createVeth({ name, peer, mtu, up: true, alias: spareAlias });
        if (checksums) await net.disableTxChecksum(peer);
        spare.mtu = mtu;
      } catch (error) {
        await this.#remove((one) => one === spare);
        throw error;
      }
    }
  }

  /**
   * Makes a link that is for a port of a bridge ready to be moved; nothing happens when it has moved already. What was
   * made in advance is ready: while ovs-vswitchd takes the link in, it holds the kernel's lock that this would wait for.
   */
  async ready(name: string, bridge: string): Promise<void> {
    const isReady = this.#spares.delete(name);
    if (isReady || !this.#needsChecksums(bridge)) return;
    await this.#parts.net.disableTxChecksum(this.#names.peerOf(name)).catch((error: unknown) => {
      if (!isErrno(error, 'ENODEV')) throw error;
    });
  }

  /**
   * The userspace datapath passes frames on as they are; without its own offloads a partial checksum stays partial,
   * ping works and TCP delivers nothing. So the container's end computes them; that survives its move.
   */
  #needsChecksums(bridge: string): boolean {
    return this.#parts.ovs.view.isUserspace(bridge) && !this.#hasOffloads(bridge);
  }

  /** Whether the local port of a bridge has offloads. Asked once for each device: it is a new one when ovs-vswitchd is. */
  #hasOffloads(bridge: string): boolean {
    const ifindex = this.#parts.ovs.view.interface(bridge)?.ifindex;
    const known = this.#offloads.get(bridge);
    if (known !== undefined && known.ifindex === ifindex) return known.has;
    const has = tapHasOffloads(bridge);
    if (ifindex !== undefined) this.#offloads.set(bridge, { ifindex, has });
    return has;
  }
}
