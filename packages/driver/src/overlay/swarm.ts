import type {
  AllocateNetworkReply,
  AllocateNetworkRequest,
  NetworkCapabilities,
  NetworkRequest,
  SwarmDriver,
} from '@linecard/docker';
import { editNetwork, editNetworkGone, networksOf, swarmUser } from '@linecard/ovn';
import { subnetsOf } from '../network-plan.js';
import type { CentralLink } from './central.js';
import { type OverlayRequest, planOverlay } from './plan.js';

/** How long a manager waits for OVN, in ms. */
const patienceMs = 15_000;

/**
 * What the managers of a swarm ask of the driver. A swarm makes its networks once, and tells each node of them when the
 * first container comes: the logical switch is there from the first moment and stays until the swarm removes it. The
 * way out is made by the nodes, because a manager is not told whether a network is internal.
 */
export class SwarmNetworks implements SwarmDriver {
  readonly #central: CentralLink;

  constructor(central: CentralLink) {
    this.#central = central;
  }

  async getCapabilities(): Promise<NetworkCapabilities> {
    return { Scope: 'global', ConnectivityScope: 'global' };
  }

  /** Asked for again when a manager starts. Throws `LC_INVALID` for options, `LC_CONFLICT` for subnets. */
  async allocateNetwork(request: AllocateNetworkRequest): Promise<AllocateNetworkReply> {
    const { NetworkID: id, Options: options } = request;
    await this.hold({ id, options, subnets: subnetsOf(request) });
    // What is returned is all that the nodes get.
    return { Options: options };
  }

  /** Makes a network's logical switch, and gives it back what it lacks; `label` says whose it is. */
  async hold(wanted: Pick<OverlayRequest, 'id' | 'options' | 'subnets'>, label?: string): Promise<void> {
    const plan = planOverlay({ ...wanted, internal: false, ownAddresses: false, reserved: [] });
    const { nb } = await this.#central.ready(patienceMs);
    const { id, switch: name, subnets } = plan;
    const network = { switch: name, host: swarmUser, id, subnets, ...(label === undefined ? {} : { label }) };
    await nb.write((tx) => editNetwork(nb, tx, network), { what: `make logical switch ${name}` });
  }

  async freeNetwork({ NetworkID }: NetworkRequest): Promise<void> {
    const { nb, addresses } = await this.#central.ready(patienceMs);
    for (const network of [...networksOf(nb, swarmUser)].filter(({ id }) => id === NetworkID)) {
      const gone = { ...network, host: swarmUser };
      const what = `leave logical switch ${network.switch}`;
      await nb.write((tx) => editNetworkGone(nb, tx, addresses, gone), { what });
    }
  }
}
