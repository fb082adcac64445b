import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether Open vSwitch's tools are here. */
export const hasOvs = spawnSync('ovs-ofctl', ['--version']).status === 0;

/** What ovs-ofctl prints for messages, one after the other, in one run of the program. */
export function printMessages(messages: readonly Uint8Array[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'openflow-'));
  const path = join(directory, 'messages');
  writeFileSync(path, Buffer.concat(messages));
  const { stdout } = spawnSync('ovs-ofctl', ['ofp-parse', path], { encoding: 'utf8', maxBuffer: 1 << 28 });
  rmSync(directory, { recursive: true });
  return stdout;
}

const start = /\n(?=(?:OFP|NX|ONF)S?T_|\*\*\*decode error: OFPBRC)/;

/** What ovs-ofctl makes of the lines of a file of flows, all of which it must take. */
export function printFlows(path: string, version: number): string[] {
  const { stdout, stderr } = spawnSync('ovs-ofctl', ['-O', `OpenFlow1${version - 1}`, 'parse-flows', path], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => line.startsWith('OFPT_'));
  if (lines.length === 0) throw new Error(stderr);
  return lines.map((line) => line.trimEnd());
}

/** The first line that ovs-ofctl prints for each message. Throws when it is not clear which line is whose. */
export function printFirstLines(messages: readonly Uint8Array[]): string[] {
  const blocks = printMessages(messages).trimEnd().split(start);
  if (blocks.length !== messages.length) throw new Error(`${blocks.length} texts of ${messages.length} messages`);
  return blocks.map((block) => block.split('\n')[0]!.trimEnd());
}
