import { randomBytes } from 'node:crypto';
import { Unixctl } from '@linecard/ovsdb';
import { type OpenvSwitch, runDirectoryOf } from '@linecard/switch';
import { parseIp, toHex } from '@linecard/wire';
import type { CentralLink } from './central.js';
import { Rounds } from './rounds.js';

/** How often is looked, in ms: hosts that do not talk to one another are no neighbours, and must not cost much. */
const everyMs = 15_000;

/** The way to a tunnel's other end, as ovs-vswitchd sees it. */
interface Route {
  readonly bridge: string;
  /** This host's own address on the way. */
  readonly source: string;
  /** Whose Ethernet address is needed: the router's, or the other end's itself. */
  readonly nextHop: string;
}

/**
 * Lets ovs-vswitchd find other hosts again in the userspace datapath. It asks for a tunnel neighbour's Ethernet address
 * only while it translates a packet into a flow; a flow that was made while nobody answered drops, and as long as
 * packets use it, it is never translated again (seen with Open vSwitch 3.1). Every change of the table of neighbours
 * makes it translate all its flows anew, and none is lost by that: so an entry for this host's own address, to which no
 * tunnel leads, is changed whenever a neighbour is missing. Where no packets wait for one, nothing is asked for.
 */
export class TunnelNeighbours extends Rounds {
  readonly #ovs: OpenvSwitch;
  readonly #central: CentralLink;

  constructor(ovs: OpenvSwitch, central: CentralLink, onError: (what: string, error: unknown) => void) {
    super('look for lost tunnel neighbours', onError);
    this.#ovs = ovs;
    this.#central = central;
  }

  protected pauseMs(): number {
    return everyMs;
  }

  /** The other ends of this host's tunnels, when ovs-vswitchd sends the packets itself. */
  #peers(): string[] {
    const { view } = this.#ovs;
    const bridge = this.#central.current?.settings.bridge;
    if (bridge === undefined || !this.#ovs.ready || !view.isUserspace(bridge)) return [];
    return [...new Set([...view.interfacesOf(bridge)].flatMap(({ options }) => options.get('remote_ip') ?? []))];
  }

  protected async look(): Promise<void> {
    const peers = this.#peers();
    if (peers.length === 0) return;
    const path = await Unixctl.pathOf(runDirectoryOf(this.#ovs.session.endpoint), 'ovs-vswitchd');
    const control = new Unixctl(path);
    try {
      const missing = await missingRoutes(control, peers);
      for (const { bridge, source } of new Map(missing.map((route) => [route.bridge, route])).values()) {
        await control.call('tnl/neigh/set', [bridge, source, `02:${toHex(randomBytes(5), ':')}`]);
      }
    } finally {
      await control.close();
    }
  }
}

/** The ways to those peers whose neighbour ovs-vswitchd does not know. */
async function missingRoutes(control: Unixctl, peers: readonly string[]): Promise<Route[]> {
  const known = new Set(
    [...(await control.call('tnl/neigh/show')).matchAll(neighbourLine)].map(([, ip]) => sameIp(ip!)),
  );
  const missing: Route[] = [];
  for (const peer of peers) {
    if (known.has(sameIp(peer))) continue;
    // It refuses an address to which no way leads.
    const route = readRoute(peer, await control.call('ovs/route/lookup', [peer]).catch(() => ''));
    if (route !== undefined && !known.has(sameIp(route.nextHop))) missing.push(route);
  }
  return missing;
}

/** `192.0.2.2    02:c6:ad:73:fd:ab   br-ul0`; an entry that is out of its time has `STALE` behind it. */
const neighbourLine = /^([0-9a-f.:]+) +(?:[0-9a-f]{2}:){5}[0-9a-f]{2} +\S+$/gm;

/** `src 192.0.2.1`, `gateway ::` (none) and `dev br-ul0`, a line each. */
function readRoute(peer: string, text: string): Route | undefined {
  const field = (name: string) => new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
  const [bridge, source, gateway = '::'] = [field('dev'), field('src'), field('gateway')];
  if (bridge === undefined || source === undefined) return undefined;
  return { bridge, source, nextHop: gateway === '::' ? peer : gateway };
}

/** One spelling for each address. */
function sameIp(text: string): string {
  return toHex(parseIp(text));
}
