import { type Action, type KnownField, type Match, ports } from '@linecard/openflow';
import { macKey } from '@linecard/packet';
import { explain } from '@linecard/wire';
import type { App } from '../app.js';
import { questionName } from '../dns-name.js';
import type { PacketIn, PortEvent } from '../events.js';
import type { FlowSpec } from '../flow-spec.js';
import type { SwitchSession } from '../switch-session.js';

/** Finds the OpenFlow port of a guest. */
export type PortResolver = (guest: string, sw: SwitchSession) => number | undefined;

/** What a {@link knock} app may be told. */
export interface KnockOptions {
  /** Whose packets are dropped until it knocks; `kiwipycon_h1` when absent. */
  readonly guarded?: string;
  /** Whose packets always pass; `kiwipycon_h2` when absent. */
  readonly free?: string;
  /** The name to ask DNS for; `xyzzy.example.com` when absent. */
  readonly name?: string;
  /** Seconds that a door stays open, 1 to 65535; 0 (absent) is for ever. */
  readonly openSeconds?: number;
  /** Where a guest is; one that it does not know is named as a port of the switch, or by the number of a port. */
  readonly portOf?: PortResolver;
  /** Calls back whenever {@link portOf} may answer something else; its answer ends that. */
  readonly onPortsChanged?: (changed: () => void) => () => void;
  /** A line for people about what happens. */
  readonly log?: (message: string) => void;
}

/** The walls, and the doors in them: two owners, so that a door is no part of what is put back after a reconnect. */
const wallCookie = 0x6c63_0000_0000_0030n;
const doorCookie = 0x6c63_0000_0000_0031n;
const dnsPort = 53;
const flood: readonly Action[] = [{ type: 'output', port: ports.flood }];
const toController: readonly Action[] = [{ type: 'output', port: ports.controller }];

interface Door {
  readonly mac: number;
  readonly port: number;
  /** In milliseconds of `performance.now()`. */
  readonly closesAt: number;
}

/**
 * Port knocking by DNS, as in the Kiwi PyCon example: the guarded guest can speak ARP and nothing else, until it asks
 * for a certain name; then a door opens for its MAC address.
 */
export function knock(options: KnockOptions = {}): App {
  return new Knock(options).app;
}

class Knock {
  readonly app: App;
  readonly #options: KnockOptions;
  readonly #guarded: string;
  readonly #free: string;
  readonly #name: string;
  readonly #portOf: PortResolver;
  readonly #doors = new Map<SwitchSession, Door>();
  readonly #known = new Set<SwitchSession>();
  readonly #timers = new Map<SwitchSession, NodeJS.Timeout>();

  constructor(options: KnockOptions) {
    this.#options = options;
    this.#guarded = options.guarded ?? 'kiwipycon_h1';
    this.#free = options.free ?? 'kiwipycon_h2';
    this.#name = (options.name ?? 'xyzzy.example.com').replace(/\.$/, '').toLowerCase();
    this.#portOf = (guest, sw) => options.portOf?.(guest, sw) ?? portByName(guest, sw);
    const unsubscribe = options.onPortsChanged?.(() => this.#portsChanged());
    this.app = {
      name: 'knock',
      on: {
        switchUp: (sw) => this.#up(sw),
        switchDown: (sw) => this.#down(sw),
        packetIn: (sw, packet) => this.#packetIn(sw, packet),
        portStatus: (sw, event) => this.#portStatus(sw, event),
      },
      close: () => {
        unsubscribe?.();
        for (const sw of this.#known) this.#down(sw);
      },
    };
  }

  async #up(sw: SwitchSession): Promise<void> {
    this.#known.add(sw);
    const door = await this.#openDoor(sw);
    if (door !== undefined) this.#keepOpen(sw, door);
    await this.#rule(sw);
  }

  /** The switch remembers the door when this program or the connection was away. */
  async #openDoor(sw: SwitchSession): Promise<Door | undefined> {
    const port = this.#portOf(this.#guarded, sw);
    const [flow] = await sw.flows.installed({ cookie: doorCookie });
    const source = flow?.match.find((field) => field.field === 'eth_src')?.value;
    if (flow === undefined || port === undefined || typeof source !== 'number') return undefined;
    const rest = flow.hard_timeout ? (flow.hard_timeout - (flow.duration_sec ?? 0)) * 1000 : Number.POSITIVE_INFINITY;
    return { mac: source, port, closesAt: performance.now() + rest };
  }

  #down(sw: SwitchSession): void {
    this.#known.delete(sw);
    this.#doors.delete(sw);
    clearTimeout(this.#timers.get(sw));
    this.#timers.delete(sw);
  }

