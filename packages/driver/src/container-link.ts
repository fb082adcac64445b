import { isErrno, type LinkReaper, type Netlink, tapHasOffloads } from '@linecard/linux';
import type { OpenvSwitch } from '@linecard/switch';

/** What links are made with. */
export interface LinkParts {
  readonly ovs: OpenvSwitch;
  readonly net: Netlink;
  readonly reaper: LinkReaper;
}

/** The veth pair of a container before it is moved: `name` stays on the host, `peer` goes. */
export interface ContainerLink {
  readonly name: string;
  readonly peer: string;
  /** The container's MAC address. */
  readonly mac: string;
  readonly mtu: number;
}

/** Makes the veth pairs that containers are plugged in with. */
export class ContainerLinks {
  readonly #parts: LinkParts;
  readonly #offloads = new Map<string, { readonly ifindex: number; readonly has: boolean }>();

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** Makes a pair, up on the host. */
  async make({ name, peer, mac, mtu }: ContainerLink): Promise<void> {
    const { net, reaper } = this.#parts;
    const create = () => net.createVeth({ name, peer, mtu, peerMac: mac, up: true });
    try {
      await create();
    } catch (error) {
      // Left by a process that was killed between the link and the row: Docker asks again with the same ID.
      if (!isErrno(error, 'EEXIST')) throw error;
      await reaper.remove([name]);
      await create();
    }
  }

  /**
   * The userspace datapath passes frames on as they are; without its own offloads a partial checksum stays partial,
   * ping works and TCP delivers nothing. The setting survives the peer's move into the container; nothing happens when
   * it has moved already.
   */
  async setChecksums(peer: string, bridge: string): Promise<void> {
    const { ovs, net } = this.#parts;
    if (!ovs.view.isUserspace(bridge) || this.#hasOffloads(bridge)) return;
    await net.disableTxChecksum(peer).catch((error: unknown) => {
      if (!isErrno(error, 'ENODEV')) throw error;
    });
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
