import type { NetnsRef } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import { containerKind } from '../kinds/kinds.js';
import type { Endpoint, Lab, LabNode } from '../model/types.js';
import type { World } from './world.js';

/** The namespace that the links of a running node lead to; undefined when it does not run. */
export async function netnsOf(world: World, node: LabNode, container: string): Promise<NetnsRef | undefined> {
  const { pid } = await world.engine.container(container);
  return pid === undefined ? undefined : containerKind(node.kind)?.netns(node, pid);
}

/** The namespace that an end is in; undefined for the host's own. Throws `LC_NOT_FOUND` when its node does not run. */
export async function whereIs(world: World, lab: Lab, end: Pick<Endpoint, 'node'>): Promise<NetnsRef | undefined> {
  const node = lab.nodes.find(({ name }) => name === end.node);
  if (node === undefined || containerKind(node.kind) === undefined) return undefined;
  const netns = await netnsOf(world, node, node.longName);
  if (netns !== undefined) return netns;
  throw new LinecardError('LC_NOT_FOUND', `node ${node.name} does not run`, { hint: 'linecard lab deploy starts it' });
}
