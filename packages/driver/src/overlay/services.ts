import { type DockerEngine, type DockerNetwork, DockerWatch } from '@linecard/docker';
import {
  editAnswers,
  editMember,
  editService,
  editServiceGone,
  type Northbound,
  networksOf,
  servicesIn,
  swarmUser,
  type VirtualService,
} from '@linecard/ovn';
import { parseCidr } from '@linecard/wire';
import type { Central } from './central.js';
import type { OverlayState } from './state.js';
import type { SwarmNetworks } from './swarm.js';

/** What services are followed with. */
export interface ServiceParts {
  readonly engine: DockerEngine;
  /** Tells when Docker is there; somebody else starts it. */
  readonly watch: DockerWatch;
  readonly state: OverlayState;
  readonly networks: SwarmNetworks;
  /** The name under which Docker knows the driver. */
  readonly driverName: string;
  /** Resolves when OVN answers. */
  readonly ready: (timeoutMs: number) => Promise<Central>;
  readonly onError: (what: string, error: unknown) => void;
}

/** The label by which a swarm's container names its service. */
const serviceLabel = 'com.docker.swarm.service.id';
const patienceMs = 60_000;
const firstRetryMs = 1000;
const longestRetryMs = 30_000;

/**
 * Holds the northbound database against what a swarm has. A manager keeps its networks, and makes a load balancer for
 * each address that the swarm has chosen for a service; every host adds its own containers to these.
 */
export class Services {
  readonly #parts: ServiceParts;
  readonly #swarm: DockerWatch;
  #followed: Northbound | undefined;
  #tail: Promise<void> = Promise.resolve();
  #waiting = false;
  #retryMs = firstRetryMs;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.#swarm = new DockerWatch(parts.engine, {
      types: ['service', 'node', 'network'],
      // A network that the swarm has removed is listed while its last containers end on this host, which then destroys it.
      actions: ['create', 'update', 'remove', 'destroy'],
    });
  }

  start(): void {
    const look = () => this.look();
    this.#parts.watch.on('up', look);
    this.#swarm.on('up', look).on('event', look);
    this.#swarm.start();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#swarm.close();
  }

  /**
   * Holds services and their containers against what Docker has, now or after the look under way: as when a container
   * was identified. What fails is tried again.
   */
  look(): void {
    if (this.#waiting || this.#closed) return;
    this.#waiting = true;
    clearTimeout(this.#retry);
    this.#tail = this.#tail.then(async () => {
      this.#waiting = false;
      try {
        await this.#look();
        this.#retryMs = firstRetryMs;
      } catch (error) {
        this.#failed(error);
      }
    });
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#parts.onError('hold the services of the swarm', error);
    this.#retry = setTimeout(() => this.look(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const { engine, ready } = this.#parts;
    const info = await engine.info();
    if (!info.swarm) return;
    const central = await ready(patienceMs);
    this.#follow(central.nb);
    const changed = new Set<string>();
    if (info.swarmManager) {
      const networks = await engine.networks();
      await this.#holdNetworks(central, networks, info.swarmId);
      await this.#holdServices(central, networks, changed);
    }
    await this.#holdMembers(central, changed);
    const { nb } = central;
    for (const name of changed) {
      await nb.write((tx) => editAnswers(nb, tx, name), { what: `answer for the services of ${name}` });
    }
  }

  /** A service that has come may be that of a container of this host. */
  #follow(nb: Northbound): void {
    if (nb === this.#followed) return;
    this.#followed = nb;
    nb.replica.on('change', (changes) => {
      if (changes.some(({ table, old }) => table === 'Load_Balancer' && old === undefined)) this.look();
    });
  }

  /**
   * A manager's part: the swarm's networks are there, also after the database was lost, and those whose removal nobody
   * has heard of are not. Only what was once seen among the swarm's networks bears its ID.
   */
  async #holdNetworks({ nb }: Central, present: readonly DockerNetwork[], swarmId: string | undefined): Promise<void> {
    if (swarmId === undefined) return;
    const { engine, networks, driverName } = this.#parts;
    const own = present.filter(
      ({ scope, driver }) => scope === 'swarm' && driver.replace(/:latest$/, '') === driverName,
    );
    for (const { id, options, subnets } of own) {
      const pools = subnets.flatMap(({ subnet, gateway }) => {
        const prefix = subnet?.split('/')[1];
        return subnet === undefined ? [] : [{ pool: subnet, ...(gateway && { gateway: `${gateway}/${prefix}` }) }];
      });
      // Without subnets it is not allocated yet.
      if (pools.length > 0) await networks.hold({ id, options, subnets: pools }, swarmId);
    }
    const known = new Set(own.map(({ id }) => id));
    const gone = [...networksOf(nb, swarmUser)].filter(({ id, label }) => label === swarmId && !known.has(id));
    if (gone.length === 0) return;
    // While a swarm has no leader, Docker's list lacks its networks without a word; the services it then refuses to list.
    await engine.services();
    const again = new Set((await engine.networks()).map(({ id }) => id));
    for (const { id } of gone) if (!again.has(id)) await networks.freeNetwork({ NetworkID: id });
  }

  /** A manager's part: a load balancer for each address of each service, and none for those that are gone. */
  async #holdServices({ nb }: Central, networks: readonly DockerNetwork[], changed: Set<string>): Promise<void> {
    const services = await this.#parts.engine.services();
    const mine = new Set(networks.map(({ id }) => id));
    const owned = [...networksOf(nb, swarmUser)].filter(({ id }) => mine.has(id));
    const switches = new Map(owned.map((network) => [network.id, network.switch]));
    const wanted = services.flatMap(({ id, name, virtualIps }) =>
      virtualIps.flatMap(({ networkId, address }): VirtualService[] => {
        const owner = switches.get(networkId);
        const { address: plain, family } = parseCidr(address);
        // Nobody would answer neighbour solicitations for the other family.
        return owner === undefined || family !== 4 ? [] : [{ service: id, name, switch: owner, address: plain }];
      }),
    );
    const key = (one: VirtualService) => `${one.service} ${one.switch}`;
    const keys = new Set(wanted.map(key));
    const gone = [...servicesIn(nb)].filter(
      (one) => [...switches.values()].includes(one.switch) && !keys.has(key(one)),
    );
    for (const service of gone) {
      await nb.write((tx) => editServiceGone(nb, tx, service), { what: `remove service ${service.name}` });
    }
    for (const service of wanted) {
      await nb.write((tx) => editService(nb, tx, service), { what: `make service ${service.name}` });
    }
    for (const { switch: name } of [...gone, ...wanted]) changed.add(name);
  }

  /** Every host's part: its own containers are behind the services that they belong to. */
  async #holdMembers({ nb }: Central, changed: Set<string>): Promise<void> {
    const { engine, state } = this.#parts;
    // Also those that are just starting: who they are is known before they run.
    const containers = await engine.containers({ all: true });
    const services = new Map(containers.map(({ id, labels }) => [id, labels[serviceLabel]]));
    for (const port of [...state.ports.values()]) {
      const service = services.get(port.container?.id ?? '');
      const network = state.networks.get(port.networkId);
      if (service === undefined || network === undefined) continue;
      await nb.write((tx) => editMember(nb, tx, port.id, service), { what: `add a container to service ${service}` });
      changed.add(network.plan.switch);
    }
  }
}
