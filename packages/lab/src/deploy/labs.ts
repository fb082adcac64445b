import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { labsIn } from './host-files.js';
import { inspectLabs } from './inspect.js';
import { labels, labId } from './marks.js';
import type { World } from './world.js';

/** The name of the lab that was deployed from a file, which may be gone since; undefined when none was. */
export async function labOfFile(world: World, file: string): Promise<string | undefined> {
  const path = resolve(file);
  return (await inspectLabs(world)).find((row) => row.file === path)?.lab;
}

/** The names of all labs of which anything is left: a container, a bridge or port of Open vSwitch, hosts entries. */
export async function labNames(world: World): Promise<string[]> {
  const containers = (await inspectLabs(world)).map(({ lab }) => lab);
  const foreign = await foreignLabs(world);
  const hosts = labsIn(await readFile(world.hostsFile, 'utf8').catch(() => '')).filter((lab) => !foreign.has(lab));
  return [...new Set([...containers, ...(await inSwitch(world)), ...hosts])].sort();
}

/** Labs that containerlab itself has deployed: their hosts entries look the same. */
async function foreignLabs(world: World): Promise<ReadonlySet<string | undefined>> {
  const containers = await world.engine.containers({ all: true });
  return new Set(
    containers.filter(({ labels: own }) => own[labels.lab] === undefined).map(({ labels: own }) => own.containerlab),
  );
}

async function inSwitch(world: World): Promise<string[]> {
  if (!world.hasOpenvswitch) return [];
  const { view } = await world.openvswitch();
  const bridges = [...view.bridges()];
  const rows = [...bridges, ...bridges.flatMap(({ name }) => view.interfacesOf(name))];
  return rows.flatMap((row) => row.external_ids.get(labId) ?? []);
}
