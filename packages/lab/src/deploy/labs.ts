import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { labsIn } from './host-files.js';
import { inspectLabs } from './inspect.js';
import { labId } from './marks.js';
import type { World } from './world.js';

/** The name of the lab that was deployed from a file, which may be gone since; undefined when none was. */
export async function labOfFile(world: World, file: string): Promise<string | undefined> {
  const path = resolve(file);
  return (await inspectLabs(world)).find((row) => row.file === path)?.lab;
}

/** The names of all labs of which anything is left: a container, a bridge or port of Open vSwitch, hosts entries. */
export async function labNames(world: World): Promise<string[]> {
  const containers = (await inspectLabs(world)).map(({ lab }) => lab);
  const hosts = labsIn(await readFile(world.hostsFile, 'utf8').catch(() => ''));
  return [...new Set([...containers, ...(await inSwitch(world)), ...hosts])].sort();
}

async function inSwitch(world: World): Promise<string[]> {
  if (!world.hasOpenvswitch) return [];
  const { view } = await world.openvswitch();
  const bridges = [...view.bridges()];
  const rows = [...bridges, ...bridges.flatMap(({ name }) => view.interfacesOf(name))];
  return rows.flatMap((row) => row.external_ids.get(labId) ?? []);
}
