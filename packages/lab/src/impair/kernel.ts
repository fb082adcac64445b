import { CommandError, inNetns, type NetnsRef, run } from '@linecard/linux';
import { LinecardError } from '@linecard/wire';
import type { Impairment } from './impairment.js';

/** The namespace that an end of a link is in; undefined for that of the host. */
export type Where = NetnsRef | undefined;

type Argv = readonly [string, ...string[]];

function runAt(where: Where, argv: Argv, input?: string) {
  const options = input === undefined ? {} : { input };
  return where === undefined ? run(argv, options) : inNetns(where, argv, options);
}

/** The handle of the queueing disciplines that are ours; others belong to whoever made them. */
const handle = '1abe:';

/** Whether the kernel has the network emulator. Asked in a namespace that is gone with the question. */
export async function hasNetem(): Promise<boolean> {
  const argv = ['unshare', '--net', 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'] as const;
  try {
    await run(argv);
    return true;
  } catch (error) {
    if (error instanceof CommandError && /qdisc kind is unknown/.test(error.stderr)) return false;
    throw error;
  }
}

interface Qdisc {
  readonly dev: string;
  readonly kind: string;
  readonly handle: string;
  readonly root?: boolean;
  readonly options?: {
    readonly delay?: { readonly delay: number; readonly jitter: number };
    readonly 'loss-random'?: { readonly loss: number };
    /** tbf has a number here, netem an object. */
    readonly rate?: number | { readonly rate: number };
  };
}

async function rootQdiscs(where: Where): Promise<Qdisc[]> {
  const { stdout } = await runAt(where, ['tc', '-j', 'qdisc', 'show']);
  return (JSON.parse(stdout === '' ? '[]' : stdout) as Qdisc[]).filter(({ root }) => root === true);
}

const rounded = (value: number) => Math.round(value * 1e6) / 1e6;

/** What a queueing discipline of ours does: tc(8) writes seconds, fractions and bytes per second. */
export function impairmentOf({ options = {} }: Pick<Qdisc, 'options'>): Impairment {
  const { delay, 'loss-random': loss, rate } = options;
  const bytes = typeof rate === 'object' ? rate.rate : rate;
  return {
    ...(delay === undefined ? {} : { delayMs: rounded(delay.delay * 1000) }),
    ...(delay === undefined || delay.jitter === 0 ? {} : { jitterMs: rounded(delay.jitter * 1000) }),
    ...(loss === undefined ? {} : { loss: rounded(loss.loss * 100) }),
    ...(bytes === undefined || bytes === 0 ? {} : { rateKbit: rounded((bytes * 8) / 1000) }),
  };
}

/** Gives an interface a queueing discipline, or takes ours away. Throws `LC_CONFLICT` when it has one of its own. */
export async function setQdisc(where: Where, dev: string, words: readonly string[] | undefined): Promise<void> {
  const own = (await rootQdiscs(where)).find((qdisc) => qdisc.dev === dev && qdisc.handle !== '0:');
  if (own !== undefined && own.handle !== handle) {
    throw new LinecardError('LC_CONFLICT', `${dev} has a queueing discipline ${own.kind} ${own.handle} of its own`, {
      hint: 'tc qdisc del dev ... root takes it away; the other end of the link may be free',
    });
  }
  if (words !== undefined && own !== undefined && own.kind !== words[0]) await deleteQdisc(where, dev);
  if (words !== undefined) {
    await runAt(where, ['tc', 'qdisc', 'replace', 'dev', dev, 'root', 'handle', handle, ...words]);
  } else if (own !== undefined) await deleteQdisc(where, dev);
}

async function deleteQdisc(where: Where, dev: string): Promise<void> {
  await runAt(where, ['tc', 'qdisc', 'del', 'dev', dev, 'root']);
}

/** What queueing disciplines of ours do in a namespace, by interface. */
export async function readQdiscs(where: Where): Promise<ReadonlyMap<string, Impairment>> {
  const own = (await rootQdiscs(where)).filter((qdisc) => qdisc.handle === handle);
  return new Map(own.map((qdisc) => [qdisc.dev, impairmentOf(qdisc)]));
}

/** Loss is drawn in thousandths of a percent. */
const shares = 100_000;
const chainOf = (dev: string) => `in-${dev}`;

/** The highest number drawn that means a lost packet; the smallest loss is one of them. */
function highestLost(percent: number): number {
  return Math.max(0, Math.round((percent * shares) / 100) - 1);
}

interface Rule {
  readonly chain: string;
  readonly expr: readonly {
    readonly match?: { readonly left?: { readonly numgen?: unknown }; readonly right?: unknown };
  }[];
}

/** Lets nftables drop a share of what arrives at an interface, or no more. */
export async function setDrop(where: Where, table: string, dev: string, percent: number | undefined): Promise<void> {
  if (percent === undefined && !(await readDrops(where, table)).has(dev)) return;
  const chain = `${table} ${chainOf(dev)}`;
  const hook = `{ type filter hook ingress device "${dev}" priority 0; policy accept; }`;
  const lines = [
    `add table netdev ${table}`,
    `add chain netdev ${chain} ${hook}`,
    `flush chain netdev ${chain}`,
    percent === undefined
      ? `delete chain netdev ${chain}`
      : `add rule netdev ${chain} numgen random mod ${shares} <= ${highestLost(percent)} drop`,
  ];
  await runAt(where, ['nft', '-f', '-'], lines.map((line) => `${line}\n`).join(''));
}

/** The percentage of what arrives that nftables drops, by interface. */
export async function readDrops(where: Where, table: string): Promise<ReadonlyMap<string, number>> {
  let text: string;
  try {
    text = (await runAt(where, ['nft', '-j', 'list', 'table', 'netdev', table])).stdout;
  } catch (error) {
    if (error instanceof CommandError && /No such file/.test(error.stderr)) return new Map();
    throw error;
  }
  const { nftables } = JSON.parse(text) as { nftables: { rule?: Rule }[] };
  return new Map(
    nftables.flatMap(({ rule }): [string, number][] => {
      const share = rule?.expr.find(({ match }) => match?.left?.numgen !== undefined)?.match?.right;
      return typeof share === 'number' ? [[rule!.chain.slice(chainOf('').length), ((share + 1) * 100) / shares]] : [];
    }),
  );
}
