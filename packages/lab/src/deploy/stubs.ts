import { createHash } from 'node:crypto';
import { CommandError, type NetnsRef, netnsPath, run } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import { endpointText } from '../model/ends.js';
import type { Stub } from '../model/types.js';
import { groupOf } from './marks.js';
import type { World } from './world.js';

/** Makes an interface of a node that leads out of the lab. Throws `LC_KERNEL` when the kernel lacks its type. */
export async function makeStub(world: World, lab: string, link: Stub, netns: NetnsRef): Promise<void> {
  try {
    if (link.type === 'vxlan-stitch') await stitch(world, lab, link, netns);
    else await run(['ip', 'link', 'add', ...stubWords(link, netnsPath(netns))]);
  } catch (cause) {
    if (!(cause instanceof CommandError) || !/Unknown device type|not supported/i.test(cause.stderr)) throw cause;
    const type = link.type === 'vxlan-stitch' ? 'vxlan' : link.type;
    throw new LinecardError('LC_KERNEL', `the kernel of this host has no ${type} interfaces`, {
      hint: `load the module (modprobe ${type}), or use another kind of link`,
      cause,
    });
  }
}

function vxlanWords({ vxlan }: Stub): string[] {
  const { remote, vni, port, sourcePort } = vxlan!;
  const source = sourcePort === undefined ? [] : ['srcport', String(sourcePort), String(sourcePort + 1)];
  return ['type', 'vxlan', 'id', String(vni), 'remote', remote, 'dstport', String(port), ...source];
}

/** What `ip link add` is told about a stub. */
function stubWords(link: Stub, netns: string): string[] {
  const { type, a, mtu, parent, mode } = link;
  const base = ['name', a.name, 'netns', netns];
  const size = mtu === undefined ? [] : ['mtu', String(mtu)];
  if (type === 'macvlan') return ['link', parent!, ...base, ...size, 'type', 'macvlan', 'mode', mode];
  return [...base, ...size, ...(type === 'dummy' ? ['type', 'dummy'] : vxlanWords(link))];
}

/** What fits into a tunnel over an underlay of 1500 bytes: 50 go to Ethernet, IPv4, UDP and VXLAN. */
const stitchedMtu = 1450;

/**
 * A cable whose far end is a tunnel of the host: two interfaces of the host that hand each other every frame. The node
 * sees a veth, which any system takes as a port. The cable's end moves into the node last, when all the rest is there.
 */
async function stitch(world: World, lab: string, link: Stub, netns: NetnsRef): Promise<void> {
  const hash = createHash('sha256')
    .update(`${lab} ${endpointText(link.a)}`)
    .digest('hex')
    .slice(0, 11);
  const [cable, tunnel, end] = [`ls${hash}`, `lx${hash}`, `le${hash}`];
  for (const name of [cable, tunnel]) {
    // What a crash, or the former life of the container, has left.
    if ((await world.netlink.link(name)) !== undefined) await world.netlink.deleteLink(name);
  }
  const group = ['group', String(groupOf(lab))];
  const size = ['mtu', String(link.mtu ?? stitchedMtu)];
  const mac = link.a.mac === undefined ? [] : ['address', link.a.mac];
  await run(['ip', 'link', 'add', tunnel, ...size, ...group, ...vxlanWords(link)]);
  await run(['ip', 'link', 'add', cable, ...size, ...group, 'type', 'veth', 'peer', 'name', end, ...mac, ...size]);
  for (const [from, to] of [
    [cable, tunnel],
    [tunnel, cable],
  ] as const) {
    await run(['tc', 'qdisc', 'add', 'dev', from, 'clsact']);
    const everything = ['protocol', 'all', 'u32', 'match', 'u32', '0', '0'];
    const handOver = ['action', 'mirred', 'egress', 'redirect', 'dev', to];
    await run(['tc', 'filter', 'add', 'dev', from, 'ingress', ...everything, ...handOver]);
    await run(['ip', 'link', 'set', 'dev', from, 'up']);
  }
  await run(['ip', 'link', 'set', 'dev', end, 'netns', netnsPath(netns), 'name', link.a.name]);
}
