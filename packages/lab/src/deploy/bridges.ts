import { ensureForwardChain, removeForwardChain } from '@linecard/linux';
import {
  type BridgeRow,
  type ControllerRow,
  embeddedApps,
  type InterfaceRow,
  type OpenvSwitch,
  type QosRow,
} from '@linecard/switch';
import { formatDpid } from '@linecard/wire';
import type { Lab, LabNode } from '../model/types.js';
import { chainOf, farNode, groupOf, labId } from './marks.js';
import type { World } from './world.js';

/** Makes the bridges of a lab that are missing. Bridges that were there are used, and never removed. */
export async function ensureBridges(world: World, lab: Lab): Promise<void> {
  const bridges = lab.nodes.filter(({ kind }) => kind === 'bridge');
  for (const { name } of bridges) {
    if ((await world.netlink.link(name)) === undefined) {
      await world.netlink.createLink('bridge', name, { group: groupOf(lab.name) });
    }
  }
  const ovsBridges = lab.nodes.filter(({ kind }) => kind === 'ovs-bridge');
  if (ovsBridges.length === 0) return;
  const ovs = await world.openvswitch();
  const fallback = (await world.netlink.hasGenlFamily('ovs_datapath')) ? 'system' : 'netdev';
  await ovs.commit((edit) => {
    for (const node of ovsBridges) {
      const present = ovs.view.bridge(node.name);
      const type = node.ovs.datapath ?? (present?.datapath_type === 'netdev' ? 'netdev' : fallback);
      const owner = present === undefined ? lab.name : present.external_ids.get(labId);
      edit.ensureBridge(bridgeSpec(node, type, owner, lab.name));
      // An app that has failed is to be tried once more.
      for (const app of embeddedApps(node.ovs.controllers)) edit.setAppError(app, undefined);
    }
  });
  await ovs.settled(20_000);
}

const families = [4, 6] as const;

/**
 * Lets the traffic of a lab's bridges pass, which Docker's policy drops for every bridge but its own where the host
 * filters bridged packets too, and lets others than the host reach nodes through the management network.
 */
export async function ensureForwarding(lab: Lab, management: string | undefined): Promise<void> {
  const bridges = lab.nodes.filter(({ kind }) => kind === 'bridge');
  const rules = [
    ...bridges.map(({ name }) => ['-i', name, '-o', name, '-j', 'ACCEPT']),
    ...(management === undefined || !lab.mgmt.externalAccess ? [] : [['-o', management, '-j', 'ACCEPT']]),
  ];
  if (rules.length === 0) return;
  const name = chainOf(groupOf(lab.name));
  await Promise.all(families.map((family) => ensureForwardChain({ family, name }, rules)));
}

/** Takes back what {@link ensureForwarding} has let pass for the lab with this interface group. */
export async function removeForwarding(group: number): Promise<void> {
  await Promise.all(families.map((family) => removeForwardChain({ family, name: chainOf(group) })));
}

function bridgeSpec(node: LabNode, datapathType: 'system' | 'netdev', owner: string | undefined, lab: string) {
  const { dpid, controllers, protocols } = node.ovs;
  // With a controller nothing passes that it did not allow, as on a bridge of a network; others' bridges stay as they are.
  const failMode = node.ovs.failMode ?? (owner === lab && controllers.length > 0 ? 'secure' : undefined);
  return {
    name: node.name,
    datapathType,
    ...(failMode === undefined ? {} : { failMode }),
    ...(controllers.length === 0 ? {} : { controllers, controllerIds: new Map([[labId, lab]]) }),
    ...(protocols === undefined ? {} : { protocols }),
    otherConfig: new Map([
      ...(dpid === undefined ? [] : [['datapath-id', formatDpid(dpid)] as const]),
      ...(controllers.length === 0 ? [] : [['disable-in-band', 'true'] as const]),
    ]),
    externalIds: new Map(owner === undefined ? [] : [[labId, owner]]),
    local: {},
  };
}

interface Parts {
  readonly bridges: readonly BridgeRow[];
  readonly ports: readonly InterfaceRow[];
  /** Those of bridges that stay, too. */
  readonly controllers: readonly ControllerRow[];
  readonly queues: readonly QosRow[];
}

/** The rows of Open vSwitch that are marked as a lab's. */
function partsOf(ovs: OpenvSwitch, lab: string): Parts {
  const isOurs = (row: { readonly external_ids: ReadonlyMap<string, string> }) => row.external_ids.get(labId) === lab;
  const bridges = [...ovs.view.bridges()];
  return {
    bridges: bridges.filter(isOurs),
    ports: bridges.flatMap(({ name }) => ovs.view.interfacesOf(name)).filter(isOurs),
    controllers: [...ovs.view.controllers()].filter(isOurs),
    queues: [...ovs.view.qos()].filter(isOurs),
  };
}

/** Removes the ports and bridges of Open vSwitch that are marked as the lab's. Nothing happens where there is none. */
export async function removeSwitchParts(world: World, lab: string): Promise<void> {
  if (!world.hasOpenvswitch) return;
  const ovs = await world.openvswitch();
  await remove(ovs, partsOf(ovs, lab));
}

/** Removes the ports that lead to these nodes, whose containers are gone. */
export async function removePortsOf(world: World, lab: string, nodes: readonly string[]): Promise<void> {
  if (!world.hasOpenvswitch) return;
  const ovs = await world.openvswitch();
  const { ports, queues } = partsOf(ovs, lab);
  const dead = ports.filter((row) => nodes.includes(row.external_ids.get(farNode) ?? ''));
  const theirs = queues.filter((row) => dead.some(({ name }) => ovs.view.qosOf(name) === row));
  await remove(ovs, { ports: dead, queues: theirs, bridges: [], controllers: [] });
}

async function remove(ovs: OpenvSwitch, { bridges, ports, controllers, queues }: Parts): Promise<void> {
  if (bridges.length + ports.length + controllers.length + queues.length === 0) return;
  await ovs.commit((edit) => {
    for (const { _uuid } of queues) edit.removeQos(_uuid);
    for (const { name } of ports) edit.removePort(name);
    for (const { _uuid } of controllers) edit.removeController(_uuid);
    for (const { name } of bridges) edit.removeBridge(name);
  });
  // The devices may go only when the switch has let go of them.
  await ovs.settled(20_000);
}