  /** Walls and door as they should be now. */
  async #rule(sw: SwitchSession): Promise<void> {
    const guarded = this.#portOf(this.#guarded, sw);
    const door = this.#doors.get(sw);
    if (door !== undefined && (door.port !== guarded || door.closesAt <= performance.now())) this.#doors.delete(sw);
    await sw.flows.apply(this.#walls(guarded, this.#portOf(this.#free, sw)), { cookie: wallCookie });
    await sw.flows.apply(this.#doorFlows(sw), { cookie: doorCookie, remember: false });
  }

  #walls(guarded: number | undefined, free: number | undefined): FlowSpec[] {
    const flows: FlowSpec[] = [{ priority: 30, match: [{ field: 'eth_type', value: 0x0806 }], actions: flood }];
    if (guarded !== undefined) {
      flows.push({ priority: 20, match: [inPort(guarded)], actions: [] });
      flows.push({ priority: 30, match: [inPort(guarded), ...udp], actions: toController });
    }
    if (free !== undefined && free !== guarded) flows.push({ priority: 20, match: [inPort(free)], actions: flood });
    return flows;
  }

  #doorFlows(sw: SwitchSession): FlowSpec[] {
    const door = this.#doors.get(sw);
    if (door === undefined) return [];
    const match: Match = [{ field: 'eth_src', value: door.mac }];
    return [{ priority: 40, match, actions: flood, hardTimeout: this.#options.openSeconds ?? 0 }];
  }

  async #packetIn(sw: SwitchSession, packet: PacketIn): Promise<void> {
    const udp = packet.packet?.udp;
    if (udp?.destinationPort !== dnsPort || packet.inPort !== this.#portOf(this.#guarded, sw)) return;
    if (questionName(udp.payload) !== this.#name) return;
    // The packet's bytes are a view: what is needed after the wait is taken first.
    const frame = packet.data.slice();
    const { inPort: port, bufferId } = packet;
    await this.#open(sw, { mac: macKey(frame, 6), port, closesAt: this.#closesAt() });
    if (bufferId === undefined) sw.packetOut(frame, flood, port);
    else sw.forward(packet, flood);
  }

  #closesAt(): number {
    const seconds = this.#options.openSeconds ?? 0;
    return seconds === 0 ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000;
  }

  async #open(sw: SwitchSession, door: Door): Promise<void> {
    const present = this.#doors.get(sw);
    if (present?.mac !== door.mac || present.port !== door.port) this.#keepOpen(sw, door);
    const { added } = await sw.flows.apply(this.#doorFlows(sw), { cookie: doorCookie, remember: false });
    // A resolver asks for several records at once: the first of the packets opened the door, and says how long for.
    if (added === 0) return;
    this.#keepOpen(sw, door);
    this.#say(`${this.#guarded} asked for ${this.#name}: the door is open`);
  }

  /** The switch closes the door by itself, so that it closes without this program too: here it is noted. */
  #keepOpen(sw: SwitchSession, door: Door): void {
    this.#doors.set(sw, door);
    clearTimeout(this.#timers.get(sw));
    if (!Number.isFinite(door.closesAt)) return;
    const closed = () => {
      this.#doors.delete(sw);
      this.#say(`the door is closed: ${this.#guarded} has to knock again`);
    };
    this.#timers.set(sw, setTimeout(closed, Math.max(0, door.closesAt - performance.now())));
  }

  /** A guest that goes takes its door with it: whoever comes to its port has to knock. */
  async #portStatus(sw: SwitchSession, event: PortEvent): Promise<void> {
    const door = this.#doors.get(sw);
    if (door?.port === event.port.number && (event.reason === 'delete' || !event.port.up)) this.#doors.delete(sw);
    await this.#rule(sw);
  }

  #portsChanged(): void {
    for (const sw of this.#known) {
      this.#rule(sw).catch((error) => {
        if (sw.connected) this.#say(`ports of ${sw.name} changed, its flows did not: ${explain(error)}`);
      });
    }
  }

  #say(message: string): void {
    this.#options.log?.(message);
  }
}

const udp: readonly KnownField[] = [
  { field: 'eth_type', value: 0x0800 },
  { field: 'ip_proto', value: 17 },
];

function inPort(port: number): KnownField {
  return { field: 'in_port', value: port };
}

function portByName(guest: string, sw: SwitchSession): number | undefined {
  if (/^\d+$/.test(guest)) return Number(guest);
  return [...sw.ports.values()].find((port) => port.name === guest)?.number;
}
