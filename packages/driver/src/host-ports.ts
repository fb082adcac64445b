import { createSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { PortBinding } from '@linecard/docker';
import { LinecardError, parseCidr } from '@linecard/wire';
import type { Port, PortMapping } from './records.js';

interface Held {
  readonly mapping: PortMapping;
  close(): void;
}

/** Connections through one held port that are relayed at a time. */
const mostRelayed = 256;

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
  async hold(port: Port, bindings: readonly PortBinding[]): Promise<PortMapping[]> {
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

async function open(mapping: PortMapping, target: string | undefined): Promise<Held> {
  if (mapping.protocol === 'tcp') return openTcp(mapping, target);
  if (mapping.protocol === 'udp') return openUdp(mapping);
  // Node has no SCTP sockets: the kernel translates, but nobody notices a port that is taken.
  return { mapping, close: () => undefined };
}

/** Every address of the host, of both families where the kernel has IPv6. */
function listenAddresses(hostIp: string): string[] {
  return hostIp === '' ? ['::', '0.0.0.0'] : [hostIp];
}

async function openTcp(mapping: PortMapping, target: string | undefined): Promise<Held> {
  const relayed = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (client) => relay(client, mapping.port, target, relayed));
  const port = await listenAny(server, mapping.hostPort, mapping.hostIp);
  const close = () => {
    server.close();
    for (const socket of relayed) socket.destroy();
  };
  return { mapping: { ...mapping, hostPort: port }, close };
}

async function listenAny(server: Server, port: number, hostIp: string): Promise<number> {
  const [first, ...others] = listenAddresses(hostIp);
  for (const host of [first, ...others]) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port, host }, resolve);
      });
      return (server.address() as { port: number }).port;
    } catch (error) {
      const missingFamily = (error as NodeJS.ErrnoException).code === 'EAFNOSUPPORT';
      if (!missingFamily || host === others.at(-1)) throw error;
    }
  }
  throw new LinecardError('LC_INVALID', `no address to listen on for ${hostIp}`);
}

function relay(client: Socket, port: number, target: string | undefined, relayed: Set<Socket>): void {
  if (target === undefined || relayed.size >= mostRelayed * 2) return void client.destroy();
  const container = connect({ host: target, port });
  const both = [client, container];
  for (const socket of both) {
    relayed.add(socket);
    socket.on('error', () => {
      for (const one of both) one.destroy();
    });
    socket.on('close', () => relayed.delete(socket));
  }
  client.pipe(container).pipe(client);
}

async function openUdp(mapping: PortMapping): Promise<Held> {
  const [address] = listenAddresses(mapping.hostIp);
  const type = address!.includes(':') ? 'udp6' : 'udp4';
  const socket = createSocket(type);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port: mapping.hostPort, address: address! }, resolve);
  });
  socket.on('error', () => undefined);
  return { mapping: { ...mapping, hostPort: socket.address().port }, close: () => socket.close() };
}
