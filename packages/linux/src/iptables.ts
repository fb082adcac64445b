import { LinecardError } from '@linecard/wire';
import { deleteNftTable, listNft } from './nft.js';
import { isMissingProgram, run } from './run.js';

/** A chain of our own in the filter table, entered from FORWARD. */
export interface ForwardChain {
  /** 4 for iptables, 6 for ip6tables. */
  readonly family: 4 | 6;
  /** 1 to 28 letters, digits, `-` and `_`. */
  readonly name: string;
}

/** The arguments of one rule without its chain, as `['-i', 'lc0', '-j', 'ACCEPT']`. */
export type IptablesRule = readonly string[];

const TIMEOUT = { timeoutMs: 15_000 };
/** Seconds to wait for the lock that iptables programs share. */
const LOCK = ['-w', '5'] as const;

/**
 * Makes the chain hold exactly these rules, and FORWARD jump to it exactly once. The rules are
 * replaced as one transaction. Docker sets the policy of FORWARD to DROP, which cuts other bridges off; rules of our
 * own chain let them pass. Returns false when iptables is not installed: then nothing of it can be in the way.
 */
export async function ensureForwardChain(chain: ForwardChain, rules: readonly IptablesRule[]): Promise<boolean> {
  const name = checkChain(chain);
  const lines = rules.map((rule) => `-A ${name} ${rule.map(quote).join(' ')}`);
  const input = ['*filter', `:${name} - [0:0]`, ...lines, 'COMMIT', ''].join('\n');
  const restored = await whenInstalled(run([program(chain, '-restore'), '--noflush', ...LOCK], { ...TIMEOUT, input }));
  if (restored === undefined) return false;
  await ensureJump(chain);
  return true;
}

/** The rules of the chain as `iptables -S` prints them; undefined when there is no such chain or no iptables. */
export async function forwardChainRules(chain: ForwardChain): Promise<readonly string[] | undefined> {
  const lines = await filterTable(chain);
  if (!lines.includes(`-N ${checkChain(chain)}`)) return undefined;
  return lines.filter((line) => line.startsWith(`-A ${chain.name} `));
}

/** Removes the jumps and the chain. Returns false when nothing of it was there. */
export async function removeForwardChain(chain: ForwardChain): Promise<boolean> {
  const lines = await filterTable(chain);
  if (!lines.includes(`-N ${checkChain(chain)}`)) return false;
  for (const _ of lines.filter((line) => line === jumpTo(chain))) await deleteJump(chain);
  await iptables(chain, '-F', chain.name);
  await iptables(chain, '-X', chain.name);
  await removeIdleTable(chain);
  return true;
}

/**
 * The first jump makes iptables' FORWARD chain where there was none, as ip6tables' on a host whose Docker leaves IPv6
 * alone. A filter table that holds nothing else and lets everything pass goes with the last jump.
 */
async function removeIdleTable({ family }: ForwardChain): Promise<void> {
  const table = { family: family === 4 ? 'ip' : 'ip6', name: 'filter' } as const;
  // Legacy iptables keep their tables elsewhere, and what nft cannot read is not ours to remove.
  const objects = await listNft(table).catch(() => undefined);
  const content = (objects ?? []).filter((object) => object.table === undefined);
  const idle = content.every(({ chain }) => isIdleForward(chain as { name?: string; policy?: string } | undefined));
  if (objects !== undefined && idle) await deleteNftTable(table);
}

function isIdleForward(chain: { readonly name?: string; readonly policy?: string } | undefined): boolean {
  return chain?.name === 'FORWARD' && chain.policy === 'accept';
}

/** Docker puts its own jumps first when it starts; they judge its own bridges only, so the place does not matter. */
async function ensureJump(chain: ForwardChain): Promise<void> {
  const jumps = (await filterTable(chain)).filter((line) => line === jumpTo(chain));
  if (jumps.length === 0) await iptables(chain, '-I', 'FORWARD', '-j', chain.name);
  for (const _ of jumps.slice(1)) await deleteJump(chain);
}

function jumpTo(chain: ForwardChain): string {
  return `-A FORWARD -j ${chain.name}`;
}

/** Deletes by content, never by position: others change the same chain. */
async function deleteJump(chain: ForwardChain): Promise<void> {
  await iptables(chain, '-D', 'FORWARD', '-j', chain.name);
}

/** The whole filter table as `iptables -S` prints it: asking for one chain that is missing gives misleading errors. */
async function filterTable(chain: ForwardChain): Promise<readonly string[]> {
  const result = await whenInstalled(iptables(chain, '-S'));
  return result?.stdout.split('\n') ?? [];
}

function program(chain: ForwardChain, suffix = ''): string {
  return `${chain.family === 4 ? 'iptables' : 'ip6tables'}${suffix}`;
}

function iptables(chain: ForwardChain, ...args: string[]): ReturnType<typeof run> {
  return run([program(chain), ...LOCK, ...args], TIMEOUT);
}

function checkChain({ name }: ForwardChain): string {
  if (/^[A-Za-z][A-Za-z0-9_-]{0,27}$/.test(name)) return name;
  throw new LinecardError('LC_INVALID', `"${name.slice(0, 40)}" is not a name for a chain of iptables`);
}

/** One argument in a line of iptables-restore. */
function quote(argument: string): string {
  if (/^[A-Za-z0-9_.:,/!+=-]+$/.test(argument)) return argument;
  // Other control characters than line breaks are harmless inside quotes, but nobody needs them.
  if (argument === '' || /[^\x20-\x7e]/.test(argument)) {
    throw new LinecardError('LC_INVALID', `${JSON.stringify(argument)} cannot be an argument of an iptables rule`);
  }
  return `"${argument.replace(/["\\]/g, '\\$&')}"`;
}

async function whenInstalled<T>(done: Promise<T>): Promise<T | undefined> {
  try {
    return await done;
  } catch (error) {
    if (isMissingProgram(error)) return undefined;
    throw error;
  }
}
