import { type NetnsRef, netnsPath, run } from '@linecard/linux';
import type { Endpoint } from '../model/types.js';

/** What is still to be done inside namespaces: one run of ip(8) each. */
export class Setup {
  readonly #lines = new Map<string, { netns: NetnsRef; lines: string[]; checksums: string[] }>();

  add({ node, name, addresses }: Endpoint, netns: NetnsRef, down: boolean, checksums: boolean): void {
    const entry = this.#lines.get(node) ?? { netns, lines: [], checksums: [] };
    this.#lines.set(node, entry);
    for (const address of addresses) {
      entry.lines.push(`addr replace ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`);
    }
    if (down) entry.lines.push(`link set dev ${name} up`);
    if (checksums) entry.checksums.push(name);
  }

  /** Returns what failed, by node. */
  async run(): Promise<ReadonlyMap<string, unknown>> {
    const failures = new Map<string, unknown>();
    await Promise.all(
      [...this.#lines].map(async ([node, { netns, lines, checksums }]) => {
        const enter = ['nsenter', `--net=${netnsPath(netns)}`, '--'] as const;
        try {
          for (const name of checksums) await run([...enter, 'ethtool', '-K', name, 'tx', 'off']);
          if (lines.length > 0)
            await run([...enter, 'ip', '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
        } catch (error) {
          failures.set(node, error);
        }
      }),
    );
    return failures;
  }
}
