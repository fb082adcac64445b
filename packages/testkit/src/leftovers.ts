import type { Dirent } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { bedPrefix, bedsFolder, ownerAlive } from './identity.js';
import { waitUntil } from './wait.js';

const cgroupRoot = '/sys/fs/cgroup';

async function folders(path: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** The cgroup folders at the top: of each hierarchy of version 1, or of version 2. */
async function topCgroups(wanted: (name: string) => boolean): Promise<string[]> {
  const top = await folders(cgroupRoot);
  const below = await Promise.all(
    top.map(async (name) => (await folders(join(cgroupRoot, name))).map((child) => join(cgroupRoot, name, child))),
  );
  return [...top.map((name) => join(cgroupRoot, name)), ...below.flat()].filter((path) => wanted(basename(path)));
}

/** The cgroup folders of all beds. */
export function bedCgroups(): Promise<string[]> {
  return topCgroups((name) => name.startsWith(bedPrefix));
}

/** The temporary folders of all beds. */
export async function bedFolders(): Promise<string[]> {
  const base = bedsFolder();
  return (await folders(base)).filter((name) => name.startsWith(bedPrefix)).map((name) => join(base, name));
}

async function removeCgroup(path: string): Promise<void> {
  for (const child of await folders(path)) await removeCgroup(join(path, child));
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** Removes the cgroups of a bed whose processes are all dead. The kernel may keep them busy for a moment longer. */
export async function removeBedCgroups(name: string): Promise<void> {
  // dockerd gives its managed plugins cgroups that are called like them, whatever it was told of containers' ones.
  const plugins = await folders(join(bedsFolder(), name, 'var/lib/docker/plugins'));
  const names = new Set([name, ...plugins.filter((id) => /^[0-9a-f]{64}$/.test(id))]);
  const removeAll = async (): Promise<boolean> => {
    const own = await topCgroups((one) => names.has(one));
    const results = await Promise.allSettled(own.map(removeCgroup));
    return results.every((result) => result.status === 'fulfilled');
  };
  await waitUntil(removeAll, { timeoutMs: 5000, what: `the cgroups of ${name} to become empty` });
}

/** Removes the folder of a bed with everything in it. */
export async function removeBedFolder(name: string): Promise<void> {
  await rm(join(bedsFolder(), name), { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

async function removeDeadBed(name: string): Promise<void> {
  try {
    await removeBedCgroups(name); // first, because the folder tells which plugins had cgroups
  } finally {
    await removeBedFolder(name);
  }
}

/**
 * Removes what beds of dead owners have left: their processes die by themselves, folders and cgroups cannot. What
 * resists (its processes are dying just now) is left for the next sweep.
 */
export async function sweepDeadBeds(): Promise<void> {
  const paths = [...(await bedFolders()), ...(await bedCgroups())];
  const names = new Set(paths.map((path) => path.slice(path.lastIndexOf('/') + 1)));
  const dead = [...names].filter((name) => ownerAlive(name) === false);
  await Promise.allSettled(dead.map(removeDeadBed));
}
