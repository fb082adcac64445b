import { readdir, readFile, readlink } from 'node:fs/promises';
import { bedPrefix } from './identity.js';
import { bedCgroups, bedFolders } from './leftovers.js';

/** What beds occupy on the machine. All lists are sorted. */
export interface HostFootprint {
  /** Temporary folders. */
  readonly folders: readonly string[];
  /** Cgroup folders. */
  readonly cgroups: readonly string[];
  /** Mount points that the asking process can see. */
  readonly mounts: readonly string[];
  /** "PID COMMAND" of all processes in beds, those in containers too. */
  readonly processes: readonly string[];
  /** Network namespaces of these processes. */
  readonly namespaces: readonly string[];
  /** Network interfaces in the network namespace of the asking process. */
  readonly links: readonly string[];
}

interface Occupant {
  readonly process: string;
  readonly netns: string;
}

async function occupant(pid: string, mark: string): Promise<Occupant | undefined> {
  const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  // Containers show the bed in their cgroup, all others in their mounts.
  const [mounts, cgroup, comm] = await Promise.all([read('mountinfo'), read('cgroup'), read('comm')]);
  if (!mounts.includes(mark) && !cgroup.includes(mark)) return undefined;
  const netns = await readlink(`/proc/${pid}/ns/net`).catch(() => 'gone');
  return { process: `${pid} ${comm.trim()}`, netns };
}

/**
 * What beds occupy on the machine: all of them, or the one of the given name. Comparing the footprint from before a
 * bed with that from after its end shows that nothing was left behind.
 */
export async function hostFootprint(name: string = bedPrefix): Promise<HostFootprint> {
  const own = (paths: readonly string[]): string[] => paths.filter((path) => path.includes(name)).sort();
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const occupants = (await Promise.all(pids.map((pid) => occupant(pid, name)))).filter((o) => o !== undefined);
  const mountPoints = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' ')[4]);
  const netDevices = (await readFile('/proc/self/net/dev', 'utf8')).matchAll(/^\s*([^:\s]+):/gm);
  return {
    folders: own(await bedFolders()),
    cgroups: own(await bedCgroups()),
    mounts: own(mountPoints.filter((path) => path !== undefined)),
    processes: occupants.map((o) => o.process).sort(),
    namespaces: [...new Set(occupants.map((o) => o.netns))].sort(),
    links: [...netDevices].map((match) => match[1] ?? '').sort(),
  };
}
