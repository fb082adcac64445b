import { readFile, writeFile } from 'node:fs/promises';
import { LinecardError } from '@linecard/wire';
import { KernelError } from './netlink/kernel-error.js';

/**
 * A kernel parameter as its parts, so that an interface name may hold dots: `['net', 'ipv6', 'conf', 'eth0.5',
 * 'disable_ipv6']`. A text is split at dots, or at slashes when it holds one, as sysctl(8) does.
 */
export type SysctlKey = string | readonly string[];

/** The file of a parameter below /proc/sys. Throws `LC_INVALID` on what would leave it. */
export function sysctlPath(key: SysctlKey): string {
  const parts = typeof key === 'string' ? key.split(key.includes('/') ? '/' : '.') : key;
  const bad = parts.length < 2 || parts.some((part) => !/^[^/\s\0]{1,64}$/.test(part) || part === '.' || part === '..');
  if (bad) {
    throw new LinecardError('LC_INVALID', `${JSON.stringify(key)} is not the name of a kernel parameter`, {
      hint: 'write it as net.ipv4.ip_forward, or in parts when an interface name holds a dot',
    });
  }
  return `/proc/sys/${parts.join('/')}`;
}

/** The value of a parameter, without the line break; undefined when the kernel has no such parameter. */
export async function readSysctl(key: SysctlKey): Promise<string | undefined> {
  const path = sysctlPath(key);
  try {
    return (await readFile(path, 'utf8')).trimEnd();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new KernelError(`read ${path}`, code ?? 'EIO', error);
  }
}

/**
 * Sets a parameter; false when it had the value already, and then nothing is written. Throws `LC_NOT_FOUND` when the
 * kernel has no such parameter.
 */
export async function writeSysctl(key: SysctlKey, value: string | number): Promise<boolean> {
  const path = sysctlPath(key);
  const wanted = String(value);
  if (!/^[\x21-\x7e][\x20-\x7e\t]*$/.test(wanted)) {
    throw new LinecardError('LC_INVALID', `${JSON.stringify(value)} is not a value for a kernel parameter`);
  }
  const now = await readSysctl(key);
  if (now === undefined) throw new LinecardError('LC_NOT_FOUND', `there is no kernel parameter ${path}`);
  if (now === wanted) return false;
  await writeFile(path, wanted).catch((error: NodeJS.ErrnoException) => {
    throw new KernelError(`set ${path} to ${wanted}`, error.code ?? 'EIO', error);
  });
  return true;
}
