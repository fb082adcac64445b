import { checkInterfaceName, inNetns, type Link, type Netlink } from '@linecard/linux';
import { insideLink } from './inside.js';
import { parseEndpointOptions } from './network-options.js';
import type { Port } from './records.js';

/** How fast a container may send. */
export interface RateLimit {
  /** kbit/s. */
  readonly rate: number;
  /** kbit that may be sent at once. */
  readonly burst: number;
}

/** Open vSwitch's own default burst in kbit; for fast ports a tenth of a second's worth is better. */
const leastDefaultBurst = 8000;

/** The rate that an endpoint's options ask for. */
export function rateLimitOf(options: Port['options']): RateLimit | undefined {
  const { 'ovs.port.rate': rate, 'ovs.port.burst': burst } = parseEndpointOptions(options);
  return rate === undefined ? undefined : { rate, burst: burst ?? defaultBurst(rate) };
}

/** The burst, in kbit, of a rate, in kbit/s, for which nobody asked for another. */
export function defaultBurst(rate: number): number {
  return Math.max(leastDefaultBurst, Math.ceil(rate / 10));
}

/**
 * The arguments of tc(8) for a token bucket on a container's end. A bucket holds two frames at least, so that any fits,
 * and a hundred seconds' worth at most, which the kernel can still count.
 */
export function tokenBucket({ name, mtu }: Pick<Link, 'name' | 'mtu'>, { rate, burst }: RateLimit): string[] {
  const frame = mtu + 18;
  const bytes = Math.max(2 * frame, Math.min(burst, rate * 100) * 125);
  const bucket = ['rate', `${rate}kbit`, 'burst', `${bytes}b`, 'latency', '50ms'];
  return ['qdisc', 'replace', 'dev', checkInterfaceName(name), 'root', 'tbf', ...bucket];
}

/**
 * Holds a container to its rate on the userspace datapath, whose ports are read before the kernel's ingress policing
 * sees a frame: `ingress_policing_rate` has no effect there. The bucket stands where the frames begin, on the
 * container's end; a container without CAP_NET_ADMIN cannot remove it.
 */
export async function limitAtContainer(net: Netlink, port: Port): Promise<void> {
  const limit = rateLimitOf(port.options);
  if (limit === undefined) return;
  const inside = await insideLink(net, port);
  if (inside !== undefined) await inNetns({ path: inside.netnsPath }, ['tc', ...tokenBucket(inside.link, limit)]);
}
