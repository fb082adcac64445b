import type { DockerEngine } from '@linecard/docker';
import type { Link, Netlink } from '@linecard/linux';
import type { InterfaceRow, OpenvSwitch } from '@linecard/switch';
import { LinecardError } from '@linecard/wire';

/** An Ethernet interface of a container and where it is plugged in. */
export interface ContainerInterface {
  readonly ifname: string;
  readonly mac: string;
  /** The bridge that it is plugged into; absent when it is on none. */
  readonly bridge?: string;
  /** Its OpenFlow port there. */
  readonly ofport?: number;
  /** The name of the switch's interface. */
  readonly hostInterface?: string;
}

const ethernet = 1;

/**
 * The interfaces of a container with their OpenFlow ports, whoever made them: what the kernel says of the container's
 * namespace leads to the other end of each veth, and that to the Interface row. Nothing runs inside of the container.
 */
export class PortFinder {
  readonly #engine: DockerEngine;
  readonly #net: Netlink;
  readonly #ovs: OpenvSwitch;

  constructor(parts: { engine: DockerEngine; net: Netlink; ovs: OpenvSwitch }) {
    this.#engine = parts.engine;
    this.#net = parts.net;
    this.#ovs = parts.ovs;
  }

  /** By name, ID or unique beginning of an ID. Rejects with `LC_NOT_FOUND`, or `LC_INVALID` when it does not run. */
  async find(containerRef: string): Promise<ContainerInterface[]> {
    await this.#ovs.whenReady(5000);
    const { pid, name, state } = await this.#engine.container(containerRef);
    if (pid === undefined) {
      throw new LinecardError('LC_INVALID', `container ${name} is ${state}: it has no interfaces`, {
        hint: `docker start ${name}`,
      });
    }
    const netnsid = await this.#net.netnsid({ pid });
    const links = (await this.#net.links({ netnsid })).filter(({ arpType }) => arpType === ethernet);
    return Promise.all(links.sort((a, b) => a.index - b.index).map((link) => this.#locate(link, netnsid)));
  }

  async #locate(link: Link, netnsid: number): Promise<ContainerInterface> {
    const row = await this.#rowOf(link, netnsid);
    const bridge = row && this.#ovs.view.bridgeOfInterface(row);
    const ofport = row?.ofport !== undefined && row.ofport > 0 ? row.ofport : undefined;
    return {
      ifname: link.name,
      mac: link.mac,
      ...(row === undefined ? {} : { hostInterface: row.name }),
      ...(bridge === undefined ? {} : { bridge }),
      ...(ofport === undefined || bridge === undefined ? {} : { ofport }),
    };
  }

  async #rowOf(link: Link, netnsid: number): Promise<InterfaceRow | undefined> {
    const peer = await this.#net.peerOf(link.index, { netnsid });
    if (peer !== undefined) return this.#ovs.view.interface(peer.name);
    // An internal port that was moved into the container keeps its name or at least its address.
    const internal = [...this.#ovs.view.replica.table('Interface').values()].filter(({ type }) => type === 'internal');
    return internal.find(({ mac_in_use }) => mac_in_use === link.mac);
  }
}
