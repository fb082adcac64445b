import { type Link, type Netlink, netnsPath } from '@linecard/linux';
import type { Port } from './records.js';

/** The container's end of a port. */
export interface InsideLink {
  /** The file of the container's network namespace. */
  readonly netnsPath: string;
  readonly link: Link;
}

/** Finds the container's end of a port that has joined a namespace; undefined while it is not up there. */
export async function insideLink(net: Netlink, port: Port): Promise<InsideLink | undefined> {
  if (port.sandbox === undefined) return undefined;
  const outside = await net.link(port.link);
  if (outside?.flags.lowerUp !== true || outside.peerIndex === undefined) return undefined;
  const path = netnsPath({ path: port.sandbox });
  const link = await net.link(outside.peerIndex, { netnsid: await net.netnsid({ path }) });
  return link && { netnsPath: path, link };
}
