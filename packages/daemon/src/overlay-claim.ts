import { createServer, type Server } from 'node:net';
import { LinecardError } from '@linecard/wire';

/** A name in the network namespace (unix(7), "abstract"), so that a daemon in a plugin's mounts meets it too. */
const claimName = '\0linecard-overlay';

/**
 * Makes this process the one of this host that serves networks over many hosts: two would each remove what the other
 * makes. Undefined when another process does; a process that ends, however it ends, is one no more.
 */
export function claimOverlay(): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else
        reject(
          new LinecardError('LC_KERNEL', `cannot listen on @linecard-overlay: ${error.message}`, { cause: error }),
        );
    });
    server.listen(claimName, () => resolve(server));
    server.unref();
  });
}
