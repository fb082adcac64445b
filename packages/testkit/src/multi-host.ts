import { Bed, type BedOptions } from './bed.js';
import { runProgram } from './process.js';

/** How one host of many differs from the others. */
export interface HostPlan {
  /** Its Docker, with the image `busybox`. */
  readonly docker?: BedOptions['docker'];
}

/** What a new set of hosts is like. */
export interface MultiHostOptions {
  /** How many hosts there are. */
  readonly hosts: number;
  /** The MTU of the network between them; 1500 by default. */
  readonly mtu?: number;
  readonly plan?: HostPlan;
}

/** The interface of each host that leads to the others. */
const uplinkName = 'ul0';
const wire = 'wire0';

/**
 * Several machines side by side: a bed each, with Open vSwitch and Docker, joined by a network of their own. Their
 * system IDs are `h1`, `h2`...
 */
export class MultiHost {
  readonly hosts: readonly Bed[];
  readonly #wire: Bed;
  readonly #mtu: number;

  private constructor(wireBed: Bed, hosts: readonly Bed[], mtu: number) {
    this.#wire = wireBed;
    this.hosts = hosts;
    this.#mtu = mtu;
  }

  /** Makes the hosts, wired up. */
  static async create({ hosts, mtu = 1500, plan = {} }: MultiHostOptions): Promise<MultiHost> {
    const made: Bed[] = [];
    try {
      const wireBed = await Bed.create();
      made.push(wireBed);
      await wireBed.exec(['ip', 'link', 'add', wire, 'type', 'bridge', 'stp_state', '0']);
      await wireBed.exec(['ip', 'link', 'set', wire, 'mtu', String(mtu), 'up']);
      const beds = await Promise.all(
        Array.from({ length: hosts }, (_, i) =>
          Bed.create({ ovs: { systemId: `h${i + 1}` }, ...(plan.docker === undefined ? {} : { docker: plan.docker }) }),
        ),
      );
      made.push(...beds);
      const all = new MultiHost(wireBed, beds, mtu);
      for (const index of beds.keys()) await all.plug(index);
      return all;
    } catch (error) {
      await Promise.all(made.map((bed) => bed.destroy()));
      throw error;
    }
  }

  /** The address of a host: 192.0.2.1 is the first one's. */
  address(index: number): string {
    return `192.0.2.${index + 1}`;
  }

  /** Joins a host to the others: at the beginning, and again after a reboot. */
  async plug(index: number): Promise<void> {
    const port = `p${index}`;
    await this.#wire.exec(['ip', 'link', 'delete', port], { allowFail: true });
    const { pid } = this.hosts[index]!;
    const ends = ['ip', 'link', 'add', port, 'index', String(100 + index), 'mtu', String(this.#mtu), 'type', 'veth'];
    // The same over reboots, as with a machine's own interface: the other hosts remember it.
    const mac = `02:00:00:00:02:${String(index + 1).padStart(2, '0')}`;
    const peer = ['peer', 'name', uplinkName, 'address', mac, 'index', '200', 'mtu', String(this.#mtu)];
    // The peer's namespace is named by a pid as this process sees it, so the program must see it too.
    const argv = ['nsenter', '-t', String(this.#wire.pid), '-n', '--', ...ends, ...peer, 'netns', String(pid)];
    await runProgram(argv, argv, { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' }, {});
    await this.#wire.exec(['ip', 'link', 'set', port, 'master', wire, 'up']);
    const host = this.hosts[index]!;
    await host.exec(['ip', 'address', 'add', `${this.address(index)}/24`, 'dev', uplinkName]);
    await host.exec(['ip', 'link', 'set', uplinkName, 'up']);
    // A userspace switch passes frames on as they are: nobody would fill in a checksum that was left to the hardware.
    await host.exec(['ethtool', '-K', uplinkName, 'tx', 'off']);
    await this.#wire.exec(['ethtool', '-K', port, 'tx', 'off']);
  }

  /** Cuts a host off from the others, or joins it again; it notices nothing but silence. */
  async partition(index: number, cut: boolean): Promise<void> {
    await this.#wire.exec(['ip', 'link', 'set', `p${index}`, cut ? 'nomaster' : 'master', ...(cut ? [] : [wire])]);
  }

  /** Runs a program in the network between the hosts, to which none of them is a way. */
  wire(argv: readonly string[], allowFail = false): ReturnType<Bed['exec']> {
    return this.#wire.exec(argv, { allowFail });
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.hosts, this.#wire].map((bed) => bed.destroy()));
  }
}
