import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** What the temporary folders and the cgroups of all beds are called at the beginning. */
export const bedPrefix = 'linecard-bed-';

/** Unix socket paths end at 107 characters, and the longest below a bed's folder takes 85 of them. */
const longestBase = 22;

/** The folder in which beds keep their files: the system's temporary one, unless socket paths would become too long. */
export function bedsFolder(): string {
  return tmpdir().length <= longestBase ? tmpdir() : '/tmp';
}

/** When a process started, in clock ticks after boot (field 22 of proc(5) stat); undefined when there is none. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** A fresh bed name. It tells the owning process, so that beds of dead owners are recognised without any lock file. */
export function newBedName(): string {
  return `${bedPrefix}${process.pid}-${processStart(process.pid)}-${randomBytes(3).toString('hex')}`;
}

/** Whether the process that made the bed of this name still lives; undefined when it is not the name of a bed. */
export function ownerAlive(name: string): boolean | undefined {
  const match = new RegExp(`^${bedPrefix}(\\d+)-(\\d+)-[0-9a-f]{6}$`).exec(name);
  return match === null ? undefined : processStart(Number(match[1])) === match[2];
}
