import type { NetnsRef } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import { didYouMean } from '../file/suggest.js';
import { containerKind } from '../kinds/kinds.js';
import type { Endpoint, Lab, LabLink, LabNode } from '../model/types.js';
import type { World } from './world.js';

/** The ends of a link that are in the lab. */
export function endsOf(link: LabLink): readonly Endpoint[] {
  return link.type === 'cable' ? [link.a, link.b] : [link.a];
}

/** Both ends of a patch link live inside Open vSwitch, and the kernel does not know them. */
export function isPatch(lab: Lab, link: LabLink): boolean {
  const isBridge = (name: string) => lab.nodes.some((node) => node.name === name && node.kind === 'ovs-bridge');
  return link.type === 'cable' && isBridge(link.a.node) && isBridge(link.b.node);
}

export const endpointText = ({ node, name }: Pick<Endpoint, 'node' | 'name'>) => `${node}:${name}`;

/**
 * The end of a link that `NODE:INTERFACE` names: by the name that the kernel knows, or by that of the file. Throws
 * `LC_NOT_FOUND` with the nearest one, and `LC_INVALID` for an end that has no interface.
 */
export function findEndpoint(lab: Lab, text: string): Endpoint {
  const all = lab.links.flatMap((link) => endsOf(link).map((end) => ({ link, end })));
  const found =
    all.find(({ end }) => endpointText(end) === text) ??
    all.find(({ end }) => endpointText({ node: end.node, name: end.written }) === text);
  if (found === undefined) {
    const hint = didYouMean(
      text,
      all.map(({ end }) => endpointText(end)),
    );
    const detail = hint === undefined ? {} : { hint };
    throw new LinecardError('LC_NOT_FOUND', `no link of ${lab.name} has the end ${text}`, detail);
  }
  if (isPatch(lab, found.link)) {
    throw new LinecardError(
      'LC_INVALID',
      `${text} is a patch port: it lives inside Open vSwitch, and has no interface`,
      {
        hint: 'take the ends of the links that lead to hosts; ovs-ofctl dump-ports counts what a patch port carries',
      },
    );
  }
  return found.end;
}

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
