import { resolve } from 'node:path';
import { inspectLabs } from './inspect.js';
import type { World } from './world.js';

/** The name of the lab that was deployed from a file, which may be gone since; undefined when none was. */
export async function labOfFile(world: World, file: string): Promise<string | undefined> {
  const path = resolve(file);
  return (await inspectLabs(world)).find((row) => row.file === path)?.lab;
}
