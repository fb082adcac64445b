import { labels } from './marks.js';
import type { World } from './world.js';

/** One container of a lab, as `inspect` shows it. */
export interface NodeStatus {
  readonly lab: string;
  readonly node: string;
  /** The name of the container. */
  readonly name: string;
  readonly containerId: string;
  readonly kind: string;
  readonly image: string;
  readonly state: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** The topology file that it was deployed from. */
  readonly file: string;
}

/** The containers of one lab, or of all labs, in the order of their names. One request to Docker. */
export async function inspectLabs(world: World, lab?: string): Promise<NodeStatus[]> {
  const containers = await world.engine.containers({ all: true });
  const rows = containers.flatMap(({ id, name, image, state, labels: own, networks }): NodeStatus[] => {
    const found = own[labels.lab];
    if (found === undefined || (lab !== undefined && found !== lab)) return [];
    const [network] = networks;
    return [
      {
        lab: found,
        node: own[labels.node] ?? name,
        name,
        containerId: id.slice(0, 12),
        kind: own[labels.kind] ?? '',
        image: image ?? '',
        state,
        ipv4: network?.ipv4,
        ipv6: network?.ipv6,
        file: own[labels.file] ?? '',
      },
    ];
  });
  const key = (row: NodeStatus) => `${row.lab}\0${row.node}`;
  return rows.sort((a, b) => key(a).localeCompare(key(b), 'en', { numeric: true }));
}
