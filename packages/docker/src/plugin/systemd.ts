import { LinecardError } from '@linecard/wire';

/** A listening socket that systemd passed to this process. */
export interface SystemdSocket {
  readonly fd: number;
  /** `FileDescriptorName=` of the socket unit; `unknown` when it has none. */
  readonly name: string;
}

/** The first descriptor that systemd passes (`SD_LISTEN_FDS_START`). */
const firstFd = 3;

/**
 * The sockets that systemd passed, by `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` as sd_listen_fds(3) reads them.
 * Empty when there are none or when they are meant for another process. Throws `LC_INVALID` for nonsense.
 */
export function systemdSockets(env: NodeJS.ProcessEnv = process.env, pid: number = process.pid): SystemdSocket[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env;
  if (LISTEN_PID === undefined || LISTEN_FDS === undefined) return [];
  if (Number(LISTEN_PID) !== pid) return [];
  const count = Number(LISTEN_FDS);
  if (!Number.isInteger(count) || count < 0 || count > 1024) {
    throw new LinecardError('LC_INVALID', `LISTEN_FDS="${LISTEN_FDS}" is not a number of sockets`);
  }
  const names = LISTEN_FDNAMES?.split(':') ?? [];
  return Array.from({ length: count }, (_, i) => ({ fd: firstFd + i, name: names[i] || 'unknown' }));
}
