import { LinecardError } from '@linecard/wire';
import { groupOf, tableOf } from '../deploy/marks.js';
import { Workers } from '../deploy/stages.js';
import { whereIs } from '../deploy/where.js';
import type { World } from '../deploy/world.js';
import { endpointText, endsOf, isPatch } from '../model/ends.js';
import type { Endpoint, Lab } from '../model/types.js';
import { type Impairment, planOf } from './impairment.js';
import { hasNetem, readDrops, readQdiscs, setDrop, setQdisc } from './kernel.js';
import { setSwitchRate, switchRates } from './switch-rate.js';

/** One end of a link and what is in force there. */
export interface Impaired extends Impairment {
  /** As `NODE:INTERFACE`. */
  readonly endpoint: string;
}

/** How many namespaces are looked into at once. */
const lookers = 8;

/**
 * Impairs what leaves a link by one end, from now on and instead of what was in force there; nothing is left of it when
 * the impairment is empty. Throws `LC_KERNEL` when nothing on this host can do it, and has changed nothing then.
 */
export async function impairLink(world: World, lab: Lab, end: Endpoint, impairment: Impairment): Promise<void> {
  const [far, ovs] = [farEnd(lab, end), isSwitchPort(lab, end)];
  const asked = impairment.delayMs !== undefined || impairment.loss !== undefined;
  const drops = far !== undefined && !(await isOutOfSight(world, lab, far));
  const plan = planOf(impairment, { netem: asked && (await hasNetem()), ovs, drops });
  // Open vSwitch replaces the queueing disciplines of its ports: its own goes before another comes.
  if (ovs) await setSwitchRate(world, lab.name, end.name, plan.ovsRateKbit);
  if (plan.ovsRateKbit === undefined) await setQdisc(await whereIs(world, lab, end), end.name, plan.qdisc);
  if (far !== undefined)
    await setDrop(await whereIs(world, lab, far), tableOf(groupOf(lab.name)), far.name, plan.dropped);
}

function isSwitchPort(lab: Lab, { node }: Endpoint): boolean {
  return lab.nodes.some(({ name, kind }) => name === node && kind === 'ovs-bridge');
}

/** The end that receives what leaves by another one; undefined when it is not in the lab. */
function farEnd(lab: Lab, end: Endpoint): Endpoint | undefined {
  const link = lab.links.find((one) => endsOf(one).includes(end));
  return link && endsOf(link).find((one) => one !== end);
}

/** The userspace datapath copies frames off its ports before any packet filter sees them. */
async function isOutOfSight(world: World, lab: Lab, far: Endpoint): Promise<boolean> {
  return isSwitchPort(lab, far) && (await world.openvswitch()).view.isUserspace(far.node);
}

/** Everything in a lab that is impaired now, in the order of its links. Nodes that do not run are left out. */
export async function listImpaired(world: World, lab: Lab): Promise<Impaired[]> {
  const ends = lab.links.filter((link) => !isPatch(lab, link)).flatMap(endsOf);
  const nodes = [...new Set(ends.map(({ node }) => node))];
  const workers = new Workers(lookers);
  const found = await Promise.all(nodes.map((node) => workers.run(() => lookInto(world, lab, node))));
  const byNode = new Map(nodes.map((node, index) => [node, found[index]!]));
  const ports = ends.filter((end) => isSwitchPort(lab, end)).map(({ name }) => name);
  const rates = await switchRates(world, lab.name, ports);
  return ends.flatMap((end): Impaired[] => {
    const far = farEnd(lab, end);
    const loss = far && byNode.get(far.node)?.drops.get(far.name);
    const rateKbit = isSwitchPort(lab, end) ? rates.get(end.name) : undefined;
    const inForce: Impairment = {
      ...byNode.get(end.node)?.qdiscs.get(end.name),
      ...(loss === undefined ? {} : { loss }),
      ...(rateKbit === undefined ? {} : { rateKbit }),
    };
    return Object.keys(inForce).length === 0 ? [] : [{ endpoint: endpointText(end), ...inForce }];
  });
}

interface Looked {
  readonly qdiscs: ReadonlyMap<string, Impairment>;
  readonly drops: ReadonlyMap<string, number>;
}

async function lookInto(world: World, lab: Lab, node: string): Promise<Looked> {
  try {
    const where = await whereIs(world, lab, { node });
    const [qdiscs, drops] = await Promise.all([readQdiscs(where), readDrops(where, tableOf(groupOf(lab.name)))]);
    return { qdiscs, drops };
  } catch (error) {
    if (error instanceof LinecardError && error.code === 'LC_NOT_FOUND') return { qdiscs: new Map(), drops: new Map() };
    throw error;
  }
}
