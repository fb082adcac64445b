import { LinecardError } from '@linecard/wire';
import { labId } from '../deploy/marks.js';
import type { World } from '../deploy/world.js';

/** Lets Open vSwitch keep a rate on a port, in kilobits per second, or no more. Throws `LC_CONFLICT`. */
export async function setSwitchRate(world: World, lab: string, port: string, rateKbit: number | undefined) {
  const ovs = await world.openvswitch();
  const own = ovs.view.qosOf(port);
  if (own === undefined && rateKbit === undefined) return;
  if (own !== undefined && own.external_ids.get(labId) !== lab) {
    throw new LinecardError('LC_CONFLICT', `the port ${port} has a QoS of its own in Open vSwitch`, {
      hint: `ovs-vsctl clear Port ${port} qos takes it away; the other end of the link may be free`,
    });
  }
  const maxRate = rateKbit === undefined ? undefined : Math.round(rateKbit * 1000);
  const externalIds = new Map([[labId, lab]]);
  await ovs.commit((edit) =>
    edit.setQos(port, maxRate === undefined ? undefined : { type: 'linux-htb', maxRate, externalIds }),
  );
  await ovs.settled(10_000);
}

/** The rates that Open vSwitch keeps for a lab, in kilobits per second, by port. */
export async function switchRates(
  world: World,
  lab: string,
  ports: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (ports.length === 0) return new Map();
  const { view } = await world.openvswitch();
  return new Map(
    ports.flatMap((port): [string, number][] => {
      const qos = view.qosOf(port);
      const rate = Number(qos?.other_config.get('max-rate'));
      return qos?.external_ids.get(labId) === lab && rate > 0 ? [[port, rate / 1000]] : [];
    }),
  );
}
