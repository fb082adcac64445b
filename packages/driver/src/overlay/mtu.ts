import type { Netlink } from '@linecard/linux';
import type { KernelEvent } from '../reconcile-loop.js';
import type { HostSettings } from './central.js';

// What each tunnel adds to an Ethernet frame over IPv4: outer IP and Ethernet header, UDP or TCP, and its own header;
// OVN puts 8 bytes of options into geneve's.
const overheads: Readonly<Record<string, number>> = { geneve: 58, vxlan: 50, stt: 72 };
const extraOverheadOfIPv6 = 20;
const ethernetMtu = 1500;

/** How large a packet of a container may be so that its tunnelled form fits the underlay of this host. */
export class TunnelMtu {
  readonly #net: Netlink;
  /** Asked for once: the answer is found among all addresses of the host, and every attach needs it. */
  #underlay: { readonly encapIp: string; readonly ifindex: number; readonly mtu: number } | undefined;

  constructor(net: Netlink) {
    this.#net = net;
  }

  /** In bytes. */
  async largest({ encapIp, encapType }: HostSettings): Promise<number> {
    const underlay = encapIp === undefined ? undefined : await this.#underlayOf(encapIp);
    const extra = encapIp?.includes(':') ? extraOverheadOfIPv6 : 0;
    return (underlay ?? ethernetMtu) - (overheads[encapType] ?? overheads.geneve!) - extra;
  }

  /** Asks again the next time. */
  forget(): void {
    this.#underlay = undefined;
  }

  /** Told of every change in the kernel. */
  noticed(event: KernelEvent): void {
    const { encapIp, ifindex } = this.#underlay ?? {};
    const isOurs = event.kind === 'link' ? event.link.index === ifindex : event.address.cidr.address === encapIp;
    if (isOurs) this.forget();
  }

  async #underlayOf(encapIp: string): Promise<number | undefined> {
    if (this.#underlay?.encapIp === encapIp) return this.#underlay.mtu;
    const ifindex = (await this.#net.addresses()).find(({ cidr }) => cidr.address === encapIp)?.ifindex;
    const link = ifindex === undefined ? undefined : await this.#net.link(ifindex);
    if (link !== undefined) this.#underlay = { encapIp, ifindex: link.index, mtu: link.mtu };
    return link?.mtu;
  }
}
