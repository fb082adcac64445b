import { open } from 'node:fs/promises';
import { LinecardError } from '@linecard/wire';
import { KernelError } from './netlink/kernel-error.js';

/** A network namespace: that of a process, or a file such as /var/run/docker/netns/X. */
export type NetnsRef = { readonly pid: number } | { readonly path: string };

/** The file of a namespace. Throws `LC_INVALID`. */
export function netnsPath(ref: NetnsRef): string {
  if ('pid' in ref) {
    if (Number.isInteger(ref.pid) && ref.pid > 0) return `/proc/${ref.pid}/ns/net`;
    throw new LinecardError('LC_INVALID', `${ref.pid} is not a process ID`);
  }
  if (/^\/[^\0\n]+$/.test(ref.path)) return ref.path;
  throw new LinecardError('LC_INVALID', 'a network namespace is given by an absolute path');
}

/** Runs `use` with a file descriptor of the namespace, open as long as `use` runs. `LC_NOT_FOUND` when there is none. */
export async function withNetnsFd<T>(ref: NetnsRef, use: (fd: number) => Promise<T>): Promise<T> {
  const path = netnsPath(ref);
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') {
      const hint = 'the process or container that it belongs to has ended';
      throw new LinecardError('LC_NOT_FOUND', `there is no network namespace ${path}`, { hint, cause });
    }
    throw new KernelError(`open the network namespace ${path}`, cause.code ?? 'EIO', cause);
  });
  try {
    return await use(file.fd);
  } finally {
    await file.close();
  }
}
