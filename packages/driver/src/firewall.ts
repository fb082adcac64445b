import { applyNft, ensureForwardChain, isMissingProgram, type Netlink, removeForwardChain } from '@linecard/linux';
import { parseCidr } from '@linecard/wire';
import { type NatNetwork, natRuleset, type PublishedPort } from './nat.js';
import type { Port } from './records.js';
import type { State } from './state.js';

/** Bridges that Docker's own driver makes: docker0, docker_gwbridge and br- with 12 hex digits. */
const dockerBridge = /^(docker0|docker_gwbridge|br-[0-9a-f]{12})$/;

/** Our chain in iptables' filter table. */
const chainName = 'LINECARD';

/** What of the state concerns the firewall. */
function natNetworks(state: State): NatNetwork[] {
  return [...state.networks.values()].flatMap(({ plan }) =>
    plan.mode === 'flat'
      ? []
      : [
          {
            bridge: plan.bridge,
            mode: plan.mode,
            internal: plan.internal,
            pools: plan.subnets.map(({ pool }) => pool),
          },
        ],
  );
}

/** One entry for each address that a published port leads to. */
export function publishedPorts(port: Port): PublishedPort[] {
  return port.addresses.flatMap((text) =>
    port.portMap.map((mapping) => ({ ...mapping, address: parseCidr(text).address })),
  );
}

/**
 * Keeps the kernel's firewall as the state wants it. Calls that come while one is at work are answered by one more run
 * after it, which sees all of their changes.
 */
export class Firewall {
  readonly #state: State;
  readonly #net: Netlink;
  #applied = '';
  #letThroughBridges: string | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(state: State, net: Netlink) {
    this.#state = state;
    this.#net = net;
  }

  /** Makes the kernel's tables those of the state; `force` also when they were applied before. */
  sync(force = false): Promise<void> {
    if (force) {
      this.#applied = '';
      this.#letThroughBridges = undefined;
    }
    if (this.#running === undefined) {
      this.#running = this.#apply().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.sync();
      });
    return this.#next;
  }

  async #apply(): Promise<void> {
    const networks = natNetworks(this.#state);
    const published = [...this.#state.ports.values()].flatMap(publishedPorts);
    const docker = (await this.#net.links()).filter(({ name }) => dockerBridge.test(name)).map(({ name }) => name);
    const active = this.#state.hasPorts;
    const ruleset = natRuleset({ active, networks, published, dockerBridges: docker.sort() });
    if (ruleset !== this.#applied) await this.#applyRuleset(ruleset, !active);
    await this.#letThrough(networks.map(({ bridge }) => bridge));
    this.#applied = ruleset;
  }

  async #applyRuleset(ruleset: string, onlyRemoves: boolean): Promise<void> {
    try {
      await applyNft(ruleset);
    } catch (error) {
      // What was never there needs no nft to be removed.
      if (!onlyRemoves || !isMissingProgram(error)) throw error;
    }
  }

  /**
   * Docker sets the policy of iptables' FORWARD chain to DROP, which would cut our bridges off whatever our own table
   * says. The rules here only take our bridges out of that policy: what they may do is decided in our table.
   */
  async #letThrough(bridges: readonly string[]): Promise<void> {
    const wanted = bridges.join(' ');
    if (wanted === this.#letThroughBridges) return;
    const rules = bridges.flatMap((name) => [
      ['-i', name, '-j', 'ACCEPT'],
      ['-o', name, '-j', 'ACCEPT'],
    ]);
    for (const family of [4, 6] as const) {
      if (bridges.length === 0) await removeForwardChain({ family, name: chainName });
      else await ensureForwardChain({ family, name: chainName }, rules);
    }
    this.#letThroughBridges = wanted;
  }
}
