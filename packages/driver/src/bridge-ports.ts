import type { InterfaceRow, SwitchView } from '@linecard/switch';

function numbered(view: SwitchView, bridge: string): (InterfaceRow & { readonly ofport: number })[] {
  return view
    .interfacesOf(bridge)
    .filter((row): row is InterfaceRow & { ofport: number } => row.ofport !== undefined && row.ofport > 0)
    .sort((a, b) => a.ofport - b.ofport);
}

/** Who is behind an interface: a container by its name, or the node of a lab; docs/ovsdb.md has the keys. */
function ownerOf({ external_ids }: InterfaceRow): string | undefined {
  return external_ids.get('container-name') ?? external_ids.get('linecard-lab-node');
}

/**
 * Who is behind the OpenFlow ports of a bridge: names of containers and of nodes of labs where they are known, else of
 * interfaces.
 */
export function portNames(view: SwitchView, bridge: string): ReadonlyMap<number, string> {
  return new Map(numbered(view, bridge).map((row) => [row.ofport, ownerOf(row) ?? row.name]));
}

/**
 * The OpenFlow port of a container, or of a node of a lab, on the bridge with a datapath ID (16 hex digits); the lowest
 * when it has several there. Undefined while it has none.
 */
export function containerOfport(view: SwitchView, dpid: string, container: string): number | undefined {
  const bridge = [...view.bridges()].find(({ datapath_id }) => datapath_id === dpid);
  if (bridge === undefined) return undefined;
  return numbered(view, bridge.name).find((row) => ownerOf(row) === container)?.ofport;
}

/** Calls back whenever {@link containerOfport} may answer something else. The answer ends that. */
export function onBridgePortsChanged({ replica }: SwitchView, changed: () => void): () => void {
  const listener: Parameters<typeof replica.on<'change'>>[1] = (changes) => {
    if (changes.some(({ table }) => table === 'Interface' || table === 'Bridge')) changed();
  };
  replica.on('change', listener);
  return () => void replica.off('change', listener);
}
