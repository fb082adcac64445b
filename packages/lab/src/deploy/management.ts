import type { DockerNetwork } from '@linecard/docker';
import { type Cidr, formatCidr, LinecardError, networkOf } from '@linecard/wire';
import type { Lab, Management } from '../model/types.js';
import { labels } from './marks.js';
import type { World } from './world.js';

function addressing(subnet: string | undefined, gateway: string | undefined, range: string | undefined) {
  if (subnet === undefined || subnet === 'auto') return [];
  return [
    {
      Subnet: subnet,
      ...(gateway === undefined ? {} : { Gateway: gateway }),
      ...(range === undefined ? {} : { IPRange: range }),
    },
  ];
}

/** What Docker is told about a management network. */
export function networkConfig(mgmt: Management): Record<string, unknown> {
  return {
    Driver: 'bridge',
    EnableIPv6: mgmt.ipv6Subnet !== undefined,
    IPAM: {
      Config: [
        ...addressing(mgmt.ipv4Subnet, mgmt.ipv4Gateway, mgmt.ipv4Range),
        ...addressing(mgmt.ipv6Subnet, mgmt.ipv6Gateway, mgmt.ipv6Range),
      ],
    },
    Options: {
      ...(mgmt.bridge === undefined ? {} : { 'com.docker.network.bridge.name': mgmt.bridge }),
      ...(mgmt.mtu === undefined ? {} : { 'com.docker.network.driver.mtu': String(mgmt.mtu) }),
      ...mgmt.options,
    },
    Labels: { [labels.management]: 'true' },
  };
}

async function find(world: World, name: string): Promise<DockerNetwork | undefined> {
  return (await world.engine.networks()).find((network) => network.name === name);
}

/** A bridge that the host has given addresses to keeps them: they say what the network is. */
async function onBridge(world: World, mgmt: Management): Promise<Management> {
  const link = mgmt.bridge === undefined ? undefined : await world.netlink.link(mgmt.bridge);
  if (link === undefined) return mgmt;
  const own = (await world.netlink.addresses()).filter(({ ifindex }) => ifindex === link.index).map(({ cidr }) => cidr);
  const ipv4 = own.find(({ family }) => family === 4);
  const ipv6 = own.find(({ family, address }) => family === 6 && !address.startsWith('fe80:'));
  if (ipv4 === undefined && ipv6 === undefined) return mgmt;
  const subnet = (cidr: Cidr | undefined) => (cidr === undefined ? undefined : formatCidr(networkOf(cidr)));
  // A family that the bridge has no address of is left alone: Docker would not take its own back.
  return {
    ...mgmt,
    ...{ ipv4Subnet: subnet(ipv4), ipv4Gateway: ipv4?.address },
    ...{ ipv6Subnet: subnet(ipv6), ipv6Gateway: ipv6?.address },
  };
}

/** The management network of a lab, made when it is missing; undefined when no node uses it. */
export async function ensureManagement(world: World, lab: Lab): Promise<DockerNetwork | undefined> {
  const wanted = lab.nodes.some((node) => usesManagement(node.kind, node.networkMode));
  if (!wanted && !lab.links.some((link) => link.type === 'cable' && link.b.node === 'mgmt-net')) return undefined;
  const present = await find(world, lab.mgmt.network);
  if (present !== undefined) return present;
  try {
    await world.control.createNetwork(lab.mgmt.network, networkConfig(await onBridge(world, lab.mgmt)));
  } catch (error) {
    // Another deploy may have been faster.
    const now = await find(world, lab.mgmt.network);
    if (now !== undefined) return now;
    throw new LinecardError('LC_DOCKER', `the management network ${lab.mgmt.network}: ${(error as Error).message}`, {
      hint: 'choose another one below mgmt: network and ipv4-subnet',
      cause: error,
    });
  }
  return find(world, lab.mgmt.network);
}

/** Whether a node has an interface in the management network. */
export function usesManagement(kind: string, networkMode: string | undefined): boolean {
  return ['linux', 'frr', 'openswitch'].includes(kind) && (networkMode === undefined || networkMode === 'bridge');
}

/** The name of the host's bridge that a Docker network is. */
export function bridgeName(network: DockerNetwork): string {
  return network.options['com.docker.network.bridge.name'] ?? `br-${network.id.slice(0, 12)}`;
}

/** Removes the management networks that labs have made and no container is left in. */
export async function removeManagement(world: World, skip: ReadonlySet<string>): Promise<string[]> {
  const ours = (await world.engine.networks()).filter((network) => network.labels[labels.management] !== undefined);
  if (ours.length === 0) return [];
  const used = new Set(
    (await world.engine.containers({ all: true }))
      .filter(({ id }) => !skip.has(id))
      .flatMap(({ networks, networkMode }) => [...networks.map(({ name }) => name), networkMode ?? '']),
  );
  const idle = ours.filter(({ name }) => !used.has(name));
  await Promise.all(idle.map(({ id }) => world.control.removeNetwork(id)));
  return idle.map(({ name }) => name);
}
