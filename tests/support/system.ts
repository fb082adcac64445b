import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, type BedOptions } from '@linecard/testkit';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';

/** What every bed with Open vSwitch and Docker needs. */
const bedTools = [
  ...['setpriv', 'unshare', 'nsenter', 'ip', 'ethtool', 'nft', 'iptables-save', 'busybox'],
  ...['ovsdb-tool', 'ovsdb-server', 'ovs-vswitchd', 'ovs-vsctl', 'ovs-ofctl', 'ovs-appctl', 'dockerd', 'docker'],
];

/** CAP_SYS_ADMIN and CAP_NET_ADMIN of capabilities(7). */
const neededCapabilities = (1n << 21n) | (1n << 12n);

function mayMakeNamespaces(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${effective}`) & neededCapabilities) === neededCapabilities;
}

function installed(tool: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why system tests with these further tools cannot run here; undefined when they can. */
function whyNot(tools: readonly string[]): string | undefined {
  if (!mayMakeNamespaces()) return 'needs root';
  const missing = [...bedTools, ...tools].filter((tool) => !installed(tool));
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

/**
 * Tests that need beds. Where there can be none, they are skipped and the name tells why.
 *
 * @param tools programs that these tests need beyond those of every bed
 * @param obstacle what else keeps them from running here, if anything does
 */
export function describeSystem(
  name: string,
  body: () => void,
  tools: readonly string[] = [],
  obstacle?: string | undefined,
): void {
  const reason = whyNot(tools) ?? obstacle;
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (${reason})`, body);
}

/**
 * Gives the tests of the surrounding `describe` one bed, and shows its logs when one of them fails.
 *
 * @param prepare runs once, before the first test
 * @returns a function that returns the bed, for use within tests
 */
export function useBed(options: BedOptions = {}, prepare?: (bed: Bed) => Promise<void>): () => Bed {
  let bed: Bed | undefined;
  beforeAll(async () => {
    bed = await Bed.create(options);
    await prepare?.(bed);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(await bed?.logs());
  });
  afterAll(() => bed?.destroy());
  return () => {
    if (bed === undefined) throw new Error('the bed is there only while tests run');
    return bed;
  };
}
