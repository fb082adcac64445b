import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, isIP } from 'node:net';
import { type DatabaseOptions, reachability } from '@linecard/ovn';
import { OvsdbSession, readTls, type TlsFiles } from '@linecard/ovsdb';
import { LinecardError } from '@linecard/wire';

/** ovn-ctl, which starts what belongs to OVN. */
export const ovnCtl = '/usr/share/ovn/scripts/ovn-ctl';
/** How long it may take, in ms: starting a database may convert it first, and waits for its cluster. */
export const startMs = 60_000;

/** How long a database may take to answer, in ms. */
const answerMs = 5000;
/** How long a member may take to accept a connection, in ms. */
const hereMs = 2000;

/** Where OVN's databases listen for clients, and for one another (`Raft`), as ovn-ctl has it. */
export const ports = { nb: 6641, sb: 6642, nbRaft: 6643, sbRaft: 6644, sbAdmin: 16_642 } as const;

/** Throws `LC_INVALID` for what is no IP address. */
export function checkAddress(address: string): string {
  if (isIP(address) !== 0) return address;
  throw new LinecardError('LC_INVALID', `"${address}" is not an IP address`);
}

/** An address as it stands before a port. */
export const inUrl = (address: string) => (address.includes(':') ? `[${address}]` : address);

/** The endpoints of a database on all of its members: `tcp:A:6641,tcp:B:6641`. */
export function endpoints(members: readonly string[], port: keyof typeof ports, scheme: 'tcp' | 'ssl'): string {
  return members.map((address) => `${scheme}:${inUrl(address)}:${ports[port]}`).join(',');
}

/** Whether anybody accepts a connection; nothing is sent. */
export async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, signal: AbortSignal.timeout(hereMs) });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/**
 * Looks at files before daemons are told to use them. Rejects with `LC_INVALID` when one is missing, is out of its time
 * or not what it should be, or when others than its owner may read the private key.
 */
export async function checkTls(tls: TlsFiles): Promise<void> {
  for (const path of Object.values(tls)) {
    // Daemons look for them from their own folder.
    if (!path.startsWith('/')) throw new LinecardError('LC_INVALID', `${path} must be a whole path, from / on`);
  }
  readTls(tls);
  const mode = (await stat(tls.key)).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  throw new LinecardError(
    'LC_INVALID',
    `others may read the private key ${tls.key} (its mode is ${mode.toString(8)})`,
    {
      hint: `chmod 600 ${tls.key}`,
    },
  );
}

/**
 * Connects to a database, to see before anything is changed that it is there and lets this host in. Every member is
 * tried twice. Rejects with `LC_OVSDB_UNREACHABLE`, which says why, or `LC_INVALID` when something else answers.
 */
export async function checkDatabase(options: DatabaseOptions, name: string): Promise<void> {
  const session = new OvsdbSession({ ...options, ...reachability });
  try {
    const names = await askOnce(session, 2 * options.endpoint.split(',').length);
    if (Array.isArray(names) && names.includes(name)) return;
    throw new LinecardError('LC_INVALID', `${options.endpoint} has no database ${name}, only ${String(names)}`);
  } catch (error) {
    if (error instanceof LinecardError && error.code === 'LC_INVALID') throw error;
    const reason = (error as Error).message;
    throw new LinecardError('LC_OVSDB_UNREACHABLE', `the database ${name} does not let this host in: ${reason}`, {
      hint: 'is OVN central running there (`linecard ovn central`), with or without SSL as is asked for here?',
      cause: error,
    });
  } finally {
    await session.close();
  }
}

/** The names of the databases there. With SSL a server may refuse a certificate after the connection is open, too. */
function askOnce(session: OvsdbSession, attempts: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let left = attempts;
    const onFailure = (reason: LinecardError) => {
      if (--left === 0) reject(reason);
    };
    session.on('failed', onFailure).on('disconnected', onFailure);
    session.on('connected', () => {
      session.call('list_dbs', [], { timeoutMs: answerMs }).then(resolve, (error: LinecardError) => {
        if (error.code !== 'LC_CLOSED') reject(error);
      });
    });
    session.start();
  });
}
