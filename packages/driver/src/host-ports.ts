import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { PortBinding } from '@linecard/docker';
import { LinecardError, parseCidr } from '@linecard/wire';
import type { Port, PortMapping } from './records.js';
import { type RelayTarget, relayTcp, relayUdp } from './relay.js';

interface Held {
  readonly mapping: PortMapping;
  close(): void;
}

interface Opening {
  readonly mapping: PortMapping;
  /** Where to relay to; nowhere for a container without an address. */
  readonly target: RelayTarget | undefined;
}

/**
 * Holds published ports of the host open, so that no other program takes them and a port that is taken is refused.
 * The kernel's address translation answers nearly everything before these sockets see it; what it cannot translate,
 * connections to ::1 and from one family to a container that has only the other, is relayed.
 */
export class HostPorts {
  readonly #held = new Map<string, Held[]>();

  /**
   * Opens all ports of an endpoint. A host port of 0 becomes one that is free; of a range, the first free one.
   * Rejects with `LC_CONFLICT` when one is taken, and then holds none. Called again, it replaces what was held.
   */
  async hold(port: Pick<Port, 'id' | 'addresses'>, bindings: readonly PortBinding[]): Promise<PortMapping[]> {
    this.release(port.id);
    const target = port.addresses.map((text) => parseCidr(text).address)[0];
    const held: Held[] = [];
    this.#held.set(port.id, held);
    try {
      for (const binding of bindings) held.push(await openFirst(binding, target));
    } catch (error) {
      this.release(port.id);
      throw error;
    }
    return held.map(({ mapping }) => mapping);
  }

  /** Closes what was held for an endpoint. */
  release(id: string): void {
    for (const { close } of this.#held.get(id) ?? []) close();
    this.#held.delete(id);
  }

  close(): void {
    for (const id of [...this.#held.keys()]) this.release(id);
  }
}

async function openFirst(binding: PortBinding, target: string | undefined): Promise<Held> {
  const { protocol, port, hostIp = '', hostPort, hostPortEnd } = binding;
  for (let candidate = hostPort; ; candidate++) {
    try {
      return await open({ protocol, port, hostIp, hostPort: candidate }, target);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EADDRINUSE' && candidate < hostPortEnd) continue;
      const where = `${hostIp === '' ? '' : `${hostIp}:`}${candidate}/${protocol}`;
      if (code === 'EADDRINUSE') {
        throw new LinecardError('LC_CONFLICT', `port ${where} of the host is in use`, {
          hint: `\`ss -lnp 'sport = ${candidate}'\` shows by whom`,
          cause: error,
        });
      }
      throw new LinecardError('LC_KERNEL', `cannot publish port ${where}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

async function open(mapping: PortMapping, host: string | undefined): Promise<Held> {
  const target = host === undefined ? undefined : { host, port: mapping.port };
  if (mapping.protocol === 'tcp') return openTcp({ mapping, target });
  if (mapping.protocol === 'udp') return openUdp({ mapping, target });
  // Node has no SCTP sockets: the kernel translates, but nobody notices a port that is taken.
  return { mapping, close: () => undefined };
}

/** Opens `::`, which takes both families, or `0.0.0.0` on a kernel without IPv6; or the one address that was named. */
async function openAt<T>(hostIp: string, openOne: (address: string) => Promise<T>): Promise<T> {
  if (hostIp !== '') return openOne(hostIp);
  try {
    return await openOne('::');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error;
    return openOne('0.0.0.0');
  }
}

async function openTcp({ mapping, target }: Opening): Promise<Held> {
  const relayed = new Set<Socket>();
  const server = await openAt(mapping.hostIp, async (host) => {
    const listener = createServer({ pauseOnConnect: true }, (client) => relayTcp(client, target, relayed));
    listener.listen({ port: mapping.hostPort, host });
    await once(listener, 'listening');
    return listener;
  });
  const close = () => {
    server.close();
    for (const socket of relayed) socket.destroy();
  };
  return { mapping: { ...mapping, hostPort: (server.address() as AddressInfo).port }, close };
}

async function openUdp({ mapping, target }: Opening): Promise<Held> {
  const socket = await openAt(mapping.hostIp, async (address) => {
    const listener = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    listener.bind({ port: mapping.hostPort, address });
    await once(listener, 'listening');
    return listener;
  });
  socket.on('error', () => undefined);
  const endRelay = target === undefined ? () => undefined : relayUdp(socket, target);
  const close = () => {
    endRelay();
    socket.close();
  };
  return { mapping: { ...mapping, hostPort: socket.address().port }, close };
}
