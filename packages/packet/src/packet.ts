import { Arp } from './arp.js';
import { Dhcp } from './dhcp.js';
import { Ethernet, EtherType } from './ethernet.js';
import { Icmp, Icmpv6 } from './icmp.js';
import { IpProtocol, Ipv4, Ipv6 } from './ip.js';
import { Lldp } from './lldp.js';
import { Tcp, Udp } from './transport.js';

/**
 * The layers of a frame. Each is looked at only when it is asked for, is found once, and is undefined when the frame
 * has no such layer, or a broken one, or it was cut off.
 */
export class Packet {
  readonly ethernet: Ethernet;
  #ip: Ipv4 | Ipv6 | undefined | null = null;

  private constructor(ethernet: Ethernet) {
    this.ethernet = ethernet;
  }

  /** The packet of a frame's bytes, or undefined when they do not even hold an Ethernet header. */
  static view(bytes: Uint8Array): Packet | undefined {
    const ethernet = Ethernet.view(bytes);
    return ethernet && new Packet(ethernet);
  }

  get arp(): Arp | undefined {
    return this.ethernet.etherType === EtherType.ARP ? Arp.view(this.ethernet.payload) : undefined;
  }

  get lldp(): Lldp | undefined {
    return this.ethernet.etherType === EtherType.LLDP ? Lldp.view(this.ethernet.payload) : undefined;
  }

  /** IPv4 or IPv6, whichever it is. */
  get ip(): Ipv4 | Ipv6 | undefined {
    if (this.#ip === null) this.#ip = viewIp(this.ethernet);
    return this.#ip;
  }

  get ipv4(): Ipv4 | undefined {
    return this.ip instanceof Ipv4 ? this.ip : undefined;
  }

  get ipv6(): Ipv6 | undefined {
    return this.ip instanceof Ipv6 ? this.ip : undefined;
  }

  get icmp(): Icmp | undefined {
    return this.#transport(IpProtocol.ICMP, Icmp.view, this.ipv4);
  }

  get icmpv6(): Icmpv6 | undefined {
    return this.#transport(IpProtocol.ICMPV6, Icmpv6.view, this.ipv6);
  }

  get tcp(): Tcp | undefined {
    return this.#transport(IpProtocol.TCP, Tcp.view, this.ip);
  }

  get udp(): Udp | undefined {
    return this.#transport(IpProtocol.UDP, Udp.view, this.ip);
  }

  get dhcp(): Dhcp | undefined {
    const udp = this.udp;
    const isDhcp = udp && (udp.destinationPort === 67 || udp.destinationPort === 68);
    return isDhcp ? Dhcp.view(udp.payload) : undefined;
  }

  #transport<T>(protocol: number, view: (bytes: Uint8Array) => T, ip: Ipv4 | Ipv6 | undefined): T | undefined {
    return ip?.protocol === protocol && ip.fragmentOffset === 0 ? view(ip.payload) : undefined;
  }
}

function viewIp(ethernet: Ethernet): Ipv4 | Ipv6 | undefined {
  if (ethernet.etherType === EtherType.IPV4) return Ipv4.view(ethernet.payload);
  return ethernet.etherType === EtherType.IPV6 ? Ipv6.view(ethernet.payload) : undefined;
}
