import { LinecardError } from '@linecard/wire';

/** How a link is made worse, in the direction out of one of its ends. Empty: not at all. */
export interface Impairment {
  /** How long every packet waits, in ms. */
  readonly delayMs?: number;
  /** How much that varies, in ms. */
  readonly jitterMs?: number;
  /** Percent of packets that are lost, 0 to 100. */
  readonly loss?: number;
  /** Kilobits per second. */
  readonly rateKbit?: number;
}

/** What there is to impair a link with. */
export interface Means {
  /** The kernel has the network emulator (tc-netem(8)). */
  readonly netem: boolean;
  /** The end is a port of Open vSwitch, which keeps a rate by itself. */
  readonly ovs: boolean;
  /** nftables sees what arrives at the other end, and can drop it there. */
  readonly drops: boolean;
}

/** Which means does what. What is absent is to be taken away. */
export interface Plan {
  /** A queueing discipline, in the words of tc(8). */
  readonly qdisc?: readonly string[];
  /** Open vSwitch's own rate, in kilobits per second. */
  readonly ovsRateKbit?: number;
  /** Percent of packets that nftables drops at the other end. */
  readonly dropped?: number;
}

/** Packets that wait for their time are held in a queue; too small a queue would lose some that nobody asked to lose. */
function queueLength({ delayMs = 0, jitterMs = 0, rateKbit }: Impairment): number {
  const packets = rateKbit === undefined ? 100_000 : (rateKbit * (delayMs + jitterMs)) / 8 / 1500;
  return Math.min(100_000, Math.max(1000, Math.ceil(packets * 2)));
}

function netemWords(impairment: Impairment): string[] {
  const { delayMs, jitterMs, loss, rateKbit } = impairment;
  return [
    ...['netem', 'limit', String(queueLength(impairment))],
    ...(delayMs === undefined ? [] : ['delay', `${delayMs}ms`, ...(jitterMs === undefined ? [] : [`${jitterMs}ms`])]),
    ...(loss === undefined ? [] : ['loss', `${loss}%`]),
    ...(rateKbit === undefined ? [] : ['rate', `${rateKbit}kbit`]),
  ];
}

/** A token bucket: the burst lasts 10 ms and takes the largest frame that offloads make. */
function bucketWords(rateKbit: number): string[] {
  const burst = Math.max(64_000, Math.ceil((rateKbit * 1000) / 8 / 100));
  return ['tbf', 'rate', `${rateKbit}kbit`, 'burst', String(burst), 'latency', '100ms'];
}

/**
 * By which means a link is impaired: the network emulator where the kernel has one, else a rate by a token bucket or by
 * Open vSwitch, and loss by nftables at the other end: what is dropped where it is sent, its sender knows of. Throws `LC_INVALID` for values that cannot be, `LC_KERNEL` when nothing here can
 * do it.
 */
export function planOf(impairment: Impairment, { netem, ovs, drops }: Means): Plan {
  const { delayMs, loss, rateKbit } = impairment;
  check(impairment);
  const delays = delayMs !== undefined;
  if (delays && !netem) {
    throw new LinecardError('LC_KERNEL', 'the kernel of this host cannot delay packets: it has no netem', {
      hint: 'modprobe sch_netem loads it where it is a module; --loss and --rate work without it',
    });
  }
  if (loss !== undefined && !netem && !drops) {
    const why = 'it has no netem, and no packet filter sees them where they arrive';
    throw new LinecardError('LC_KERNEL', `the kernel of this host cannot lose these packets: ${why}`, {
      hint: 'modprobe sch_netem loads it where it is a module; the other direction of the link may do',
    });
  }
  if (delays || (netem && loss !== undefined)) return { qdisc: netemWords(impairment) };
  return {
    ...(loss === undefined || loss === 0 ? {} : { dropped: loss }),
    ...(rateKbit === undefined ? {} : ovs ? { ovsRateKbit: rateKbit } : { qdisc: bucketWords(rateKbit) }),
  };
}

function check({ delayMs, jitterMs, loss, rateKbit }: Impairment): void {
  const wrong = (what: string, hint: string) => new LinecardError('LC_INVALID', what, { hint });
  const within = (value: number | undefined, low: number, high: number) =>
    value === undefined || (value >= low && value <= high);
  if (jitterMs !== undefined && delayMs === undefined) {
    throw wrong('a jitter varies a delay, and there is none', 'give --delay too');
  }
  if (!within(delayMs, 0, 60_000) || !within(jitterMs, 0, 60_000)) {
    throw wrong('a delay is 0 to 60000 ms', 'write --delay 20 for 20 ms');
  }
  if (!within(loss, 0, 100)) throw wrong('a loss is 0 to 100 percent', 'write --loss 1.5 for 1.5 %');
  if (!within(rateKbit, 8, 100_000_000)) {
    throw wrong('a rate is 8 to 100000000 kbit/s', 'write --rate 1000 for 1 Mbit/s');
  }
}
