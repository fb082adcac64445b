import type { RawNode, RawTopology } from '../file/schema.js';

type Layers = readonly (RawNode | null | undefined)[];

const listsThatAdd = ['exec', 'env-files', 'cap-add', 'devices', 'wait-for'] as const;
const maps = ['env', 'labels', 'sysctls', 'dns', 'frr', 'openswitch', 'ovs', 'stages'] as const;

/** What a mount is told apart by: its target. */
function targetOf(bind: string): string {
  const parts = bind.split(':');
  return parts[1] ?? parts[0]!;
}

function joined(key: (typeof listsThatAdd)[number], layers: Layers): string[] {
  return [...new Set(layers.flatMap((layer) => layer?.[key] ?? []))];
}

function merged(key: (typeof maps)[number], layers: Layers): object {
  return Object.assign({}, ...layers.map((layer) => layer?.[key] ?? {})) as object;
}

/**
 * A node with what it takes from its group, its kind and the defaults: the nearest wins. Maps are merged key by key,
 * binds by their target, and exec and the other lists that add are joined, defaults first.
 */
export function inherit(topology: RawTopology['topology'], node: RawNode): RawNode {
  const { defaults, kinds, groups } = topology;
  const groupName = node.group ?? defaults?.group;
  const group = groupName === undefined ? undefined : groups?.[groupName];
  const kindName = node.kind ?? group?.kind ?? defaults?.kind;
  const kind = kindName === undefined ? undefined : kinds?.[kindName];
  const layers: Layers = [defaults, kind, group, node];
  const present = (key: keyof RawNode) => layers.some((layer) => layer?.[key] !== undefined);
  const binds = new Map(layers.flatMap((layer) => layer?.binds ?? []).map((bind) => [targetOf(bind), bind]));
  return {
    ...(Object.assign({}, ...layers) as RawNode),
    ...Object.fromEntries(listsThatAdd.filter(present).map((key) => [key, joined(key, layers)])),
    ...Object.fromEntries(maps.filter(present).map((key) => [key, merged(key, layers)])),
    ...(binds.size === 0 ? {} : { binds: [...binds.values()] }),
    ...(kindName === undefined ? {} : { kind: kindName }),
    ...(groupName === undefined ? {} : { group: groupName }),
  };
}
