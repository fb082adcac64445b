import { applyNft, ensureForwardChain, type Netlink, removeForwardChain } from '@linecard/linux';
import { parseCidr } from '@linecard/wire';
import { natRuleset } from '../nat.js';
import { gatewayInterface, overlayLinks } from './names.js';
import type { OverlayState } from './state.js';

const dockerBridge = /^(docker0|docker_gwbridge|br-[0-9a-f]{12})$/;
const table = 'linecard_ovn';
const chainName = 'LINECARD-OVN';

/** Keeps the kernel's firewall for networks over many hosts: each router's way out is to it what a bridge is. */
export class OverlayFirewall {
  readonly #state: OverlayState;
  readonly #net: Netlink;
  #applied = '';
  #letThrough = '';
  #tail: Promise<void> = Promise.resolve();

  constructor(state: OverlayState, net: Netlink) {
    this.#state = state;
    this.#net = net;
  }

  /** Makes the kernel's tables those of the state; `force` also when they were applied before. */
  sync(exits: ReadonlySet<string>, force = false): Promise<void> {
    const mine = this.#tail.then(() => this.#apply(exits, force));
    this.#tail = mine.catch(() => undefined);
    return mine;
  }

  async #apply(exits: ReadonlySet<string>, force: boolean): Promise<void> {
    const networks = [...this.#state.byRouter()]
      .filter(([router]) => exits.has(router))
      .map(([router, list]) => ({
        bridge: gatewayInterface(router),
        mode: 'nat' as const,
        internal: false,
        pools: list.flatMap(({ plan }) => plan.subnets.map(({ pool }) => pool)),
      }));
    const published = [...this.#state.ports.values()].flatMap(({ addresses, portMap }) =>
      addresses.flatMap((text) => portMap.map((mapping) => ({ ...mapping, address: parseCidr(text).address }))),
    );
    const active = this.#state.networks.size > 0;
    if (!active && this.#applied === '' && !force) return;
    const docker = (await this.#net.links()).filter(({ name }) => dockerBridge.test(name)).map(({ name }) => name);
    const plan = { active, networks, published, dockerBridges: docker.sort(), table, portPrefix: overlayLinks.host };
    const ruleset = natRuleset(plan);
    if (force || ruleset !== this.#applied) await applyNft(ruleset);
    await this.#open(
      networks.map(({ bridge }) => bridge),
      force,
    );
    this.#applied = active ? ruleset : '';
  }

  /** Takes the ways out of the policy of Docker's FORWARD chain: what may pass is decided in our own table. */
  async #open(interfaces: readonly string[], force: boolean): Promise<void> {
    const wanted = interfaces.join(' ');
    if (!force && wanted === this.#letThrough) return;
    const rules = interfaces.flatMap((name) => [
      ['-i', name, '-j', 'ACCEPT'],
      ['-o', name, '-j', 'ACCEPT'],
    ]);
    for (const family of [4, 6] as const) {
      if (interfaces.length === 0) await removeForwardChain({ family, name: chainName });
      else await ensureForwardChain({ family, name: chainName }, rules);
    }
    this.#letThrough = wanted;
  }
}
