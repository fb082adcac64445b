import { type RawNode, type RawTopology, type StageName, stageNames } from '../file/schema.js';

type Layers = readonly (RawNode | null | undefined)[];
type RawStages = NonNullable<RawNode['stages']>;

const listsThatAdd = ['env-files', 'cap-add', 'devices', 'wait-for'] as const;
const maps = ['env', 'labels', 'sysctls', 'dns', 'frr', 'openswitch', 'ovs'] as const;

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

/** Each stage waits for what any layer names, and runs the commands of all. */
function mergedStages(layers: Layers): RawStages {
  const stage = (name: StageName): [string, RawStages[StageName]][] => {
    const parts = layers.flatMap((layer) => layer?.stages?.[name] ?? []);
    if (parts.length === 0) return [];
    return [
      [name, { 'wait-for': parts.flatMap((part) => part['wait-for'] ?? []), exec: parts.flatMap((p) => p.exec ?? []) }],
    ];
  };
  return Object.fromEntries(stageNames.flatMap(stage)) as RawStages;
}

/** The name of a node's group: its own, that of its kind, or the default one. */
function groupOf(
  { defaults, kinds, groups }: RawTopology['topology'],
  node: RawNode,
): readonly [string | undefined, string | undefined] {
  const given = node.group ?? defaults?.group;
  const kind = node.kind ?? (given === undefined ? undefined : groups?.[given]?.kind) ?? defaults?.kind;
  return [node.group ?? (kind === undefined ? undefined : kinds?.[kind]?.group) ?? defaults?.group, kind];
}

/**
 * A node with what it takes from its group, its kind and the defaults: the nearest wins. Maps are merged key by key,
 * stages and binds by name and target, and exec and the other lists that add are joined, defaults first.
 */
export function inherit(topology: RawTopology['topology'], node: RawNode): RawNode {
  const { defaults, kinds, groups } = topology;
  const [groupName, kindName] = groupOf(topology, node);
  const group = groupName === undefined ? undefined : groups?.[groupName];
  const kind = kindName === undefined ? undefined : kinds?.[kindName];
  const layers: Layers = [defaults, kind, group, node];
  const present = (key: keyof RawNode) => layers.some((layer) => layer?.[key] !== undefined);
  const binds = new Map(layers.flatMap((layer) => layer?.binds ?? []).map((bind) => [targetOf(bind), bind]));
  return {
    ...(Object.assign({}, ...layers) as RawNode),
    ...Object.fromEntries(listsThatAdd.filter(present).map((key) => [key, joined(key, layers)])),
    ...Object.fromEntries(maps.filter(present).map((key) => [key, merged(key, layers)])),
    ...(present('exec') ? { exec: layers.flatMap((layer) => layer?.exec ?? []) } : {}),
    ...(present('stages') ? { stages: mergedStages(layers) } : {}),
    ...(binds.size === 0 ? {} : { binds: [...binds.values()] }),
    ...(kindName === undefined ? {} : { kind: kindName }),
    ...(groupName === undefined ? {} : { group: groupName }),
  };
}
