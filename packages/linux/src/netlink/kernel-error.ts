import { constants } from 'node:os';
import { LinecardError } from '@linecard/wire';

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** What an errno means here, for the ones that rtnetlink really gives, and what to do about it. */
const meanings: Readonly<Record<string, readonly [meaning: string, hint?: string]>> = {
  EEXIST: ['it exists already', 'choose another name, or delete the old one first (ip link show)'],
  ENODEV: ['no such interface', 'it may be in another network namespace, or already deleted'],
  ENOENT: ['no such object'],
  EPERM: ['not allowed', 'run as root or with CAP_NET_ADMIN, also in the namespace concerned'],
  EACCES: ['not allowed', 'run as root or with CAP_NET_ADMIN'],
  EBUSY: ['it is in use', 'it may be a port of a bridge or of Open vSwitch, or up while it must be down'],
  EINVAL: ['the kernel does not accept one of the values', 'check the names, numbers and addresses that it is about'],
  ERANGE: ['a value is out of range', 'interface names have 1 to 15 characters'],
  ENFILE: ['too many open files on this host', 'raise fs.file-max'],
  EMFILE: ['too many open files in this process', 'raise its limit (ulimit -n)'],
  ENOMEM: ['the kernel has no memory for it'],
  ENOBUFS: ['the kernel has no buffer for it'],
  EOPNOTSUPP: [
    'the kernel or the interface does not support this',
    'check that the kernel has the module (veth, openvswitch)',
  ],
  EADDRNOTAVAIL: ['the address is not there'],
  ENETUNREACH: ['the gateway is not reachable', 'the gateway must lie in a network of the interface, which must be up'],
  ENETDOWN: ['the interface is down'],
  ECONNRESET: ['it ended unexpectedly'],
  ESRCH: ['no such process or route'],
  ENONET: ['no such network namespace'],
};

/** The kernel refused a request: `LC_KERNEL` with the name of the errno. */
export class KernelError extends LinecardError {
  /** The symbol of the errno, as `ENODEV`; `E123` for a number that has no name here. */
  readonly errno: string;

  constructor(operation: string, errno: number | string, cause?: unknown) {
    const name = typeof errno === 'string' ? errno : (names.get(errno) ?? `E${errno}`);
    const [meaning, hint] = meanings[name] ?? ['the kernel refused'];
    super('LC_KERNEL', `${operation}: ${meaning} (${name})`, {
      ...(hint === undefined ? {} : { hint }),
      ...(cause === undefined ? {} : { cause }),
    });
    this.name = 'KernelError';
    this.errno = name;
  }
}

/** Whether an error is a kernel refusal with one of these errno names. */
export function isErrno(error: unknown, ...errnos: readonly string[]): error is KernelError {
  return error instanceof KernelError && errnos.includes(error.errno);
}
