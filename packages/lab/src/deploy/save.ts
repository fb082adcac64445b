import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { insideOf, mustRun } from '../kinds/kind.js';
import { containerKind } from '../kinds/kinds.js';
import type { Lab } from '../model/types.js';
import type { World } from './world.js';

/** A configuration that was read back. */
export interface Saved {
  readonly node: string;
  readonly file: string;
}

/** Writes the running configuration of every node that has one into the folder of the lab. */
export async function saveLab(world: World, lab: Lab): Promise<Saved[]> {
  const saved = lab.nodes.map(async (node): Promise<Saved[]> => {
    const command = containerKind(node.kind)?.running?.(node);
    if (command === undefined) return [];
    const text = await mustRun(insideOf(world.control, node.longName), command);
    const file = join(node.folder, 'running-config.cfg');
    await mkdir(node.folder, { recursive: true });
    // What comes before the first line of the configuration is the program's own talk.
    await writeFile(file, text.replace(/^[\s\S]*?Current configuration:\n/, '').trimStart());
    return [{ node: node.name, file }];
  });
  return (await Promise.all(saved)).flat();
}
