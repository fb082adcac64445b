import { LinecardError } from '@linecard/wire';
import { didYouMean } from '../file/suggest.js';
import type { Endpoint, Lab, LabLink } from './types.js';

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
