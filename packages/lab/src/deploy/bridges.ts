import { ensureForwardChain, removeForwardChain } from '@linecard/linux';
import { formatDpid } from '@linecard/wire';
import type { Lab, LabNode } from '../model/types.js';
import { chainOf, groupOf, labId } from './marks.js';
import type { World } from './world.js';

/** Makes the bridges of a lab that are missing. Bridges that were there are used, and never removed. */
export async function ensureBridges(world: World, lab: Lab): Promise<void> {
  const bridges = lab.nodes.filter(({ kind }) => kind === 'bridge');
  if (bridges.length > 0) await letPass(lab.name, bridges);
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
      edit.ensureBridge(bridgeSpec(node, type, present === undefined ? lab.name : present.external_ids.get(labId)));
    }
  });
  await ovs.settled(20_000);
}

const families = [4, 6] as const;

/** Where the host filters bridged packets too, Docker's policy drops those of every bridge but its own. */
async function letPass(lab: string, bridges: readonly LabNode[]): Promise<void> {
  const rules = bridges.map(({ name }) => ['-i', name, '-o', name, '-j', 'ACCEPT']);
  await Promise.all(families.map((family) => ensureForwardChain({ family, name: chainOf(lab) }, rules)));
}

/** Takes back what {@link ensureBridges} has let pass. */
export async function removeForwarding(lab: string): Promise<void> {
  await Promise.all(families.map((family) => removeForwardChain({ family, name: chainOf(lab) })));
}

function bridgeSpec(node: LabNode, datapathType: 'system' | 'netdev', owner: string | undefined) {
  const { dpid, controllers, protocols, failMode } = node.ovs;
  return {
    name: node.name,
    datapathType,
    ...(failMode === undefined ? {} : { failMode }),
    ...(controllers.length === 0 ? {} : { controllers }),
    ...(protocols === undefined ? {} : { protocols }),
    otherConfig: new Map([
      ...(dpid === undefined ? [] : [['datapath-id', formatDpid(dpid)] as const]),
      ...(controllers.length === 0 ? [] : [['disable-in-band', 'true'] as const]),
    ]),
    externalIds: new Map(owner === undefined ? [] : [[labId, owner]]),
    local: {},
  };
}

/** Removes the ports and bridges of Open vSwitch that are marked as the lab's. Nothing happens where there is none. */
export async function removeSwitchParts(world: World, lab: string): Promise<void> {
  if (!world.hasOpenvswitch) return;
  const ovs = await world.openvswitch();
  const isOurs = (row: { readonly external_ids: ReadonlyMap<string, string> }) => row.external_ids.get(labId) === lab;
  const bridges = [...ovs.view.bridges()].filter(isOurs);
  const ports = [...ovs.view.bridges()].flatMap(({ name }) => ovs.view.interfacesOf(name)).filter(isOurs);
  if (bridges.length + ports.length === 0) return;
  await ovs.commit((edit) => {
    for (const { name } of ports) edit.removePort(name);
    for (const { name } of bridges) edit.removeBridge(name);
  });
  // The devices may go only when the switch has let go of them.
  await ovs.settled(20_000);
}
