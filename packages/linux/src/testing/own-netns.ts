import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';

/**
 * Why tests against the real kernel must not run here; undefined when this process is in a network namespace that
 * was made for tests. The variable alone is not believed: it could be set on somebody's machine.
 */
export function whyNotHere(): string | undefined {
  if (process.env.LINECARD_TEST_NETNS !== '1') return 'LINECARD_TEST_NETNS=1 is not set';
  const init = readNamespace('/proc/1/ns/net');
  if (init !== undefined) {
    return init === readNamespace('/proc/self/ns/net') ? 'this is the network namespace of the machine' : undefined;
  }
  // Without the right to look at process 1: a machine has links with hardware behind them, a new namespace has none.
  const physical = ipJson('-d', 'link', 'show').filter((link) => link.ifname !== 'lo' && link.linkinfo === undefined);
  return physical.length === 0 ? undefined : `${physical.map((link) => link.ifname).join(', ')} belongs to a machine`;
}

function readNamespace(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The text of a program's output: the oracles are ip, ethtool, nft and iptables-save. */
export function oracle(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
}

/** One object of `ip -j ...`. */
export type IpObject = Readonly<Record<string, unknown>>;

/** What `ip -j ...` prints. */
export function ipJson(...args: string[]): IpObject[] {
  return JSON.parse(oracle('ip', '-j', ...args)) as IpObject[];
}
