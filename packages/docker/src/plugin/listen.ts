import { Buffer } from 'node:buffer';
import { lstat, mkdir, unlink } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { LinecardError } from '@linecard/wire';

/** Where to listen: a path to make a unix socket at, or a socket that somebody else (systemd) made and passed. */
export type PluginAddress = { readonly path: string } | { readonly fd: number };

/** A plugin that listens. */
export interface PluginListener {
  /**
   * Listens no more, lets calls that are under way be answered, and closes the connections; those whose calls take
   * longer than `drainMs` are cut. Docker repeats a call that was cut without its body, so it then fails.
   */
  close(drainMs?: number): Promise<void>;
}

/** The longest path of a unix socket, in bytes (`sun_path` without its final zero). */
const longestPath = 107;

/**
 * Listens for dockerd. A socket file is made with mode 0600, its directory is made when missing, and what a dead
 * process left at `path` is replaced. A passed socket is used as it is and stays where it is. Throws `LC_CONFLICT` when
 * somebody listens at `path` or something that is not a socket is there, `LC_KERNEL` when the kernel refuses.
 */
export async function listenPlugin(handler: RequestListener, address: PluginAddress): Promise<PluginListener> {
  if ('path' in address) await makeRoom(address.path);
  const server = createServer(handler);
  // Docker keeps connections open for ever and repeats a call that meets a closing one without its body (moby issue
  // 39331). So an idle connection is never closed from this side; who may connect at all is root.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  // Once closed, a connection goes as soon as its call is answered.
  server.on('request', (_, response) => {
    response.on('close', () => {
      if (!server.listening) server.closeIdleConnections();
    });
  });
  await listen(server, address);
  return { close: (drainMs = 10_000) => drain(server, drainMs) };
}

async function makeRoom(path: string): Promise<void> {
  if (Buffer.byteLength(path) > longestPath) {
    throw new LinecardError('LC_INVALID', `the socket path ${path} is longer than ${longestPath} bytes`);
  }
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    if (!(await isStale(path))) return;
    await unlink(path);
  } catch (error) {
    throw error instanceof LinecardError ? error : refused(`prepare the socket ${path}`, error);
  }
}

/** Whether a dead process left a socket at `path`; false when nothing is there. */
async function isStale(path: string): Promise<boolean> {
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!there) return false;
  if (!there.isSocket()) {
    throw new LinecardError('LC_CONFLICT', `${path} exists and is not a socket`, { hint: 'move it away' });
  }
  if (await answers(path)) {
    throw new LinecardError('LC_CONFLICT', `another process listens on ${path}`, {
      hint: `see who it is: ss -xlp src ${path}`,
    });
  }
  return true;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // A full backlog is somebody alive.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

function listen(server: Server, address: PluginAddress): Promise<void> {
  const what = 'path' in address ? address.path : `descriptor ${address.fd}`;
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => reject(refused(`listen on ${what}`, error));
    server.once('error', failed);
    server.once('listening', () => {
      server.off('error', failed);
      resolve();
    });
    // node:net binds within the call, so the file never exists with another mode.
    const umask = 'path' in address ? process.umask(0o177) : undefined;
    try {
      server.listen(address);
    } catch (error) {
      failed(error);
    } finally {
      if (umask !== undefined) process.umask(umask);
    }
  });
}

function refused(operation: string, error: unknown): LinecardError {
  const code = (error as NodeJS.ErrnoException).code;
  const message = `cannot ${operation}: ${(error as Error).message}`;
  return new LinecardError(code === 'EADDRINUSE' ? 'LC_CONFLICT' : 'LC_KERNEL', message, { cause: error });
}

function drain(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), drainMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
