import { OpenvSwitch } from '@linecard/switch';
import { type Central, CentralLink } from './central.js';

const patienceMs = 15_000;

/** The northbound database that a host's Open vSwitch names, for who has no part in its networks. */
export function centralOf(ovs: OpenvSwitch): CentralLink {
  const nothing = () => undefined;
  return new CentralLink(ovs, {
    onReady: nothing,
    onLost: nothing,
    onFound: nothing,
    onChange: nothing,
    isWanted: () => false,
  });
}

/** Does something with the northbound database that a host's Open vSwitch names; where no daemon runs, too. */
export async function withCentral<T>(
  ovsdb: string,
  work: (central: Central, ovs: OpenvSwitch) => Promise<T>,
): Promise<T> {
  const ovs = new OpenvSwitch({ endpoint: ovsdb });
  const link = centralOf(ovs);
  try {
    ovs.start();
    return await work(await link.ready(patienceMs), ovs);
  } finally {
    await link.close();
    await ovs.close();
  }
}
