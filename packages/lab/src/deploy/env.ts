import { endsOf } from '../model/ends.js';
import type { Lab, LabNode } from '../model/types.js';

/** What never needs a proxy, besides the lab itself. */
const local = ['localhost', '127.0.0.1', '::1', '*.local'];

/** Nodes talk to each other directly, whatever proxy the file names. */
function withoutProxy(lab: Lab, { env }: LabNode): Record<string, string> {
  const given = (env.no_proxy ?? env.NO_PROXY ?? '').split(',').filter((one) => one !== '');
  const own = lab.nodes.flatMap(({ name, mgmtIpv4, mgmtIpv6 }) => [name, mgmtIpv4, mgmtIpv6]);
  const subnets = [lab.mgmt.ipv4Subnet, lab.mgmt.ipv6Subnet];
  const inside = [...own, ...subnets].filter((one) => one !== undefined).sort();
  const value = [...new Set([...given, ...local, ...inside])].join(',');
  return { no_proxy: value, NO_PROXY: value };
}

/**
 * The environment of a container, with what containerlab tells too: its labels, and how many links it may wait for
 * before its programs start.
 */
export function environmentOf(lab: Lab, node: LabNode, labels: Readonly<Record<string, string>>): string[] {
  const ends = lab.links.flatMap(endsOf);
  const links = ends.filter((end) => end.node === node.name && end.name !== 'eth0').length;
  const told = Object.entries(labels).map(([key, value]) => [
    `CLAB_LABEL_${key.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`,
    value,
  ]);
  const all = { ...Object.fromEntries(told), CLAB_INTFS: String(links), ...node.env, ...withoutProxy(lab, node) };
  return Object.entries(all).map(([key, value]) => `${key}=${value as string}`);
}
