import type { Cable, Endpoint } from '../model/types.js';
import { farNode, labId } from './marks.js';
import type { World } from './world.js';

const portMs = 10_000;

/**
 * Makes an interface of the host a port of an Open vSwitch bridge; `far` is the node that its link leads to. Returns
 * whether the bridge forwards in userspace.
 */
export async function plugPort(world: World, lab: string, end: Endpoint, far: string): Promise<boolean> {
  const ovs = await world.openvswitch();
  const ofport = end.ofport === undefined ? {} : { ofport: end.ofport };
  const externalIds = new Map([
    [labId, lab],
    [farNode, far],
  ]);
  const bridge = end.node;
  await ovs.commit((edit) => edit.ensurePort({ bridge, name: end.name, type: '', ...ofport, externalIds }));
  await ovs.ofport(end.name, portMs);
  return ovs.view.isUserspace(bridge);
}

/** A port that outlived its device would go on with the old one: what is made anew is plugged in anew. */
export async function unplugPort(world: World, lab: string, name: string): Promise<void> {
  const ovs = await world.openvswitch();
  if (ovs.view.interface(name)?.external_ids.get(labId) !== lab) return;
  await ovs.commit((edit) => edit.removePort(name));
  await ovs.settled(20_000);
}

/** Joins two bridges inside the switch. Returns false when they were joined before. */
export async function patchBridges(world: World, lab: string, { a, b }: Cable): Promise<boolean> {
  const ovs = await world.openvswitch();
  const isNew = ovs.view.interface(a.name) === undefined || ovs.view.interface(b.name) === undefined;
  await ovs.commit((edit) => {
    for (const [own, other] of [
      [a, b],
      [b, a],
    ] as const) {
      edit.ensurePort({
        bridge: own.node,
        name: own.name,
        type: 'patch',
        options: new Map([['peer', other.name]]),
        ...(own.ofport === undefined ? {} : { ofport: own.ofport }),
        externalIds: new Map([[labId, lab]]),
      });
    }
  });
  await Promise.all([ovs.ofport(a.name, portMs), ovs.ofport(b.name, portMs)]);
  return isNew;
}
