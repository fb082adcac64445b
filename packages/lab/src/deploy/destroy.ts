import { rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { deleteNftTable } from '@linecard/linux';
import { removeForwarding, removePortsOf, removeSwitchParts } from './bridges.js';
import { removeHostFiles, writeHostFiles } from './host-files.js';
import { removeManagement } from './management.js';
import { groupOf, isLabGroup, labels, tableOf } from './marks.js';
import type { RemovalState } from './progress.js';
import { Workers } from './stages.js';
import type { World } from './world.js';

/** How a lab is removed. */
export interface DestroyOptions {
  /** Also removes the folder of the lab with what was generated and saved. */
  readonly cleanup?: boolean;
  /** The topology file, beside which that folder lies; the containers know it too, as long as they are there. */
  readonly file?: string;
  /** Only these nodes; the rest of the lab stays. */
  readonly nodeFilter?: readonly string[];
  /** How many containers are removed at once; 8. */
  readonly maxWorkers?: number;
  readonly progress?: (node: string, state: RemovalState) => void;
}

/** What was removed. */
export interface Destroyed {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
}

/**
 * Removes all that is marked as the lab's: containers with their links, interfaces of the host, ports and bridges of
 * Open vSwitch, the management network when it is empty, hosts entries. No file is needed. It may be done again.
 */
export async function destroyLab(world: World, lab: string, options: DestroyOptions = {}): Promise<Destroyed> {
  const wanted = (await labContainers(world, lab)).filter(
    ({ labels: own }) => options.nodeFilter === undefined || options.nodeFilter.includes(own[labels.node] ?? ''),
  );
  const workers = new Workers(options.maxWorkers ?? 8);
  const removal = wanted.map(({ id, labels: own, name }) =>
    workers.run(async () => {
      options.progress?.(own[labels.node] ?? name, 'removing');
      await world.control.removeContainer(id);
      options.progress?.(own[labels.node] ?? name, 'removed');
    }),
  );
  const outcomes = await Promise.allSettled(removal);
  const containers = wanted.map(({ name }) => name);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  if (options.nodeFilter !== undefined) {
    await removePortsOf(world, lab, options.nodeFilter);
    await writeHostFiles(world, lab, await labContainers(world, lab));
    return { containers, networks: [] };
  }
  await removeSwitchParts(world, lab);
  await removeGroup(world, groupOf(lab));
  const networks = await removeManagement(world, new Set(wanted.map(({ id }) => id)));
  await removeHostFiles(world, lab);
  if (options.cleanup === true) await removeFolders(wanted, lab, options.file);
  return { containers, networks };
}

/** The containers of a lab, running or not. */
export async function labContainers(world: World, lab: string) {
  return (await world.engine.containers({ all: true })).filter(({ labels: own }) => own[labels.lab] === lab);
}

/**
 * Removes what crashed labs have left that nothing can name any more: interfaces of the host in the groups of labs.
 * Returns the interfaces.
 */
export async function removeNameless(world: World): Promise<readonly string[]> {
  const links = (await world.netlink.links()).filter(({ group }) => isLabGroup(group));
  for (const group of new Set(links.map((link) => link.group))) await removeGroup(world, group);
  return links.map(({ name }) => name);
}

/** Removes the interfaces of the host that are in a lab's group, and what lets their traffic pass. */
async function removeGroup(world: World, group: number): Promise<void> {
  const links = (await world.netlink.links()).filter((link) => link.group === group);
  await world.reaper.remove(links.map(({ name }) => name));
  await Promise.all([removeForwarding(group), deleteNftTable({ family: 'netdev', name: tableOf(group) })]);
}

async function removeFolders(
  containers: readonly { readonly labels: Readonly<Record<string, string>> }[],
  lab: string,
  file: string | undefined,
): Promise<void> {
  const folders = new Set(containers.map(({ labels: own }) => own[labels.folder] ?? ''));
  if (file !== undefined) folders.add(join(dirname(resolve(file)), `clab-${lab}`));
  // A label is a text from outside: nothing but a lab's own folder is ever removed.
  const own = [...folders].filter((folder) => folder.startsWith('/') && basename(folder) === `clab-${lab}`);
  await Promise.all(own.map((folder) => rm(folder, { recursive: true, force: true })));
}
